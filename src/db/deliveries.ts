import { and, asc, desc, eq, exists, inArray, lt, ne, sql } from 'drizzle-orm';
import { noticedReason } from '../core/delivery.ts';
import type { ChatKind } from '../core/model.ts';
import type { Queryable } from './client.ts';
import {
  cuts,
  deliveries,
  parts,
  posts,
  sessions,
  streams,
  targets,
  uploads,
  watches,
  watchTargets,
} from './schema.ts';

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

/** Adds Targets to a Watch that has its first one. */
export async function addTargets(db: Queryable, watchId: number, others: TargetRow[]): Promise<void> {
  const values = others.map(({ id: targetId }, index) => ({ watchId, targetId, position: index + 1 }));
  if (values.length > 0) await db.insert(watchTargets).values(values).onConflictDoNothing();
}

/**
 * The Deliveries of one Watch and Session with their Targets: the one that has the card first, then in the order the
 * Targets were named. Where a rule closed windows and opened others, these are of another round, with another card.
 */
export async function findSiblings(db: Queryable, delivery: { id: number; watchId: number; sessionId: number }) {
  const card = db
    .select({ one: sql`1` })
    .from(posts)
    .where(and(eq(posts.deliveryId, deliveries.id), eq(posts.kind, 'card')));
  const isOfOrder = and(
    eq(deliveries.watchId, delivery.watchId),
    eq(deliveries.sessionId, delivery.sessionId),
    // A notice has no card.
    sql`${deliveries.closeReason} is distinct from ${noticedReason}`,
  );
  const rows = await db
    .select({
      delivery: deliveries,
      target: targets,
      round: sql<number>`row_number() over (partition by ${deliveries.targetId} order by ${deliveries.id})`.mapWith(
        Number,
      ),
    })
    .from(deliveries)
    .innerJoin(targets, eq(targets.id, deliveries.targetId))
    .leftJoin(
      watchTargets,
      and(eq(watchTargets.watchId, deliveries.watchId), eq(watchTargets.targetId, deliveries.targetId)),
    )
    .where(isOfOrder)
    .orderBy(desc(exists(card)), sql`${watchTargets.position} nulls last`, deliveries.id);
  const own = rows.find((row) => row.delivery.id === delivery.id)?.round;
  return rows.filter(({ round }) => round === own);
}

/** The Delivery that carries the card of this one's Watch and Session. */
export async function findCardDelivery(db: Queryable, deliveryId: number): Promise<number | undefined> {
  const [row] = await db.select().from(deliveries).where(eq(deliveries.id, deliveryId));
  const [first] = row ? await findSiblings(db, row) : [];
  return first?.delivery.id;
}

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

export type Plannable = Awaited<ReturnType<typeof findPlannable>>[number];

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

/** How far back Posts are looked at for the floor: ids rise, so the highest is among the latest. */
const floorDays = 60;

/**
 * Highest message id this bot knows in a chat, whoever's posts they are: the floor above which a lost post must lie.
 * Undefined where nothing of ours was posted there lately: then a look goes by dates.
 */
export async function findIdFloor(
  db: Queryable,
  { kind, chatId }: { kind: ChatKind; chatId: string },
): Promise<string | undefined> {
  // A comment stands where its own answer says; everything else at its Target, or where it was ordered (cards).
  const home = sql`case when p.kind = 'card' then w.chat_id else split_part(t.address, '/', 1) end`;
  const rows = await db.execute<{ floor: string | null }>(sql`
    select max(m.id::numeric)::text as floor from posts p
      join deliveries d on d.id = p.delivery_id join targets t on t.id = d.target_id join watches w on w.id = d.watch_id
      cross join lateral jsonb_array_elements_text(p.posted->'messageIds') as m(id)
    where p.posted_at > now() - make_interval(days => ${floorDays})
      and m.id ~ '^[1-9][0-9]*$' and coalesce(p.posted->>'chatId', ${home}) = ${chatId}
      and case when p.kind = 'card' then w.chat_kind else t.kind end = ${kind}`);
  return rows[0]?.floor ?? undefined;
}
