import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { FatalError, TemporaryError, UserError } from '../../core/errors.ts';
import type { GapCause } from '../../core/ports.ts';
import { guardedFetch, HttpStatusError, headersAt } from '../../lib/net.ts';
import type { MediaFacts } from '../../media/facts.ts';
import type { Init } from '../../media/fmp4-init.ts';
import { createTsScanner, packetBytes } from '../../media/ts.ts';
import { isRefused } from './asking.ts';
import { decrypt, vectorOf } from './decrypt.ts';
import type { KeyRef } from './keys.ts';
import type { MediaSegment } from './playlist.ts';
import { readFmp4, readPlain, readPlainBytes } from './read-segment.ts';
import { createResources, type ResourceOptions, type Resources, rangeHeader } from './resources.ts';

/** A Media Segment's bytes, as served (decrypted where they were encrypted), and what they hold. */
export type GoodSegment = {
  segment: MediaSegment;
  isOk: true;
  chunks: Buffer[];
  sizeBytes: number;
  hash: string;
  facts: MediaFacts;
  /** It is fMP4 and read with this. */
  init?: Init;
};
/** Why a Media Segment could not be had. */
export type BadSegment = { segment: MediaSegment; isOk: false; cause: GapCause; detail: string };
export type FetchedSegment = GoodSegment | BadSegment;

export type SegmentFetchOptions = ResourceOptions & {
  /** True once the Media Segment slid out of the playlist: one more failure is final. */
  isGone: (sequence: number) => boolean;
  /** A try met a refusal, as signed addresses do that ran out. */
  onRefused?: () => void;
  /** Something of the stream was had: an address that is refused now is a name server's slip, or that of one host. */
  hasBegun?: () => boolean;
  /** What Media Segments share; absent: this one shares nothing. */
  resources?: Resources;
};

/** A live Media Segment of more than this is not one. */
const maxSegmentBytes = 256_000_000;
const firstPauseMs = 250;
const longestPauseMs = 2_000;
/** Playlists may list hours: a Media Segment that fails for this long holds up the others no more. */
const givenUpAfterMs = 60_000;
/** A broken body is fetched again this often: the edge may have served it half written. */
const corruptTries = 2;

/** Fetches one Media Segment, again and again while it is in the window. @throws only when aborted, or for good */
export async function fetchSegment(segment: MediaSegment, options: SegmentFetchOptions): Promise<FetchedSegment> {
  if (segment.isGap) return { segment, isOk: false, cause: 'http_error', detail: 'EXT-X-GAP' };
  if (segment.adBreak === 'drop') return { segment, isOk: false, cause: 'ad_break', detail: '' };
  const startedAt = performance.now();
  let cut: GoodSegment | undefined;
  for (let tries = 1, pauseMs = firstPauseMs; ; tries++, pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const fetched = await tryOnce(segment, options);
    if (fetched.isOk && (cut || !isCut(fetched))) return longer(fetched, cut);
    // The edge may have served it half written: the next answer decides, and the longer one is kept.
    if (fetched.isOk) cut = fetched;
    if (fetched.isOk) continue;
    const isHopeless = fetched.detail.startsWith(tooBig) || (fetched.cause === 'corrupt' && tries >= corruptTries);
    const isOver = options.isGone(segment.sequence) || performance.now() - startedAt > givenUpAfterMs;
    if (isHopeless || isOver) return cut ?? fetched;
    await delay(pauseMs, undefined, { signal: options.signal });
  }
}

/** Source: ISO/IEC 13818-1 §2.4.3. */
const syncByte = 0x47;

/** Less of what the playlist promised than this was perhaps not all. */
const wholeShare = 0.6;

/** A body that breaks off in the middle of a packet, or holds much less than the playlist says. */
function isCut({ chunks, init, facts, segment }: GoodSegment): boolean {
  if (facts.lengthMs > 0 && facts.lengthMs < wholeShare * segment.durationMs) return true;
  // Of fMP4 the boxes say how long they are, of sound alone its frames.
  if (init || facts.isPacked) return false;
  const tail: Buffer[] = [];
  for (let i = chunks.length - 1, missing = packetBytes; i >= 0 && missing > 0; i--) {
    const end = chunks[i]?.subarray(-missing) ?? Buffer.alloc(0);
    tail.unshift(end);
    missing -= end.length;
  }
  return Buffer.concat(tail)[0] !== syncByte;
}

