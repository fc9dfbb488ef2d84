import { ring } from '../advance.ts';
import type { App } from '../app.ts';
import { judgeTake } from '../core/probation.ts';
import type { Lease } from '../db/leases.ts';
import { findOnProbation, measureTake, releaseTake, wasSeenLive, withholdTake } from '../db/probation.ts';

/**
 * Judges the Takes of a Rendition that are on probation; all but `currentId` are over. `lease` is that of its capture: who
 * lost it judges nothing.
 *
 * @returns what the last of them is; undefined where none was on probation
 */
export async function settleProbation(
  app: App,
  { renditionId, lease, currentId }: { renditionId: number; lease: Lease; currentId?: number },
): Promise<'genuine' | 'phantom' | 'open' | undefined> {
  let last: 'genuine' | 'phantom' | 'open' | undefined;
  for (const take of await findOnProbation(app.db, renditionId)) {
    const isOver = take.id !== currentId;
    const content = await measureTake(app.db, take);
    last = judgeTake(content, { isOver, isLive: !isOver && (await wasSeenLive(app.db, take)) });
    if (last === 'genuine') await releaseTake(app.db, lease, take.id);
    if (last === 'phantom') await withholdTake(app.db, lease, { take, reason: 'phantom' });
  }
  if (last === undefined || last === 'open') return last;
  await ring(app, 'renditions', renditionId, [{ name: 'plan', data: { renditionId } }]);
  return last;
}
