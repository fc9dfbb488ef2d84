import type { IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { badField, refusal } from './api-error.ts';
import type { Call } from './call.ts';
import type { FaultSpec } from './faults.ts';
import { readMultipart } from './multipart.ts';

/** Limits in bytes; `request` may be Infinity. */
export type BodyLimits = { file: number; request: number };

export type BodyOptions = {
  dir: string;
  limits: BodyLimits;
  /** Whether files may come with the call. */
  hasFiles: boolean;
  fault: FaultSpec | undefined;
  signal: AbortSignal;
  violate: (text: string) => void;
};

/**
 * Reads a request to its end.
 *
 * @returns undefined where the connection broke off
 * @throws DiscordError 40005, 50035, 50109
 */
export async function readBody(
  request: IncomingMessage,
  options: BodyOptions,
): Promise<Pick<Call, 'body' | 'files'> | undefined> {
  const counting = { sizeBytes: 0 };
  try {
    const read = await readAny(request, options, counted(request, options, counting));
    if (options.fault?.kind === 'resetBody') return undefined;
    if (counting.sizeBytes > options.limits.request) throw refusal('tooLarge');
    if ([...read.files.values()].some(({ sizeBytes }) => sizeBytes > options.limits.file)) throw refusal('tooLarge');
    return read;
  } catch (error) {
    if (request.destroyed && !request.readableEnded) return undefined;
    throw error;
  }
}

async function* counted(request: IncomingMessage, { fault, signal }: BodyOptions, counting: { sizeBytes: number }) {
  // The stream stays whole when reading stops: the answer still has to go out on its socket.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer;
    counting.sizeBytes += bytes.length;
    if (fault?.kind === 'slowBody') await pause((bytes.length / fault.bytesPerSecond) * 1000, signal);
    if (fault?.kind === 'resetBody') request.socket.resetAndDestroy();
    yield bytes;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => undefined);
}

async function readAny(request: IncomingMessage, options: BodyOptions, bytes: AsyncIterable<Buffer>) {
  const type = request.headers['content-type'] ?? '';
  if (/^multipart\/form-data/i.test(type)) {
    const form = await readMultipart(bytes, type, { dir: options.dir, maxFileBytes: options.limits.file });
    if (form.strangers.length > 0) options.violate(`parts that are not read: ${form.strangers.join(', ')}`);
    if (form.files.size > 0 && !options.hasFiles) options.violate('files for a call that takes none');
    return { body: jsonOf(form.json), files: form.files };
  }
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  if (text !== '' && !/^application\/json/i.test(type)) throw wrongType();
  return { body: jsonOf(text), files: new Map() };
}

function wrongType() {
  const message = 'Expected "Content-Type" header to be one of {\'application/json\'}.';
  return badField('', 'CONTENT_TYPE_INVALID', message);
}

function jsonOf(text: string): Call['body'] {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Call['body'];
  } catch {
    // What is no JSON at all is told in the same words as a bare number.
  }
  throw refusal('invalidJson');
}
