import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

/**
 * What a request meets instead of its answer: an HTTP status, or a fault of the connection or the body. `truncate`
 * breaks off in the middle, `short` ends there as if that were all, `drip` sends a byte now and then for ever, `endless`
 * goes on with the same bytes for ever, `huge` claims to be 10 GB.
 */
export type Fault = number | 'reset' | 'hang' | 'truncate' | 'short' | 'drip' | 'endless' | 'huge';

export type Answer = {
  /** Absent: 404. */
  bytes: Buffer | undefined;
  type: string;
  fault?: Fault | undefined;
  isGzipped?: boolean;
};

/** Answers a request, with bytes (or the range of them that is asked for) or with a fault. */
export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { fault, type } = answer;
  if (fault === 'hang') return;
  if (fault === 'reset') return void response.socket?.resetAndDestroy();
  const ranged = answer.bytes && rangeOf(request.headers.range, answer.bytes);
  if (typeof fault === 'number' || !ranged)
    return void response.writeHead(typeof fault === 'number' ? fault : 404).end();
  const isGzipped = answer.isGzipped === true && ranged.status === 200;
  const whole = isGzipped ? gzipSync(ranged.bytes) : ranged.bytes;
  const bytes = fault === 'short' ? whole.subarray(0, whole.length >> 1) : whole;
  if (fault === 'endless') return goOn(response, bytes);
  const length = fault === 'huge' ? 10_000_000_000 : bytes.length;
  const headers = { 'content-type': type, 'content-length': length, 'cache-control': 'no-store' };
  response.writeHead(ranged.status, {
    ...headers,
    ...ranged.headers,
    ...(isGzipped ? { 'content-encoding': 'gzip' } : {}),
  });
  if (fault === 'drip') return drip(response, bytes);
  if (fault === 'huge') return void response.write(bytes);
  if (fault !== 'truncate') return void response.end(bytes);
  response.write(bytes.subarray(0, bytes.length >> 1), () => response.socket?.destroy());
}

type Ranged = { status: 200 | 206; bytes: Buffer; headers: Record<string, string> };

function rangeOf(range: string | undefined, bytes: Buffer): Ranged | undefined {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  if (from === undefined) return { status: 200, bytes, headers: {} };
  const first = Number(from);
  const last = Math.min(to ? Number(to) : bytes.length - 1, bytes.length - 1);
  if (first > last) return undefined;
  const headers = { 'content-range': `bytes ${first}-${last}/${bytes.length}` };
  return { status: 206, bytes: bytes.subarray(first, last + 1), headers };
}

/** As fast as it is taken. */
function goOn(response: ServerResponse, bytes: Buffer): void {
  const more = () => {
    while (!response.destroyed && response.write(bytes));
  };
  response.on('drain', more);
  more();
}

function drip(response: ServerResponse, bytes: Buffer): void {
  let at = 0;
  const timer = setInterval(() => void response.write(bytes.subarray(at, ++at)), 100);
  response.on('close', () => clearInterval(timer));
}
