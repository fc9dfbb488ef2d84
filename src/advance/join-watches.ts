import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';
import { deliveries, renditions, watches, watchTargets } from '../db/schema.ts';
import { keptSoFar, type Pair, type SessionRow } from '../db/sessions.ts';
import type { WatchRow } from '../db/watches.ts';
import type { Job } from '../queue/jobs.ts';
import { noticeLive } from './notice.ts';

/** An order with one of its Targets. */
export type Wanted = { watch: WatchRow; targetId: number };

/** The standing orders on a Stream (on a pair of Streams: those that name the pair), each with each of its Targets. */
export async function findWanted(tx: Queryable, { streamId, crossId }: Pair): Promise<Wanted[]> {
  return tx
    .select({ watch: watches, targetId: watchTargets.targetId })
    .from(watches)
    .innerJoin(watchTargets, eq(watchTargets.watchId, watches.id))
    .where(
      and(
        eq(watches.streamId, streamId),
        crossId === null ? isNull(watches.crossId) : eq(watches.crossId, crossId),
        isNull(watches.endedAt),
        isNull(watches.pausedAt),
      ),
    )
    .orderBy(watches.id, watchTargets.position);
}

/** Sees that each of these orders has its Rendition and Delivery; those that only want to hear of it are told. */
export async function joinWatches(tx: Queryable, session: SessionRow, wanted: Wanted[]): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const each of wanted) {
    const joined =
      each.watch.mode === 'notify' ? await noticeLive(tx, session, each) : await joinWatch(tx, session, each);
    jobs.push(...joined);
  }
  return jobs;
}

async function joinWatch(tx: Queryable, session: SessionRow, { watch, targetId }: Wanted): Promise<Job[]> {
  // Its row is locked: no other process opens or closes windows on it meanwhile.
  const rendition = await upsertRendition(tx, session.id, watch.quality);
  if (await hadWindow(tx, { watchId: watch.id, targetId, sessionId: session.id })) return [];
  const fromSequence = (await keptSoFar(tx, rendition.id)).nextSequence;
  const [delivery] = await tx
    .insert(deliveries)
    .values({ watchId: watch.id, targetId, sessionId: session.id, renditionId: rendition.id, fromSequence })
    .onConflictDoNothing()
    .returning();
  if (!delivery) return [];
  // Everybody had stopped this quality: it is wanted again.
  await tx.update(renditions).set({ endedAt: null, keptAt: null }).where(eq(renditions.id, rendition.id));
  return [
    { name: 'capture', data: { renditionId: rendition.id } },
    { name: 'card', data: { deliveryId: delivery.id } },
  ];
}

/** Whether this order has, or had, a window on the Session: one that was closed stays closed. */
async function hadWindow(
  tx: Queryable,
  { watchId, targetId, sessionId }: { watchId: number; targetId: number; sessionId: number },
): Promise<boolean> {
  const [row] = await tx
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.watchId, watchId),
        eq(deliveries.targetId, targetId),
        eq(deliveries.sessionId, sessionId),
        sql`${deliveries.closeReason} is distinct from 'noticed'`,
      ),
    )
    .limit(1);
  return row !== undefined;
}

async function upsertRendition(tx: Queryable, sessionId: number, name: string): Promise<{ id: number }> {
  await tx.insert(renditions).values({ sessionId, name }).onConflictDoNothing();
  const [row] = await tx
    .select({ id: renditions.id })
    .from(renditions)
    .where(and(eq(renditions.sessionId, sessionId), eq(renditions.name, name)))
    .for('update');
  if (!row) throw new Error('rendition vanished');
  return row;
}
