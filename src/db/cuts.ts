import { eq } from 'drizzle-orm';
import type { Queryable } from './client.ts';
import type { CutRow } from './deliveries.ts';
import { cuts, deliveries, targets } from './schema.ts';

export type CutKey = Omit<typeof cuts.$inferInsert, 'id' | 'createdAt'>;

/** Makes or finds the Cut with these boundaries: equal Cuts are one row, so that their Parts are shared. */
export async function upsertCut(db: Queryable, key: CutKey): Promise<CutRow> {
  const [row] = await db
    .insert(cuts)
    .values(key)
    .onConflictDoUpdate({
      target: [cuts.renditionId, cuts.fromSequence, cuts.toSequence, cuts.limitBytes, cuts.splitMs, cuts.margin],
      set: { limitBytes: key.limitBytes },
    })
    .returning();
  if (!row) throw new Error('upsert returned no row');
  return row;
}

/**
 * Makes the Cut that goes on from `previousId`. Equal keys may stand for one that goes on from another: its margin is
 * lowered by a thousandth then, until it is one of its own.
 */
export async function upsertSuccessor(db: Queryable, key: CutKey & { previousId: number }): Promise<CutRow> {
  for (let margin = key.margin; ; margin -= 0.001) {
    const cut = await upsertCut(db, { ...key, margin });
    if (cut.previousId === key.previousId) return cut;
  }
}

/** Deliveries of a Rendition with the ids of their Cuts, last first; the rows are locked until the transaction ends. */
export async function findChains(tx: Queryable, renditionId: number) {
  const rows = await tx
    .select({ delivery: deliveries, kind: targets.kind })
    .from(deliveries)
    .innerJoin(targets, eq(targets.id, deliveries.targetId))
    .where(eq(deliveries.renditionId, renditionId))
    .orderBy(deliveries.id)
    .for('update', { of: deliveries });
  const all = await tx.select().from(cuts).where(eq(cuts.renditionId, renditionId));
  const previous = new Map(all.map((cut) => [cut.id, cut.previousId]));
  return rows.map((row) => {
    const cutIds: number[] = [];
    for (let id = row.delivery.cutId; id !== null; id = previous.get(id) ?? null) cutIds.push(id);
    return { ...row, cutIds };
  });
}
