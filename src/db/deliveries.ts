import { and, asc, eq, gte, inArray, isNotNull, lt, ne, sql } from 'drizzle-orm';
import type { Queryable } from './client.ts';
import { cuts, deliveries, parts, posts, sessions, streams, targets, uploads, watches } from './schema.ts';

/** Above every mediaSequence. */
const lastSequence = 2 ** 31 - 1;

export type DeliveryRow = typeof deliveries.$inferSelect;
export type CutRow = typeof cuts.$inferSelect;
export type PartRow = typeof parts.$inferSelect;
export type PostRow = typeof posts.$inferSelect;
export type TargetRow = typeof targets.$inferSelect;

/** A Delivery with all it hangs on. */
export async function findDelivery(db: Queryable, deliveryId: number) {
  const [row] = await db
    .select({ delivery: deliveries, watch: watches, target: targets, session: sessions, stream: streams })
    .from(deliveries)
    .innerJoin(watches, eq(watches.id, deliveries.watchId))
    .innerJoin(targets, eq(targets.id, deliveries.targetId))
    .innerJoin(sessions, eq(sessions.id, deliveries.sessionId))
    .innerJoin(streams, eq(streams.id, sessions.streamId))
    .where(eq(deliveries.id, deliveryId));
  return row;
}
export type DeliveryContext = NonNullable<Awaited<ReturnType<typeof findDelivery>>>;

/** Deliveries of a Rendition still to be planned, with Watch and Target. */
export async function findPlannable(db: Queryable, renditionId: number) {
  return db
    .select({ delivery: deliveries, watch: watches, target: targets })
    .from(deliveries)
    .innerJoin(watches, eq(watches.id, deliveries.watchId))
    .innerJoin(targets, eq(targets.id, deliveries.targetId))
    .where(and(eq(deliveries.renditionId, renditionId), eq(deliveries.state, 'collecting')))
    .orderBy(deliveries.id);
}

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

/** Parts of a Cut and of those it goes on from, in order of time; each Cut's Parts end where its successor begins. */
export async function findPartsOfCut(db: Queryable, cutId: number): Promise<PartRow[]> {
  const chain: PartRow[] = [];
  let before = lastSequence;
  for (let id: number | null = cutId; id !== null; ) {
    const [cut]: CutRow[] = await db.select().from(cuts).where(eq(cuts.id, id));
    if (!cut) break;
    const rows = await db
      .select()
      .from(parts)
      .where(and(eq(parts.cutId, id), lt(parts.fromSequence, before)))
      .orderBy(asc(parts.fromSequence));
    chain.unshift(...rows);
    before = cut.fromSequence;
    id = cut.previousId;
  }
  return chain;
}

/** The Parts a Delivery wants that are planned so far, in order. */
export async function findPartsOfDelivery(db: Queryable, delivery: DeliveryRow): Promise<PartRow[]> {
  if (delivery.cutId === null) return [];
  const rows = await findPartsOfCut(db, delivery.cutId);
  const { toSequence } = delivery;
  return rows.filter(
    (part) => part.fromSequence >= delivery.fromSequence && (toSequence === null || part.toSequence <= toSequence),
  );
}

/** Deliveries whose Cut is one of these, or goes on from one (their `post` job may have become possible). */
export async function findDeliveriesOfRendition(db: Queryable, renditionId: number): Promise<DeliveryRow[]> {
  return db
    .select()
    .from(deliveries)
    .where(and(eq(deliveries.renditionId, renditionId), inArray(deliveries.state, ['collecting', 'posting'])));
}

/** Uploads of some Parts with one account. */
export async function findUploads(db: Queryable, partIds: number[], account?: string) {
  if (partIds.length === 0) return [];
  const ofAccount = account === undefined ? undefined : eq(uploads.account, account);
  return db
    .select()
    .from(uploads)
    .where(and(inArray(uploads.partId, partIds), ofAccount));
}

/** Posts of a Delivery at its Target (not the card), in the order they go out. */
export async function findPosts(db: Queryable, deliveryId: number): Promise<PostRow[]> {
  return db
    .select()
    .from(posts)
    .where(and(eq(posts.deliveryId, deliveryId), ne(posts.kind, 'card')))
    .orderBy(sql`${posts.kind} = 'comment'`, asc(posts.ordinal));
}

/** The card of a Delivery, if it was posted. */
export async function findCard(db: Queryable, deliveryId: number): Promise<PostRow | undefined> {
  const [row] = await db
    .select()
    .from(posts)
    .where(and(eq(posts.deliveryId, deliveryId), eq(posts.kind, 'card')));
  return row;
}

/** Highest message id this bot knows in a Target's chat: the floor above which a lost post must lie. */
export async function findIdFloor(db: Queryable, targetId: number): Promise<string | undefined> {
  const [row] = await db
    .select({ posted: posts.posted })
    .from(posts)
    .innerJoin(deliveries, eq(deliveries.id, posts.deliveryId))
    .where(and(eq(deliveries.targetId, targetId), isNotNull(posts.posted), gte(posts.id, 0), ne(posts.kind, 'card')))
    .orderBy(sql`${posts.postedAt} desc nulls last`)
    .limit(1);
  return row?.posted?.messageIds.at(-1);
}
