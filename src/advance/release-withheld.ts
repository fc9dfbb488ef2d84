import { and, eq, max, ne } from 'drizzle-orm';
import { UserError } from '../core/errors.ts';
import type { Queryable } from '../db/client.ts';
import { findWithheldTakes, forgetWithheld, type WithheldTake } from '../db/probation.ts';
import { deliveries, parts } from '../db/schema.ts';
import type { Job } from '../queue/jobs.ts';
import { type AdvanceContext, ring, transition } from './advance.ts';

/**
 * What was taken for a repetition at the end of a Rendition is posted after all, behind all that stands, by every Delivery
 * whose window holds it: the verdict was on the recording, not on one of them. Said twice it changes nothing more.
 *
 * @param asked `deliveryIds`: those of whoever says it; one of them must want it
 * @returns its length in ms; 0 where nothing is withheld
 * @throws UserError `withheld_removed`, `withheld_not_yet`, `withheld_between`
 */
export async function releaseWithheld(
  ctx: AdvanceContext,
  { renditionId, deliveryIds }: { renditionId: number; deliveryIds: number[] },
): Promise<number> {
  const { lengthMs, ids } = await ctx.db.transaction(async (tx) => {
    // Locked before anything is read: who plans meanwhile has read the Takes as they were.
    const all = await tx
      .select()
      .from(deliveries)
      .where(and(eq(deliveries.renditionId, renditionId), ne(deliveries.state, 'cancelled')))
      .orderBy(deliveries.id)
      .for('update');
    const taken = await findWithheldTakes(tx, renditionId);
    if (taken.length === 0) return { lengthMs: 0, ids: [] };
    if (taken.some(({ keptMs, toldMs }) => keptMs < toldMs - 1)) throw new UserError('withheld_removed');
    if (all.some(({ state }) => state === 'collecting' || state === 'posting')) throw new UserError('withheld_not_yet');
    const planned = await lastPlanned(tx, renditionId);
    const last = taken.filter(({ fromSequence }) => fromSequence > planned);
    if (last.length === 0) throw new UserError('withheld_between');
    const from = Math.min(...last.map(({ fromSequence }) => fromSequence));
    const wanting = all.filter(({ toSequence }) => toSequence === null || toSequence >= from).map(({ id }) => id);
    if (!wanting.some((id) => deliveryIds.includes(id))) return { lengthMs: 0, ids: [] };
    await forgetWithheld(
      tx,
      last.map(({ id }) => id),
    );
    // One that waits for a person is planned anew by that anyway.
    for (const id of wanting) await transition(tx, 'deliveries', id, 'released');
    return { lengthMs: lengthOf(last), ids: wanting };
  });
  const plan: Job[] = [{ name: 'plan', data: { renditionId } }];
  if (lengthMs > 0) await ring(ctx, 'renditions', renditionId, plan);
  for (const deliveryId of ids) await ring(ctx, 'deliveries', deliveryId, [{ name: 'card', data: { deliveryId } }]);
  return lengthMs;
}

const lengthOf = (taken: WithheldTake[]) => taken.reduce((sum, { keptMs }) => sum + keptMs, 0);

/** Where the last Part begins: one in front of others that stand could not be cut again without them. */
async function lastPlanned(tx: Queryable, renditionId: number): Promise<number> {
  const [row] = await tx
    .select({ from: max(parts.fromSequence) })
    .from(parts)
    .where(eq(parts.renditionId, renditionId));
  return row?.from ?? -1;
}
