import type { GapCause, ResumePoint } from '../../core/ports.ts';
import type { MediaPlaylist, MediaSegment } from './playlist.ts';

/** Pure: which Media Segments of a playlist come next, and which are known to be missing. */

export type Missing = { lengthMs: number; cause: GapCause; detail?: string };

/** How a capture goes on in a playlist it was not following. */
export type Joining =
  /** Goes on with media sequence `next`. `joined` false: how much is missing is not known. */
  | { kind: 'join'; next: number; joined: boolean; missing?: Missing }
  /** The playlist is older than what is kept: look again. */
  | { kind: 'wait' }
  /** The playlist alone cannot tell: get the hashes of these and ask `joinByHash`. */
  | { kind: 'probe'; segments: MediaSegment[] };

/** Media Segments looked at, at most, to find a known hash: as many as are remembered. */
const probeCount = 30;
/** Beyond this distance two clocks are not of the same broadcast. */
const clockTrustMs = 60_000;

/**
 * Joins by the first that holds: same playlist and media sequence; program date-time; a known hash. A sequence inside
 * the window is checked by what else is known, for an encoder that was started again counts from 0 again.
 */
export function joinWindow(from: ResumePoint | undefined, identity: string, playlist: MediaPlaylist): Joining {
  const first = playlist.segments[0];
  const last = playlist.segments.at(-1);
  if (!first || !last) return { kind: 'wait' };
  if (!from) return { kind: 'join', next: first.sequence, joined: true };
  if (from.playlist === identity && from.sequence <= last.sequence) {
    const kept = playlist.segments.find(({ sequence }) => sequence === from.sequence);
    const agrees = clockAgrees(from, playlist);
    if (agrees || !kept || from.hashes.length === 0) return joinBySequence(from, playlist);
    return { kind: 'probe', segments: [kept] };
  }
  return joinByClock(from, playlist) ?? probe(from, playlist);
}

function joinBySequence(from: ResumePoint, playlist: MediaPlaylist): Joining {
  const { next, missing } = follow(from.sequence + 1, playlist);
  const first = playlist.segments[0]?.programDateTime;
  // Where both clocks are known they tell the length better than a count.
  const byClock = first && from.programDateTime ? first.getTime() - from.programDateTime.getTime() : 0;
  if (missing && byClock > 0) missing.lengthMs = byClock;
  return { kind: 'join', next, joined: true, missing };
}

/** Whether the playlist's clock puts the next Media Segment where it was expected, within half a segment. */
function clockAgrees(from: ResumePoint, { segments, targetMs }: MediaPlaylist): boolean {
  const kept = segments.find(({ sequence }) => sequence === from.sequence);
  const next = segments.find(({ sequence }) => sequence === from.sequence + 1);
  const startsAt = next?.programDateTime?.getTime() ?? (kept ? endOf(kept) : undefined);
  if (!from.programDateTime || startsAt === undefined) return false;
  return Math.abs(startsAt - from.programDateTime.getTime()) < targetMs / 2;
}

const endOf = ({ programDateTime, durationMs }: MediaSegment) =>
  programDateTime && programDateTime.getTime() + durationMs;

function joinByClock(from: ResumePoint, { segments, targetMs, isEnded }: MediaPlaylist): Joining | undefined {
  const [first] = segments;
  const last = segments.at(-1);
  if (!from.programDateTime || !first?.programDateTime || !last?.programDateTime) return undefined;
  const expected = from.programDateTime.getTime();
  const endsAt = last.programDateTime.getTime() + last.durationMs;
  if (expected > endsAt + clockTrustMs) return undefined;
  // The middle of a segment decides, so that a clock that is off by some frames joins right.
  const next = segments.find((s) => s.programDateTime && s.programDateTime.getTime() + s.durationMs / 2 > expected);
  if (!next?.programDateTime)
    return isEnded ? { kind: 'join', next: last.sequence + 1, joined: true } : { kind: 'wait' };
  const lengthMs = next.programDateTime.getTime() - expected;
  const missing: Missing | undefined = lengthMs > targetMs / 2 ? { lengthMs, cause: 'slid_out' } : undefined;
  return { kind: 'join', next: next.sequence, joined: true, missing };
}

function probe(from: ResumePoint, { segments }: MediaPlaylist): Joining {
  if (from.hashes.length === 0) return unjoined(segments[0]?.sequence ?? 0);
  return { kind: 'probe', segments: segments.slice(-probeCount) };
}

