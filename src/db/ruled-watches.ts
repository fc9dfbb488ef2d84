import { and, desc, eq, gte, isNull, lte, or, sql } from 'drizzle-orm';
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
