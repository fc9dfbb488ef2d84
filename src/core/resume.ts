import type { ClosedSegment, ResumePoint, SourceItem } from './ports.ts';

type Placed = Pick<
  ClosedSegment,
  'sourceSequence' | 'sourceCount' | 'playlist' | 'programDateTime' | 'lengthMs' | 'hashes'
>;

/** Hashes of kept Media Segments that a source may join by. */
const rememberedHashes = 30;

/** Where a capture goes on behind this Segment of pictures; `before` is where it went on behind the one before. */
export function pointAfter(before: ResumePoint | undefined, segment: Placed): ResumePoint {
  const { sourceSequence, sourceCount, playlist, programDateTime, lengthMs, hashes } = segment;
  return {
    sequence: sourceSequence + sourceCount - 1,
    playlist,
    ...(programDateTime ? { programDateTime: new Date(programDateTime.getTime() + lengthMs) } : {}),
    hashes: [...(before?.hashes ?? []), ...hashes].slice(-rememberedHashes),
  };
}

/** What a former capture left: `from` is where it began, `items` what it closed since, in order. */
export type Left<T extends { item: SourceItem }> = { from: ResumePoint | undefined; items: T[] };

/**
 * What a former capture closed behind a point: it began there, or it closed the very Segment that ends there.
 *
 * @returns undefined where that cannot be shown, so that putting it there might lose or repeat something
 */
export function itemsAfter<T extends { item: SourceItem }>(
  point: ResumePoint | undefined,
  { from, items }: Left<T>,
): T[] | undefined {
  const at = items.findLastIndex(({ item }) => isPictures(item) && isSame(pointAfter(undefined, item.segment), point));
  if (at >= 0) return items.slice(at + 1);
  return isSame(from, point) ? items : undefined;
}

type SegmentItem = Extract<SourceItem, { kind: 'segment' }>;
const isPictures = (item: SourceItem): item is SegmentItem => item.kind === 'segment' && item.segment.track === 0;

function isSame(a: ResumePoint | undefined, b: ResumePoint | undefined): boolean {
  if (!a || !b) return a === b;
  return a.playlist === b.playlist && a.sequence === b.sequence && a.hashes.at(-1) === b.hashes.at(-1);
}
