import type { Codecs } from '../../core/model.ts';
import type { ClosedSegment, SourceItem, SourceOptions } from '../../core/ports.ts';
import { codecsOf, createGrouper, goesOn } from './grouper.ts';
import type { Prefetched } from './prefetch.ts';
import type { GoodSegment } from './segments.ts';
import type { Missing } from './window.ts';

/** Makes Takes, Gaps and closed Segments of Media Segments that come in order. */
export type ItemMaker = {
  add(prefetched: Prefetched): Promise<SourceItem[]>;
  /** Closes what is held. */
  close(): Promise<SourceItem[]>;
};

/** Gaps before the first Media Segment wait for its Take, so that a Take is always the first item. */
export function createItemMaker({ dir, segmentMs }: Pick<SourceOptions, 'dir' | 'segmentMs'>): ItemMaker {
  const grouper = createGrouper(dir, segmentMs);
  let codecs: Codecs | undefined;
  let before: GoodSegment | undefined;
  let isJoined = true;
  let waiting: SourceItem[] = [];

  const close = async (): Promise<SourceItem[]> => {
    before = undefined;
    const segment = await grouper.close();
    return segment ? [segmentItem(segment)] : [];
  };

  const tellGap = async ({ lengthMs, cause, detail }: Missing): Promise<SourceItem[]> => {
    const gap: SourceItem = { kind: 'gap', lengthMs, cause, detail };
    if (codecs) return [...(await close()), gap];
    waiting.push(gap);
    return [];
  };

  const keep = async (fetched: GoodSegment, playlist: string): Promise<SourceItem[]> => {
    const items: SourceItem[] = [];
    const now = codecsOf(fetched, codecs);
    if (!codecs || JSON.stringify(codecs) !== JSON.stringify(now)) {
      items.push(...(await close()), { kind: 'take', codecs: now, joined: isJoined }, ...waiting);
      waiting = [];
      codecs = now;
      isJoined = true;
    }
    const startsRun = before === undefined || !goesOn(before, fetched);
    before = fetched;
    const closed = await grouper.add(fetched, { playlist, startsRun });
    return [...items, ...closed.map(segmentItem)];
  };

  return {
    async add({ found, fetched }) {
      const { segment, playlist, missing, opensTake } = found;
      const items: SourceItem[] = [];
      if (opensTake) {
        items.push(...(await close()));
        codecs = undefined;
        isJoined = opensTake.joined;
      }
      if (missing) items.push(...(await tellGap(missing)));
      if (fetched.isOk) return [...items, ...(await keep(fetched, playlist))];
      const { cause, detail } = fetched;
      return [...items, ...(await tellGap({ lengthMs: segment.durationMs, cause, detail }))];
    },
    async close() {
      const items = [...(await close()), ...waiting];
      waiting = [];
      return items;
    },
  };
}

const segmentItem = (segment: ClosedSegment): SourceItem => ({ kind: 'segment', segment });