const unjoined = (next: number): Joining => ({
  kind: 'join',
  next,
  joined: false,
  missing: { lengthMs: 0, cause: 'unjoined' },
});

/** Decides with the hashes (by media sequence) of what `probe` asked for; those that cannot be had are left out. */
export function joinByHash(
  from: ResumePoint,
  identity: string,
  playlist: MediaPlaylist,
  hashes: Map<number, string>,
): Joining {
  // Nothing could be had to refute the sequence.
  if (from.playlist === identity && hashes.size === 0) return joinBySequence(from, playlist);
  const known = new Set(from.hashes);
  const lastSeen = playlist.segments.filter(({ sequence }) => known.has(hashes.get(sequence) ?? '')).at(-1);
  if (!lastSeen) return joinByClock(from, playlist) ?? unjoined(playlist.segments[0]?.sequence ?? 0);
  // The playlist may be older than what is kept: what came after the known one is kept as well.
  const behind = from.hashes.length - 1 - from.hashes.lastIndexOf(hashes.get(lastSeen.sequence) ?? '');
  return { kind: 'join', next: lastSeen.sequence + 1 + behind, joined: true };
}

/** Where a capture stands in the playlist it follows. */
export type Following = {
  /** Media sequence it wants next. */
  next: number;
  /** When that begins, by the playlist's clock. */
  expectedAt?: Date;
  /** Answers in a row whose newest Media Segment is older than what was seen already. */
  backwardCount: number;
};

export type Step =
  | { kind: 'fetch'; segments: MediaSegment[]; missing?: Missing; state: Following }
  /** An older answer (one edge of a CDN lags behind): nothing to do. */
  | { kind: 'stale'; state: Following }
  /** The counting began anew: join again. */
  | { kind: 'reset' };

/** An edge that lags catches up within some answers; a new counting does not go away. */
const maxBackward = 3;

/** What the next answer of the playlist that is followed asks for. */
export function stepWindow(state: Following, playlist: MediaPlaylist): Step {
  const last = playlist.segments.at(-1);
  if (!last) return { kind: 'stale', state };
  if (isOtherClock(state, playlist)) return { kind: 'reset' };
  if (last.sequence < state.next - 1) {
    const backwardCount = state.backwardCount + 1;
    const isFar = state.next - 1 - last.sequence > playlist.segments.length;
    if (isFar || backwardCount >= maxBackward) return { kind: 'reset' };
    return { kind: 'stale', state: { ...state, backwardCount } };
  }
  const { next, missing } = follow(state.next, playlist);
  const segments = playlist.segments.filter(({ sequence }) => sequence >= next);
  const endsAt = endOf(last);
  const expectedAt = endsAt === undefined ? undefined : new Date(endsAt);
  return {
    kind: 'fetch',
    segments,
    missing,
    state: { next: Math.max(state.next, last.sequence + 1), expectedAt, backwardCount: 0 },
  };
}

/** The same sequence number at another time of day: it is another counting. */
function isOtherClock({ next, expectedAt }: Following, { segments, targetMs }: MediaPlaylist): boolean {
  const before = segments.find(({ sequence }) => sequence === next - 1);
  if (!expectedAt || !before?.programDateTime) return false;
  const endsAt = before.programDateTime.getTime() + before.durationMs;
  return Math.abs(endsAt - expectedAt.getTime()) > targetMs * 2;
}

/**
 * A Media Segment as it follows `before`: where the count of discontinuities went up unseen, it is one. A count that
 * went down is of a server that does not keep it. Source: RFC 8216 §6.2.2.
 */
export function markJump(before: MediaSegment | undefined, segment: MediaSegment): MediaSegment {
  const [past = 0, now = 0] = [before?.discontinuitySequence, segment.discontinuitySequence];
  const follows = before !== undefined && segment.sequence === before.sequence + 1;
  return { ...segment, discontinuity: segment.discontinuity || (follows && now > past) };
}

function follow(wanted: number, { segments, targetMs }: MediaPlaylist): { next: number; missing?: Missing } {
  const first = segments[0]?.sequence ?? wanted;
  if (first <= wanted) return { next: wanted };
  const meanMs = segments.reduce((sum, { durationMs }) => sum + durationMs, 0) / segments.length || targetMs;
  const detail = `media sequence ${wanted} to ${first - 1}`;
  return { next: first, missing: { lengthMs: Math.round((first - wanted) * meanMs), cause: 'slid_out', detail } };
}
