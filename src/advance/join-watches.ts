import { and, eq, isNull } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';
import { deliveries, renditions, watches, watchTargets } from '../db/schema.ts';
import { keptSoFar, type Pair, type SessionRow } from '../db/sessions.ts';
import type { WatchRow } from '../db/watches.ts';
import type { Job } from '../queue/jobs.ts';
import { type SeenLive, whoMayJoin } from './may-join.ts';
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

type Joined = SeenLive & { session: SessionRow };

/**
 * Sees that each of these orders whose rules let it has its Rendition and Delivery; those that only want to hear of it
 * are told.
 */
export async function joinWatches(tx: Queryable, wanted: Wanted[], seen: Joined): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const each of await whoMayJoin(tx, wanted, seen)) {
    const joined =
      each.watch.mode === 'notify' ? await noticeLive(tx, seen.session, each) : await joinWatch(tx, each, seen);
    jobs.push(...joined);
  }
  return jobs;
}

async function joinWatch(tx: Queryable, wanted: Wanted, seen: Joined): Promise<Job[]> {
  const { session } = seen;
  const { watch } = wanted;
  // Its row is locked: no other process opens or closes windows on it meanwhile.
  const rendition = await upsertRendition(tx, session.id, watch.quality);
  if ((await whoMayJoin(tx, [wanted], seen)).length === 0) return [];
  const delivery = await insertWindow(tx, wanted, { sessionId: session.id, renditionId: rendition.id });
  if (!delivery) return [];
  // Everybody had stopped this quality: it is wanted again.
  await tx.update(renditions).set({ endedAt: null, keptAt: null }).where(eq(renditions.id, rendition.id));
  return [
    { name: 'capture', data: { renditionId: rendition.id } },
    { name: 'card', data: { deliveryId: delivery.id } },
  ];
}

/** Opens a window from the next Segment on. @returns undefined where one is open */
export async function insertWindow(
  tx: Queryable,
  { watch, targetId }: Wanted,
  into: { sessionId: number; renditionId: number },
): Promise<{ id: number } | undefined> {
  const fromSequence = (await keptSoFar(tx, into.renditionId)).nextSequence;
  const [delivery] = await tx
    .insert(deliveries)
    .values({ watchId: watch.id, targetId, ...into, fromSequence })
    .onConflictDoNothing()
    .returning({ id: deliveries.id });
  return delivery;
}

/** The Rendition of a Session that is called so, its row locked. */
export async function upsertRendition(tx: Queryable, sessionId: number, name: string): Promise<{ id: number }> {
  await tx.insert(renditions).values({ sessionId, name }).onConflictDoNothing();
  const [row] = await tx
    .select({ id: renditions.id })
    .from(renditions)
    .where(and(eq(renditions.sessionId, sessionId), eq(renditions.name, name)))
    .for('update');
  if (!row) throw new Error('rendition vanished');
  return row;
}
