import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { TemporaryError, UserError } from '../../core/errors.ts';
import type { GapCause } from '../../core/ports.ts';
import { guardedFetch, HttpStatusError } from '../../lib/net.ts';
import { createTsScanner, type TsFacts } from '../../media/ts.ts';
import type { MediaSegment } from './window.ts';

/** A Media Segment's bytes, as served, and what they hold; or why it could not be had. */
export type FetchedSegment =
  | { segment: MediaSegment; isOk: true; chunks: Buffer[]; sizeBytes: number; hash: string; facts: TsFacts }
  | { segment: MediaSegment; isOk: false; cause: GapCause; detail: string };

export type SegmentFetchOptions = {
  headers: Record<string, string>;
  allowPrivate: boolean;
  signal: AbortSignal;
  /** True once the Media Segment slid out of the playlist: one more failure is final. */
  isGone: (sequence: number) => boolean;
};

/** A live Media Segment of more than this is not one. */
const maxSegmentBytes = 256_000_000;
const timeoutMs = 10_000;
const firstPauseMs = 250;
const longestPauseMs = 2_000;
/** A broken body is fetched again this often: the edge may have served it half written. */
const corruptTries = 2;

/** Fetches one Media Segment, again and again while it is in the window. Rejects only when aborted or refused. */
export async function fetchSegment(segment: MediaSegment, options: SegmentFetchOptions): Promise<FetchedSegment> {
  let broken = 0;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    let failure: { cause: GapCause; detail: string };
    try {
      const fetched = await fetchOnce(segment, options);
      if (fetched.facts.packetCount > 0 && fetched.facts.strayBytes === 0) return { segment, isOk: true, ...fetched };
      broken++;
      failure = { cause: 'corrupt', detail: `${fetched.facts.strayBytes} bytes are not MPEG-TS` };
      if (broken >= corruptTries) return { segment, isOk: false, ...failure };
    } catch (error) {
      if (options.signal.aborted || error instanceof UserError) throw error;
      failure = {
        cause: causeOf(error),
        detail: error instanceof HttpStatusError ? `HTTP ${error.status}` : (error as Error).message,
      };
    }
    if (options.isGone(segment.sequence)) return { segment, isOk: false, ...failure };
    await delay(pauseMs, undefined, { signal: options.signal });
  }
}

function causeOf(error: unknown): GapCause {
  if (error instanceof TemporaryError && error.code === 'timeout') return 'timeout';
  return 'http_error';
}

async function fetchOnce(segment: MediaSegment, { headers, allowPrivate, signal }: SegmentFetchOptions) {
  const { body } = await guardedFetch(segment.url, {
    headers,
    allowPrivate,
    signal,
    timeoutMs,
    maxBytes: maxSegmentBytes,
  });
  const hash = createHash('sha256');
  const scanner = createTsScanner();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    hash.update(chunk);
    scanner.push(chunk);
  }
  return { chunks, sizeBytes, hash: hash.digest('hex'), facts: scanner.finish() };
}
