import type { ClosedSegment, SourceItem } from '../../core/ports.ts';

/** What is assembled, before ad breaks are told as one. */
export type Assembled = SourceItem | { kind: 'segment'; segment: ClosedSegment; isAd: boolean };

type Pending = { kind: 'gap' | 'mark'; lengthMs: number };

/**
 * Tells each ad break once: a dropped one as one Gap of its whole length, a kept one as a mark behind its last Segment.
 */
export async function* tellAdBreaks(items: AsyncIterable<Assembled>): AsyncGenerator<SourceItem> {
  let pending: Pending | undefined;
  const take = (): SourceItem[] => {
    const told = pending;
    pending = undefined;
    return told ? [{ ...told, cause: 'ad_break' as const }] : [];
  };
  try {
    for await (const item of items) {
      // Sound that lies apart is told with its pictures.
      if (item.kind === 'segment' && item.segment.track === 1) {
        yield plain(item);
        continue;
      }
      const broken = adBreakOf(item);
      if (broken && pending?.kind === broken.kind) pending.lengthMs += broken.lengthMs;
      else yield* take();
      if (broken) pending ??= broken;
      if (broken?.kind !== 'gap') yield plain(item);
    }
  } catch (error) {
    yield* take();
    throw error;
  }
  yield* take();
}

function adBreakOf(item: Assembled): Pending | undefined {
  if (item.kind === 'gap' && item.cause === 'ad_break') return { kind: 'gap', lengthMs: item.lengthMs };
  if (item.kind === 'segment' && 'isAd' in item && item.isAd) return { kind: 'mark', lengthMs: item.segment.lengthMs };
  return undefined;
}

const plain = (item: Assembled): SourceItem =>
  item.kind === 'segment' ? { kind: 'segment', segment: item.segment } : item;
