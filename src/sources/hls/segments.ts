import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { FatalError, TemporaryError, UserError } from '../../core/errors.ts';
import type { GapCause } from '../../core/ports.ts';
import { guardedFetch, HttpStatusError } from '../../lib/net.ts';
import { createTsScanner, type TsFacts } from '../../media/ts.ts';
import type { MediaSegment } from './playlist.ts';

/** A Media Segment's bytes, as served, and what they hold. */
export type GoodSegment = {
  segment: MediaSegment;
  isOk: true;
  chunks: Buffer[];
  sizeBytes: number;
  hash: string;
  facts: TsFacts;
};
/** Why a Media Segment could not be had. */
export type BadSegment = { segment: MediaSegment; isOk: false; cause: GapCause; detail: string };
export type FetchedSegment = GoodSegment | BadSegment;

export type SegmentFetchOptions = {
  headers: Record<string, string>;
  allowPrivate: boolean;
  signal: AbortSignal;
  /** True once the Media Segment slid out of the playlist: one more failure is final. */
  isGone: (sequence: number) => boolean;
};

/** A live Media Segment of more than this is not one. */
const maxSegmentBytes = 256_000_000;
const firstPauseMs = 250;
const longestPauseMs = 2_000;
/** Playlists may list hours: a Media Segment that fails for this long holds up the others no more. */
const givenUpAfterMs = 60_000;
/** A broken body is fetched again this often: the edge may have served it half written. */
const corruptTries = 2;

/** Fetches one Media Segment, again and again while it is in the window. @throws only when aborted or refused */
export async function fetchSegment(segment: MediaSegment, options: SegmentFetchOptions): Promise<FetchedSegment> {
  if (segment.isGap) return { segment, isOk: false, cause: 'http_error', detail: 'EXT-X-GAP' };
  if (segment.map) throw new UserError('hls_fmp4_unsupported');
  if (segment.key) throw new UserError('hls_encrypted_unsupported');
  const startedAt = performance.now();
  for (let tries = 1, pauseMs = firstPauseMs; ; tries++, pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const fetched = await tryOnce(segment, options);
    if (fetched.isOk) return fetched;
    const isHopeless = fetched.cause === 'corrupt' && tries >= corruptTries;
    const isOver = options.isGone(segment.sequence) || performance.now() - startedAt > givenUpAfterMs;
    if (isHopeless || isOver) return fetched;
    await delay(pauseMs, undefined, { signal: options.signal });
  }
}

async function tryOnce(segment: MediaSegment, options: SegmentFetchOptions): Promise<FetchedSegment> {
  try {
    const fetched = await fetchOnce(segment, options);
    const { packetCount, strayBytes } = fetched.facts;
    // Some sites put a few bytes of another format in front; ffmpeg and players find the packets behind them.
    if (packetCount > 0 && strayBytes < fetched.sizeBytes / 10) return { segment, isOk: true, ...fetched };
    assertNotOtherFormat(fetched.chunks);
    return { segment, isOk: false, cause: 'corrupt', detail: `${strayBytes} bytes are not MPEG-TS` };
  } catch (error) {
    const isOurs = error instanceof TemporaryError || error instanceof FatalError;
    if (options.signal.aborted || error instanceof UserError || !isOurs) throw error;
    return { segment, isOk: false, ...explain(error) };
  }
}

/** fMP4 without EXT-X-MAP, or packed audio. Source: RFC 8216 §3.3, §3.4. @throws UserError `hls_fmp4_unsupported` */
function assertNotOtherFormat([head]: Buffer[]): void {
  if (!head) return;
  const isAdts = head[0] === 0xff && ((head[1] ?? 0) & 0xf6) === 0xf0;
  const isBox = ['ftyp', 'styp', 'moof', 'sidx'].includes(head.toString('latin1', 4, 8));
  if (isAdts || isBox || head.toString('latin1', 0, 3) === 'ID3') throw new UserError('hls_fmp4_unsupported');
}

function explain(error: TemporaryError | FatalError): { cause: GapCause; detail: string } {
  if (error instanceof HttpStatusError) return { cause: 'http_error', detail: `HTTP ${error.status}` };
  return { cause: error.code === 'timeout' ? 'timeout' : 'http_error', detail: error.code };
}

/** Live edges answer at once: waiting longer than the window is wide would lose the next tries. */
function patienceMs({ durationMs }: MediaSegment): number {
  return Math.min(10_000, Math.max(3_000, 2 * durationMs));
}

/** A body that only drips never stalls; past this it holds up those behind it. */
function longestMs({ durationMs }: MediaSegment): number {
  return Math.max(30_000, 4 * durationMs);
}

async function fetchOnce(segment: MediaSegment, { headers, allowPrivate, signal }: SegmentFetchOptions) {
  const { byterange } = segment;
  const range = byterange && `bytes=${byterange.offset}-${byterange.offset + byterange.length - 1}`;
  const { body, status } = await guardedFetch(segment.url, {
    headers: range ? { ...headers, range } : headers,
    allowPrivate,
    signal,
    timeoutMs: patienceMs(segment),
    maxBytes: maxSegmentBytes,
  });
  const deadline = performance.now() + longestMs(segment);
  const hash = createHash('sha256');
  const scanner = createTsScanner();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    if (range && status !== 206) throw new TemporaryError('http_error', { detail: 'no partial answer' });
    if (performance.now() > deadline) throw new TemporaryError('timeout', { detail: 'the body only drips' });
    chunks.push(chunk);
    sizeBytes += chunk.length;
    hash.update(chunk);
    scanner.push(chunk);
  }
  return { chunks, sizeBytes, hash: hash.digest('hex'), facts: scanner.finish() };
}
