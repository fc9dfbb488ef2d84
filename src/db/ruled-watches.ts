import { and, desc, eq, gte, inArray, isNull, lte, or, sql } from 'drizzle-orm';
import { noticedReason } from '../core/delivery.ts';
import type { Queryable } from './client.ts';
import { deliveries, sessions, streams, watches } from './schema.ts';

/** Windows that are open, of orders with filters or times, with what their broadcast is called. */
export async function findRuledWindows(db: Queryable) {
  return db
    .select({ id: deliveries.id, rules: watches.rules, title: sessions.title, category: sessions.category })
    .from(deliveries)
    .innerJoin(watches, eq(watches.id, deliveries.watchId))
    .innerJoin(sessions, eq(sessions.id, deliveries.sessionId))
    .where(
      and(
        isNull(deliveries.closedAt),
        sql`${watches.rules} ?| array['title', 'notTitle', 'category', 'notCategory', 'schedule', 'at']`,
        // What is only announced is neither live nor called for good.
        sql`${sessions.state} <> 'waiting'`,
      ),
    );
}

/** Orders that stand and have times: a schedule, or one moment. */
export async function findTimedWatches(db: Queryable) {
  return db
    .select({ watch: watches, stream: streams })
    .from(watches)
    .innerJoin(streams, eq(streams.id, watches.streamId))
    .where(and(isNull(watches.endedAt), isNull(watches.pausedAt), sql`${watches.rules} ?| array['schedule', 'at']`));
}

/** Whether an order had a window open at any time of a stretch. */
export async function hadWindowIn(db: Queryable, watchId: number, stretch: { from: Date; to: Date }): Promise<boolean> {
  const [row] = await db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.watchId, watchId),
        lte(deliveries.createdAt, stretch.to),
        or(isNull(deliveries.closedAt), gte(deliveries.closedAt, stretch.from)),
      ),
    )
    .orderBy(desc(deliveries.id))
    .limit(1);
  return row !== undefined;
}

/** A window with what the platform calls its broadcast. */
export type LastWindow = typeof deliveries.$inferSelect & { broadcastId: string | null };

/**
 * The last windows of orders, in whatever Session: one for each Target, the newest first; those that only held a notice
 * do not count.
 */
export async function findLastWindows(db: Queryable, watchIds: number[]): Promise<Map<number, LastWindow[]>> {
  const found = new Map<number, LastWindow[]>();
  if (watchIds.length === 0) return found;
  const rows = await db
    .selectDistinctOn([deliveries.watchId, deliveries.targetId], {
      delivery: deliveries,
      broadcastId: sessions.broadcastId,
    })
    .from(deliveries)
    .innerJoin(sessions, eq(sessions.id, deliveries.sessionId))
    .where(and(inArray(deliveries.watchId, watchIds), sql`${deliveries.closeReason} is distinct from ${noticedReason}`))
    .orderBy(deliveries.watchId, deliveries.targetId, desc(deliveries.id));
  for (const { delivery, broadcastId } of rows.toSorted((a, b) => b.delivery.id - a.delivery.id))
    found.set(delivery.watchId, [...(found.get(delivery.watchId) ?? []), { ...delivery, broadcastId }]);
  return found;
}
