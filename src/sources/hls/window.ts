import type { ResumePoint } from '../../core/ports.ts';

/** One HLS Media Segment as a playlist names it. */
export type MediaSegment = {
  sequence: number;
  url: string;
  /** EXTINF. */
  lengthMs: number;
  /** EXT-X-DISCONTINUITY stands before it. */
  isDiscontinuity: boolean;
  programDateTime?: Date | undefined;
};

/** A playlist's window, oldest first, sequences without holes. */
export type PlaylistWindow = { playlist: string; segments: MediaSegment[]; hasEnded: boolean };

/** What to do with a window: fetch these, after telling that this much slid out unseen. */
export type WindowPlan = {
  segments: MediaSegment[];
  skipped?: { count: number; lengthMs: number };
  /** The playlist counts anew: what was known of its sequences no longer holds. */
  isReset: boolean;
};

/**
 * Which Media Segments of a window are new, given the next sequence wanted. A window that lies a little behind is a
 * stale copy of another edge and gives nothing; one far behind counts anew.
 */
export function planWindow(window: PlaylistWindow, next: number | undefined): WindowPlan {
  const [first] = window.segments;
  const last = window.segments.at(-1);
  if (!first || !last) return { segments: [], isReset: false };
  if (next === undefined) return { segments: window.segments, isReset: false };
  if (last.sequence + 1 < next - 2 * window.segments.length) return { segments: window.segments, isReset: true };
  const segments = window.segments.filter(({ sequence }) => sequence >= next);
  const count = first.sequence - next;
  if (count <= 0) return { segments, isReset: false };
  return { segments, skipped: { count, lengthMs: count * averageMs(window.segments) }, isReset: false };
}

const averageMs = (segments: MediaSegment[]) =>
  segments.reduce((sum, { lengthMs }) => sum + lengthMs, 0) / segments.length;

/** Where to go on: at a sequence, or after what hashes tell (`byHash`), or nowhere. */
export type JoinPoint = { next?: number; byHash: boolean };

/**
 * Joins a window to where the last owner stopped, by the first rule that holds: same playlist and sequence;
 * PROGRAM-DATE-TIME; else the hashes of what is fetched must tell.
 */
export function joinWindow(window: PlaylistWindow, from: ResumePoint): JoinPoint {
  const next = from.sequence + 1;
  if (window.playlist === from.playlist && !planWindow(window, next).isReset) return { next, byHash: false };
  const wanted = from.programDateTime?.getTime();
  if (wanted !== undefined) {
    const dated = window.segments.filter((segment) => segment.programDateTime !== undefined);
    // Half a Media Segment of tolerance: encoders round their clocks.
    const found = dated.find(
      ({ programDateTime, lengthMs }) => (programDateTime?.getTime() ?? 0) + lengthMs / 2 >= wanted,
    );
    const isCovered =
      found && dated.indexOf(found) >= 0 && (dated[0]?.programDateTime?.getTime() ?? 0) <= wanted + found.lengthMs / 2;
    if (found && isCovered) return { next: found.sequence, byHash: false };
  }
  return { byHash: true };
}
