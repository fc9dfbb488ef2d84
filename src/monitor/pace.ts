import type { Platform, StreamStatus } from '../core/ports.ts';
import { inOrder, type Watched, type Watchlist } from './watched.ts';

/** How a host fares. Times are of `performance.now()`. */
export type Host = {
  /** Looks in a row that it did not answer. */
  failures: number;
  /** Looks under way. */
  asked: number;
  /** While it fails: when it is next asked. */
  probeAt: number;
  /** It asked to be left alone until then. */
  retryAt: number;
};
export type Hosts = Map<string, Host>;
type Pace = Pick<Platform, 'everyMs' | 'batchSize' | 'checksAtOnce'>;

/** Looks are at least `everyMs` apart and at most this much more: never more calls than promised, never all at once. */
const jitter = 0.1;
/** The second look of a monitor comes after at least this share of the interval. */
const spreadFrom = 0.1;
/** After so many failures in a row the host is failing, not one of its Streams. */
const failingAfter = 3;
/** Longest pause between two looks at what does not answer … */
const longestBackoffMs = 600_000;
/** … and where one call asks for all Streams of a platform: it costs nothing, and a blind platform much. */
const longestBatchBackoffMs = 120_000;
/** However long a site asks to be left alone. */
const longestRetryMs = 3_600_000;

const calm: Host = { failures: 0, asked: 0, probeAt: 0, retryAt: 0 };

/** The host's state, made on first use. */
export function hostIn(hosts: Hosts, name: string): Host {
  const host = hosts.get(name) ?? { ...calm };
  hosts.set(name, host);
  return host;
}

/** Whether so many looks in a row were not answered that the host itself is at fault. */
export const isFailing = (host: Host): boolean => host.failures >= failingAfter;

/** A host that fails is asked by one look at a time; one that asked for a pause gets it. */
function mayAsk(host: Host | undefined, now: number): boolean {
  if (!host) return true;
  if (now < host.retryAt) return false;
  return !isFailing(host) || (host.asked === 0 && now >= host.probeAt);
}

/**
 * The Streams to look at now, the longest due first, at most `batchSize`; none where nothing is due or may be asked. A
 * batch that is not full takes those due next with it, so that Streams which came one by one are asked together.
 */
export function pickBatch(list: Watchlist, hosts: Hosts, pace: Pace, now: number): Watched[] {
  const isBatched = pace.batchSize > 1;
  const [first] = inOrder(list);
  // All are of one host.
  if (isBatched && first && !mayAsk(hosts.get(first.host), now)) return [];
  const hasRoomForSilent = canTakeSilent(list, pace);
  const soon = now + (isBatched ? pace.everyMs * jitter : 0);
  const batch: Watched[] = [];
  for (const watched of inOrder(list)) {
    if (watched.nextAt > soon || batch.length >= pace.batchSize) break;
    if (batch.length === 0 && watched.nextAt > now) break;
    if (!hasRoomForSilent && watched.unknowns > 0) continue;
    if (mayAsk(hosts.get(watched.host), now)) batch.push(watched);
  }
  return batch;
}

/** Streams that did not answer last time, and may be slow again, have at most half of the places. */
function canTakeSilent({ underWay }: Watchlist, { batchSize, checksAtOnce }: Pace): boolean {
  if (batchSize > 1) return true;
  const silent = [...underWay].filter(({ unknowns }) => unknowns > 0);
  return silent.length < Math.max(1, Math.floor(checksAtOnce / 2));
}

/** Answers that say nothing of the host: it is up, and this one channel is closed to us. */
const channelReasons = new Set([
  ...[
    'stream_private',
    'members_only',
    'age_check',
    'geo_blocked',
    'channel_unknown',
    'channel_renamed',
    'codec_unsupported',
    'hls_drm',
  ],
  ...['not_a_stream', 'protocol_unsupported', 'address_refused', 'site_unknown', 'hls_format_unsupported'],
]);

/** Notes how a host answered. @returns whether it answers again after it failed */
export function settleHost(
  host: Host,
  statuses: StreamStatus[],
  { everyMs, batchSize }: Pace,
  { now, random }: { now: number; random: number },
): boolean {
  const retryMs = Math.max(0, ...statuses.map(({ retryAfterMs = 0 }) => retryAfterMs));
  if (retryMs > 0) host.retryAt = now + Math.min(retryMs, longestRetryMs);
  const isSilent = statuses.every(({ state, reason = '' }) => state === 'unknown' && !channelReasons.has(reason));
  const wasFailing = isFailing(host);
  host.failures = isSilent ? host.failures + 1 : 0;
  const longest = batchSize > 1 ? longestBatchBackoffMs : longestBackoffMs;
  host.probeAt = isSilent
    ? now + backoffMs(everyMs, host.failures - failingAfter + 1, longest) * (1 + jitter * random)
    : 0;
  return wasFailing && !isSilent;
}

/** `everyMs` after the first failure, then twice as long after each. */
const backoffMs = (everyMs: number, failures: number, longest: number) =>
  failures <= 1 ? everyMs : Math.max(everyMs, Math.min(everyMs * 2 ** Math.min(failures - 1, 20), longest));

/** When a Stream is looked at next, after a look that began at `beganAt`. `random` is 0 to 1, one for its whole batch. */
export function nextLook(
  watched: Watched,
  { everyMs, batchSize }: Pace,
  { beganAt, now, random, isFirst }: { beganAt: number; now: number; random: number; isFirst: boolean },
): number {
  if (watched.isCalled) return now;
  // A monitor that begins looks at all at once; from then on its batches are spread over the interval.
  if (isFirst && watched.unknowns === 0) return beganAt + everyMs * (spreadFrom + (1 - spreadFrom) * random);
  const isAlone = batchSize === 1 && watched.unknowns > 0;
  const pauseMs = isAlone ? backoffMs(everyMs, watched.unknowns, longestBackoffMs) : everyMs;
  return beganAt + pauseMs * (1 + jitter * random);
}
