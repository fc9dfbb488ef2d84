import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiError } from './api-error.ts';
import type { ParserFailure } from './parser-failure.ts';
import type { Mode } from './types.ts';

/** What goes back on a socket. Status 0: nothing, the socket is destroyed. `retryAfter` in seconds. */
export type Answer = {
  status: number;
  text: string;
  type?: string;
  retryAfter?: number;
  /** The connection closes after it. */
  isLast?: boolean;
  errorCode?: number;
};

/** No answer at all. */
export const dropped: Answer = { status: 0, text: '' };

/** `{"ok":true,"result":…}` */
export function okAnswer(result: unknown): Answer {
  return { status: 200, text: JSON.stringify({ ok: true, result }) };
}

/** `{"ok":false,…}`: the HTTP status is the error code. Source: JsonQueryError in telegram-bot-api/Query.h */
export function errorAnswer({ errorCode, description, parameters }: ApiError): Answer {
  const body = { ok: false, error_code: errorCode, description, ...(parameters && { parameters }) };
  return { status: errorCode, text: JSON.stringify(body), retryAfter: parameters?.retry_after, errorCode };
}

/** A local server closes without a word; the front of the cloud says the name of the status in JSON. */
export function failureAnswer({ status, message }: ParserFailure, mode: Mode): Answer {
  // The fault `empty413` has no text.
  if (mode === 'local' || message === '') return { status, text: '', isLast: true };
  const description = status === 413 ? 'Request Entity Too Large' : message;
  return {
    status,
    text: JSON.stringify({ ok: false, error_code: status, description }),
    isLast: true,
    errorCode: status,
  };
}

/** Writes an answer. With `isLast` the connection closes once the client has said all it wants to say. */
export async function writeAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  if (answer.status === 0 || response.destroyed) {
    request.socket.destroy();
    return;
  }
  const length = Buffer.byteLength(answer.text);
  response.writeHead(answer.status, {
    ...(length > 0 && { 'content-type': answer.type ?? 'application/json' }),
    'content-length': length,
    ...(answer.retryAfter !== undefined && { 'retry-after': String(answer.retryAfter) }),
    ...(answer.isLast && { connection: 'close' }),
  });
  if (answer.isLast && !request.readableEnded) await lingered(request, response, answer.text);
  else response.end(answer.text);
}

/**
 * The answer goes out while the client still sends. Closing at once would make the system reset the connection, and
 * the client would lose the answer; web servers linger for the same reason.
 */
async function lingered(request: IncomingMessage, response: ServerResponse, text: string): Promise<void> {
  response.flushHeaders();
  if (text !== '') response.write(text);
  await new Promise<void>((resolve) => {
    request.once('end', resolve);
    request.once('close', resolve);
    // One turn later: the iterator that read so far takes its listeners off first.
    setImmediate(() => request.resume());
  });
  response.end();
}
