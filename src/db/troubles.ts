import { and, eq, gte, inArray, isNotNull, sql } from 'drizzle-orm';
import { leftOutCode, unprovenCode } from '../core/delivery.ts';
import type { Queryable } from './client.ts';
import {
  type DeliveryContext,
  type DeliveryRow,
  findDelivery,
  findPartsOfDelivery,
  findPosts,
  findUploads,
  type PartRow,
  type PostRow,
} from './deliveries.ts';
import { deliveries, parts, posts, targets, uploads } from './schema.ts';
import { keptInWindow } from './sessions.ts';

/** What keeps a Delivery from its end until a person acts. */
export type Troubles = DeliveryContext & {
  /** Its Posts at the Target, in order. */
  rows: PostRow[];
  /** Uploads that failed for good, of Parts that are not left out. */
  failedUploads: { id: number; partId: number }[];
};

/** What failed of a Delivery, with all it hangs on. */
export async function findTroubles(db: Queryable, deliveryId: number): Promise<Troubles | undefined> {
  const context = await findDelivery(db, deliveryId);
  if (!context) return undefined;
  const rows = await findPosts(db, deliveryId);
  const leftOut = new Set(rows.filter(isLeftOut).flatMap(({ partIds }) => partIds));
  const wanted = (await findPartsOfDelivery(db, context.delivery)).map(({ id }) => id).filter((id) => !leftOut.has(id));
  const uploads = await findUploads(db, wanted);
  // Accounts are named after their chat: `telegram:123`.
  const isOurs = (account: string) => account.split(':')[0] === context.target.kind;
  const failedUploads = uploads.filter(({ state, account }) => state === 'failed' && isOurs(account));
  return { ...context, rows, failedUploads };
}

/** Whether anything of it failed for good, so that the Delivery waits. */
export const hasFailed = ({ rows, failedUploads }: Pick<Troubles, 'rows' | 'failedUploads'>): boolean =>
  failedUploads.length > 0 || rows.some(({ kind, state }) => kind !== 'comment' && state === 'failed');

const isLeftOut = ({ kind, state }: PostRow) => kind !== 'comment' && state === 'skipped';

/** A Part that a person left out, on the time line of its window; `isUnsure`: it may stand nevertheless. */
export type LeftOut = { atMs: number; lengthMs: number; isUnsure: boolean };

/** The Parts of a Delivery that a person left out, in order of time. */
export async function findLeftOut(db: Queryable, delivery: DeliveryRow): Promise<LeftOut[]> {
  const skipped = (await findPosts(db, delivery.id)).filter(isLeftOut);
  const unsure = new Set(skipped.filter(({ error }) => error !== leftOutCode).flatMap(({ partIds }) => partIds));
  const ids = skipped.flatMap(({ partIds }) => partIds);
  if (ids.length === 0) return [];
  const { startMs } = await keptInWindow(db, delivery.renditionId, delivery);
  const rows: PartRow[] = await db.select().from(parts).where(inArray(parts.id, ids)).orderBy(parts.startMs);
  return rows.map((part) => ({
    atMs: part.startMs - startMs,
    lengthMs: part.lengthMs,
    isUnsure: unsure.has(part.id),
  }));
}

/** Tries after which a person is told what is waited for: half a minute of them. */
const toldAfterTries = 5;

/** What Deliveries under way wait for since a while, as its `error` says: a chat, a net or a disk that is away. */
export async function findWait(db: Queryable, among: DeliveryRow[]): Promise<string | undefined> {
  const ids = among.filter(({ state }) => state === 'collecting' || state === 'posting').map(({ id }) => id);
  if (ids.length === 0) return undefined;
  const [upload] = await db
    .select({ error: uploads.error })
    .from(uploads)
    .innerJoin(parts, eq(parts.id, uploads.partId))
    .innerJoin(deliveries, eq(deliveries.renditionId, parts.renditionId))
    .innerJoin(targets, eq(targets.id, deliveries.targetId))
    .where(
      and(
        inArray(deliveries.id, ids),
        // Accounts are named after their chat: `telegram:123`.
        eq(sql`split_part(${uploads.account}, ':', 1)`, targets.kind),
        inArray(uploads.state, ['waiting', 'sending']),
        gte(uploads.attempts, toldAfterTries),
        isNotNull(uploads.error),
      ),
    )
    .orderBy(uploads.id)
    .limit(1);
  if (upload?.error) return upload.error;
  const isTried = and(eq(posts.state, 'planned'), gte(posts.attempts, toldAfterTries), isNotNull(posts.error));
  const [post] = await db
    .select({ error: posts.error })
    .from(posts)
    .where(and(inArray(posts.deliveryId, ids), isTried))
    .orderBy(posts.id)
    .limit(1);
  return post?.error ?? undefined;
}

/** Posts of some Deliveries of which a person is asked whether they stand, with the name of their Target. */
export async function findAsked(db: Queryable, deliveryIds: number[]) {
  if (deliveryIds.length === 0) return [];
  return db
    .select({ post: posts, target: targets })
    .from(posts)
    .innerJoin(deliveries, eq(deliveries.id, posts.deliveryId))
    .innerJoin(targets, eq(targets.id, deliveries.targetId))
    .where(and(inArray(posts.deliveryId, deliveryIds), eq(posts.state, 'ambiguous'), eq(posts.error, unprovenCode)))
    .orderBy(posts.id);
}
export type Asked = Awaited<ReturnType<typeof findAsked>>[number];
