import type { MediaPlaylist, MediaSegment } from './playlist.ts';

/**
 * Puts back what a playlist left out by EXT-X-SKIP, from the one before. We never ask for such an answer (`_HLS_skip`),
 * but a cache between may hold one. Source: rfc8216bis §4.4.5.2, §6.2.5.1.
 */
export function mergeSkipped(text: string, delta: MediaPlaylist, before: MediaPlaylist | undefined): MediaPlaylist {
  const skipped = Number(/^#EXT-X-SKIP:(?:.*,)?SKIPPED-SEGMENTS=(\d+)/m.exec(text)?.[1] ?? 0);
  const first = delta.segments[0]?.sequence;
  if (skipped === 0 || first === undefined || !before) return delta;
  const known = before.segments.filter(({ sequence }) => sequence >= first - skipped && sequence < first);
  const [head, ...rest] = delta.segments;
  const last = known.at(-1);
  if (!head || !last) return delta;
  return { ...delta, segments: [...known, inherit(head, last), ...rest] };
}

/** The clock runs on from what was left out. */
function inherit(head: MediaSegment, last: MediaSegment): MediaSegment {
  if (head.programDateTime || !last.programDateTime || head.discontinuity) return head;
  return { ...head, programDateTime: new Date(last.programDateTime.getTime() + last.durationMs) };
}
