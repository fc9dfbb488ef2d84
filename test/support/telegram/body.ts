import type { IncomingMessage } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { createGunzip, createInflate } from 'node:zlib';
import { addJson, addUrlEncoded } from './args.ts';
import { fileStore } from './file-store.ts';
import { type Form, parseMultipart } from './multipart.ts';
import { ParserFailure, parserLimits, tooLarge } from './parser-failure.ts';
import type { Mode } from './types.ts';
import type { Violate } from './value.ts';

type BodyOptions = {
  mode: Mode;
  query: string;
  /** Absolute; where files of multipart bodies come to stand. */
  filesDir: string;
  /** Called for each chunk before it is parsed, e.g. to be slow or to break off. */
  onChunk: (chunk: Buffer) => Promise<void> | void;
  violate: Violate;
};

/**
 * Largest body and file. Source: https://core.telegram.org/bots/api#sending-files (50 MB) for the cloud, whose front
 * counts the whole body; README of telegram-bot-api (2000 MB) for a local server.
 */
export const uploadLimits = { cloudBodyBytes: 50 * 2 ** 20, localFileBytes: 2000 * 2 ** 20 } as const;

/**
 * Reads what a request says: query first, then the body, as JSON, urlencoded or multipart. Files go straight to disk.
 *
 * @throws ParserFailure for what never becomes a call
 */
export async function readForm(request: IncomingMessage, options: BodyOptions): Promise<Form> {
  const form: Form = { args: new Map(), files: new Map() };
  addUrlEncoded(form.args, options.query);
  const maxBytes = options.mode === 'cloud' ? uploadLimits.cloudBodyBytes : parserLimits.bodyBytes;
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes) throw tooLarge(`content length is ${declared}`);
  const body = decoded(counted(request, maxBytes, options.onChunk), request.headers['content-encoding']);
  const type = request.headers['content-type'] ?? '';
  if (!/multipart\/form-data/i.test(type)) return readText(form, body, type, options.violate);
  const store = fileStore(options.filesDir, uploadLimits.localFileBytes);
  const { args, files } = await parseMultipart(body, type, store);
  return { args: new Map([...args, ...form.args]), files };
}

async function* counted(request: IncomingMessage, maxBytes: number, onChunk: BodyOptions['onChunk']) {
  let sizeBytes = 0;
  // The stream stays whole when reading stops: the answer still has to go out on its socket.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    sizeBytes += (chunk as Buffer).length;
    if (sizeBytes > maxBytes) throw tooLarge(`content length is over ${maxBytes}`);
    await onChunk(chunk as Buffer);
    yield chunk as Buffer;
  }
}

function decoded(body: AsyncIterable<Buffer>, encoding = ''): AsyncIterable<Buffer> {
  if (encoding === '') return body;
  const name = encoding.toLowerCase();
  // A failure of the body comes out of the last stream, where it is read.
  if (name === 'gzip') return pipeline(Readable.from(body), createGunzip(), () => {});
  if (name === 'deflate') return pipeline(Readable.from(body), createInflate(), () => {});
  throw new ParserFailure(415, 'Unsupported Media Type: unsupported content-encoding');
}

async function readText(form: Form, body: AsyncIterable<Buffer>, type: string, violate: Violate): Promise<Form> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > parserLimits.paramsBytes) throw tooLarge('too much parameters');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (/application\/x-www-form-urlencoded/i.test(type)) addUrlEncoded(form.args, text);
  else if (/application\/json/i.test(type) && addJson(form.args, text)) return form;
  else if (text !== '') violate(`a body of type "${type}" is not read: ${text.slice(0, 100)}`);
  return form;
}

/** An `onChunk` that lets bytes pass no faster than this. */
export function throttle(bytesPerSecond: number, signal: AbortSignal): BodyOptions['onChunk'] {
  return async (chunk) => {
    await wait((chunk.length / bytesPerSecond) * 1000, undefined, { signal }).catch(() => {});
  };
}