const longer = (now: GoodSegment, before: GoodSegment | undefined) =>
  before && before.sizeBytes > now.sizeBytes ? before : now;

async function tryOnce(segment: MediaSegment, options: SegmentFetchOptions): Promise<FetchedSegment> {
  try {
    return { segment, isOk: true, ...(await fetchOnce(segment, options)) };
  } catch (error) {
    if (options.signal.aborted) throw error;
    if (isAddressRefused(error) && options.hasBegun?.())
      return { segment, isOk: false, cause: 'http_error', detail: error.code };
    if (!(error instanceof TemporaryError || error instanceof FatalError)) throw error;
    if (isRefused(error)) options.onRefused?.();
    return { segment, isOk: false, ...explain(error) };
  }
}

const isAddressRefused = (error: unknown): error is UserError =>
  error instanceof UserError && error.code === 'address_refused';

/** What is longer than any Media Segment will not be shorter the next time. */
const tooBig = 'body_too_big';
const corruptCodes = [tooBig, 'corrupt', 'bad_init', 'hls_bad_key'];

function explain(error: TemporaryError | FatalError): { cause: GapCause; detail: string } {
  if (error instanceof HttpStatusError) return { cause: 'http_error', detail: `HTTP ${error.status}` };
  if (corruptCodes.includes(error.code)) return { cause: 'corrupt', detail: error.message };
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

type Kept = Omit<GoodSegment, 'segment' | 'isOk'>;

/** Plain MPEG-TS is looked at as it streams by; what must be decrypted, or is fMP4, once it is whole. */
async function fetchOnce(segment: MediaSegment, options: SegmentFetchOptions): Promise<Kept> {
  const { key, map } = segment;
  const resources = options.resources ?? createResources(options);
  const init = map && (await resources.init(map));
  const secret = key && (await resources.key(key));
  if (!init && !secret) return fetchPlain(segment, options);
  const served: Buffer[] = [];
  await fetchBody(segment, options, (chunk) => void served.push(chunk));
  let bytes: Buffer = Buffer.concat(served);
  if (key && secret) bytes = decryptOrForget(bytes, { segment, key, secret, resources });
  const facts = init ? readFmp4(bytes, init) : readPlainBytes(bytes);
  const hash = createHash('sha256').update(bytes).digest('hex');
  return { chunks: [bytes], sizeBytes: bytes.length, hash, facts, ...(init ? { init } : {}) };
}

type Locked = { segment: MediaSegment; key: KeyRef; secret: Buffer; resources: Resources };

/** A key that does not fit may have been replaced at the same address. */
function decryptOrForget(bytes: Buffer, { segment, key, secret, resources }: Locked): Buffer {
  try {
    return decrypt(bytes, secret, vectorOf(key.iv, segment.sequence));
  } catch (error) {
    resources.forgetKey(key);
    throw error;
  }
}

async function fetchPlain(segment: MediaSegment, options: SegmentFetchOptions): Promise<Kept> {
  const hash = createHash('sha256');
  const scanner = createTsScanner();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  await fetchBody(segment, options, (chunk) => {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    hash.update(chunk);
    scanner.push(chunk);
  });
  return { chunks, sizeBytes, hash: hash.digest('hex'), facts: readPlain(scanner, chunks, sizeBytes) };
}

async function fetchBody(
  segment: MediaSegment,
  { input, allowPrivate, signal, cookies }: SegmentFetchOptions,
  take: (chunk: Buffer) => void,
): Promise<void> {
  const { byterange } = segment;
  const headers = headersAt(segment.url, input);
  const { body, status } = await guardedFetch(segment.url, {
    headers: byterange ? { ...headers, range: rangeHeader(byterange) } : headers,
    allowPrivate,
    signal,
    cookies,
    timeoutMs: patienceMs(segment),
    maxBytes: maxSegmentBytes,
  });
  const deadline = performance.now() + longestMs(segment);
  for await (const chunk of body) {
    if (byterange && status !== 206) throw new TemporaryError('http_error', { detail: 'no partial answer' });
    if (performance.now() > deadline) throw new TemporaryError('timeout', { detail: 'the body only drips' });
    take(chunk);
  }
}
