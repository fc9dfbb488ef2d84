import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { App } from '../app.ts';
import type { ResumePoint } from '../core/ports.ts';
import { itemsAfter } from '../core/resume.ts';
import type { Lease } from '../db/leases.ts';
import { findRenditionEnd, type RenditionEnd } from '../db/rendition-end.ts';
import type { Keeper } from './keeper.ts';
import { readSpool, type Spool, type Spooled, takeSpools } from './spool.ts';

type Adopting = { renditionId: number; lease: Lease };
type Adopted = { folders: string[]; point: ResumePoint | undefined };

/**
 * What former owners on this data folder closed of a Rendition and could not keep is handed to the keeper, in order and
 * before anything new, as far as it joins what is kept exactly. What does not is left for `clean`.
 *
 * @returns `folders` that hold nothing of worth once the keeper is drained, and the `point` it has come to then
 */
export async function adoptSpools(app: App, keeper: Keeper, { renditionId, lease }: Adopting): Promise<Adopted> {
  const end = await findRenditionEnd(app.db, renditionId);
  const folders: string[] = [];
  let { point } = end;
  let isFirst = true;
  for (const dir of await takeSpools(app, renditionId, lease.fence)) {
    const spool = await readSpool(dir);
    const behind = spool && itemsAfter(point, spool);
    const there = behind && untilMissing(behind);
    if (!spool || !there) {
      app.log.warn({ rendition: renditionId, dir }, 'what a former worker left does not join what is kept');
      continue;
    }
    const rest = isFirst ? goOnAt(keeper, end, { ...spool, items: there }) : there;
    for (const { item, origin } of rest) {
      // Read from the rows before anything is added.
      if (origin) await keeper.pointIn(origin.streamId);
      keeper.add(item, origin);
    }
    if (rest.length > 0) isFirst = false;
    point = keeper.point() ?? point;
    if (there.length === behind.length) folders.push(dir);
    app.log.info({ rendition: renditionId, count: rest.length }, 'went on with what a former worker left');
  }
  return { folders, point };
}

/** The file of the first Segment may be in Storage already, without its row; whatever comes after must be here. */
function untilMissing(items: Spooled[]): Spooled[] {
  const segments = items.filter(({ item }) => item.kind === 'segment');
  const lost = items.find(
    (each) => each.item.kind === 'segment' && each !== segments[0] && !existsSync(each.item.segment.path),
  );
  return lost ? items.slice(0, items.indexOf(lost)) : items;
}

/** The keeper goes on in the Take that stands at the end. @returns the items that no row stands for yet */
function goOnAt(keeper: Keeper, { take, emptyTake, told }: RenditionEnd, { fence, items }: Spool): Spooled[] {
  if (take) keeper.goOn(take);
  const left = [...told];
  const firstSegment = items.findIndex(({ item }) => item.kind === 'segment');
  return items.filter(({ item }, index) => {
    if (item.kind === 'segment' || (firstSegment >= 0 && index > firstSegment)) return true;
    if (item.kind === 'take') {
      const isOpen = emptyTake?.fence === fence && isDeepStrictEqual(emptyTake.codecs, item.codecs);
      if (isOpen) keeper.goOn(emptyTake);
      return !isOpen;
    }
    const at = left.findIndex(
      ({ kind, cause, lengthMs }) => kind === item.kind && cause === item.cause && lengthMs === item.lengthMs,
    );
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
