import type { SegmentRow, TakeRow } from '../db/segments.ts';
import type { Material } from '../media/remux.ts';
import type { OpenFile, Run } from '../media/restamp.ts';

type Row = { segment: SegmentRow; take: TakeRow };

/**
 * Segments, in order, as what becomes one file. Only what decodes like the first of them can stand in one file, and
 * what is withheld stands in none.
 *
 * @param open opens a file of Storage by its key
 */
export function toMaterial(rows: Row[], open: (key: string) => ReturnType<OpenFile>): Material {
  const usable = rows.filter(({ take }) => take.withheldReason === null);
  const [first] = usable;
  const runs: Run[] = [];
  let takeId: number | undefined;
  for (const { segment, take } of usable) {
    if (segment.track !== 0 || take.codecs.init !== first?.take.codecs.init) continue;
    if (runs.length === 0 || segment.startsRun || take.id !== takeId) runs.push({ files: [] });
    takeId = take.id;
    runs.at(-1)?.files.push(() => open(segment.key));
  }
  const initKey = first?.take.initKey;
  return initKey ? { runs, openInit: () => open(initKey) } : { runs };
}
