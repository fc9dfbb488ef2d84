import { Readable } from 'node:stream';
import type { Context } from 'hono';
import type { Storage } from '../core/ports.ts';

/** Answers with a file of Storage, whole or by Range (206, 416), streamed; immutable, for keys are written once. */
export async function sendFile(c: Context, storage: Storage, key: string, contentType: string): Promise<Response> {
  const found = await storage.stat(key);
  if (!found) return c.text('This file is gone.', 404);
  const headers = {
    'content-type': contentType,
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=31536000, immutable',
  };
  const range = readRange(c.req.header('range'), found.sizeBytes);
  if (range === 'unsatisfiable') return c.body(null, 416, { 'content-range': `bytes */${found.sizeBytes}` });
  const { from, to } = range ?? { from: 0, to: found.sizeBytes - 1 };
  const length = { 'content-length': String(to - from + 1) };
  const part: Record<string, string> = range ? { 'content-range': `bytes ${from}-${to}/${found.sizeBytes}` } : {};
  const status = range ? 206 : 200;
  const all = { ...headers, ...length, ...part };
  if (c.req.method === 'HEAD') return new Response(null, { status, headers: all });
  const stream = (await storage.read(key, { from, to })) as Readable;
  return new Response(Readable.toWeb(stream) as ReadableStream, { status, headers: all });
}

/** One range of a Range header; several, or other units, are answered with the whole. */
export function readRange(
  header: string | undefined,
  sizeBytes: number,
): { from: number; to: number } | 'unsatisfiable' | undefined {
  const [, start = '', end = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (start === '' && end === '') return undefined;
  const from = start === '' ? Math.max(0, sizeBytes - Number(end)) : Number(start);
  const to = start === '' || end === '' ? sizeBytes - 1 : Math.min(Number(end), sizeBytes - 1);
  return from > to || from >= sizeBytes ? 'unsatisfiable' : { from, to };
}
