/** How long a Take must hold what was not seen before until it counts as the broadcast going on. */
export const probationMs = 60_000;

/** Media Segments of a Take that stood in this Rendition before it (by their hashes), and those that did not. */
export type TakeContent = { seenCount: number; unseenCount: number; unseenMs: number };

/** Of a repetition at most one Media Segment is new: servers cut the last one of a broadcast anew. */
const mostCutAnew = 1;
/** … and so many must have been seen for each that is new. */
const seenForEach = 9;

/**
 * What a Take after a reconnect is: the broadcast going on, or a phantom: its end once more, as servers show it to
 * whoever asks again. Content decides; what was not seen before is genuine, however short.
 *
 * @param isOver nothing more comes of it
 * @param isLive the Platform said that the broadcast is live since the Take began
 */
export function judgeTake(
  { seenCount, unseenCount, unseenMs }: TakeContent,
  { isOver, isLive }: { isOver: boolean; isLive: boolean },
): 'genuine' | 'phantom' | 'open' {
  if (unseenMs >= probationMs) return 'genuine';
  if (!isOver) return isLive && seenCount === 0 && unseenCount > 0 ? 'genuine' : 'open';
  const isRepetition = seenCount > 0 && unseenCount <= mostCutAnew && seenCount >= unseenCount * seenForEach;
  return isRepetition ? 'phantom' : 'genuine';
}
