import type { IncomingMessage } from 'node:http';
import { readForm, throttle } from './body.ts';
import type { FaultSpec } from './faults.ts';
import type { Form } from './multipart.ts';
import { ParserFailure } from './parser-failure.ts';
import type { Mode } from './types.ts';
import type { Violate } from './value.ts';

type BodyContext = {
  mode: Mode;
  filesDir: string;
  violate: Violate;
  signal: AbortSignal;
  query: string;
  fault: FaultSpec | undefined;
};

/**
 * Reads a request under the fault that strikes its body.
 *
 * @returns undefined where the connection broke off: there is nobody to answer
 * @throws ParserFailure for what never becomes a call
 */
export async function readBody(request: IncomingMessage, context: BodyContext): Promise<Form | undefined> {
  const { fault, signal } = context;
  try {
    if (fault?.kind === 'empty413') throw new ParserFailure(413, '');
    const form = await readForm(request, { ...context, onChunk: onChunkFor(fault, request, signal) });
    return fault?.kind === 'resetBody' ? undefined : form;
  } catch (error) {
    if (request.destroyed && !request.readableEnded) return undefined;
    if (error instanceof ParserFailure) throw error;
    throw new ParserFailure(400, `Bad Request: ${String(error)}`);
  }
}

function onChunkFor(fault: FaultSpec | undefined, request: IncomingMessage, signal: AbortSignal) {
  if (fault?.kind === 'slowBody') return throttle(fault.bytesPerSecond, signal);
  return () => {
    if (fault?.kind === 'resetBody') request.socket.resetAndDestroy();
    if (fault?.kind === 'diskFull') throw new ParserFailure(500, "Internal Server Error: can't upload the file");
  };
}
