import { and, desc, eq, inArray, isNotNull, isNull, notInArray, or, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { finalDeliveryStates } from '../core/delivery.ts';
import type { ChatAddress, Language, Quality, WatchMode } from '../core/model.ts';
import type { StreamRef } from '../core/ports.ts';
import type { WatchRules } from '../core/rules.ts';
import type { Database, Queryable } from './client.ts';
import { deliveries, posts, renditions, sessions, streams, targets, watches, watchTargets } from './schema.ts';

export type WatchRow = typeof watches.$inferSelect;

/** A Stream's row as drivers see it. */
export const toStreamRef = ({ id, platform, channel, url, platformId }: typeof streams.$inferSelect): StreamRef => ({
  ...{ id, platform, channel, url },
  ...(platformId === null ? {} : { platformId }),
});

/** Makes or finds the Stream a platform calls `channel`. */
export async function upsertStream(db: Queryable, stream: { platform: string; channel: string; url: string }) {
  const [row] = await db
    .insert(streams)
    .values(stream)
    .onConflictDoUpdate({ target: [streams.platform, streams.channel], set: { url: stream.url } })
    .returning();
  if (!row) throw new Error('upsert returned no row');
  return row;
}

export type NewWatch = {
  streamId: number;
  chat: ChatAddress;
  language: Language;
  createdBy: string;
  quality: Quality;
  mode?: WatchMode;
  rules: WatchRules;
  /** The Stream it is paired with. */
  crossId?: number | null;
  once: boolean;
  targetId: number;
};

/**
 * Makes the Watch, or changes the standing one of this chat on the same Stream and quality. An open `once` order is
 * found instead of made again, so that a command that is said or read twice posts once.
 */
export async function upsertWatch(db: Database, order: NewWatch): Promise<{ watch: WatchRow; isNew: boolean }> {
  return db.transaction(async (tx) => {
    const found = order.once ? await lockOnce(tx, order) : undefined;
    if (found) return { watch: found, isNew: false };
    const watch = await writeWatch(tx, order);
    await tx.delete(watchTargets).where(eq(watchTargets.watchId, watch.id));
    await tx.insert(watchTargets).values({ watchId: watch.id, targetId: order.targetId });
    return { watch, isNew: true };
  });
}

/** The open `once` order of this chat for that time, looked for by one at a time: no index makes these unique. */
async function lockOnce(tx: Queryable, { chat, streamId, quality, rules }: NewWatch): Promise<WatchRow | undefined> {
  const key = `once:${chat.kind}:${chat.chatId}:${streamId}:${quality}`;
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`);
  const [row] = await tx
    .select()
    .from(watches)
    .where(
      and(
        eq(watches.chatKind, chat.kind),
        eq(watches.chatId, chat.chatId),
        eq(watches.streamId, streamId),
        eq(watches.quality, quality),
        eq(watches.once, true),
        isNull(watches.endedAt),
        sql`${watches.rules}->'at'->>'from' is not distinct from ${rules.at?.from ?? null}::text`,
      ),
    )
    .limit(1);
  return row;
}

async function writeWatch(tx: Queryable, { chat, targetId: _, ...order }: NewWatch): Promise<WatchRow> {
  const values = { ...order, chatKind: chat.kind, chatId: chat.chatId, threadId: chat.threadId ?? null };
  const insert = tx.insert(watches).values(values);
  const { rules, language, mode = 'record', crossId = null } = order;
  const [row] = order.once
    ? await insert.returning()
    : await insert
        .onConflictDoUpdate({
          target: [watches.streamId, watches.chatKind, watches.chatId, watches.quality],
          targetWhere: sql`ended_at is null and not once`,
          // Ordered anew: a broadcast that was stopped by hand may be recorded again.
          set: { rules, language, mode, crossId, pausedAt: null, createdAt: sql`now()` },
        })
        .returning();
  if (!row) throw new Error('upsert returned no row');
  return row;
}

/** Ends a Watch, with those that were made for it: nothing new is recorded for it. */
export async function endWatch(db: Queryable, watchId: number): Promise<void> {
  const ended = { endedAt: sql`now()` };
  await db.update(watches).set(ended).where(eq(watches.id, watchId));
  // By then none is made for it any more.
  await db
    .update(watches)
    .set(ended)
    .where(isMadeFor([watchId]));
}

/** Orders on single streams that stand for these on whole servers. */
const isMadeFor = (watchIds: number[]) => and(inArray(watches.parentId, watchIds), isNull(watches.endedAt));

const crossStreams = alias(streams, 'cross_streams');
const parents = alias(watches, 'parents');

/** Standing orders that a chat gave, newest first, with the Stream each is paired with. */
export async function findWatches(db: Queryable, chat: ChatAddress) {
  return db
    .select({ watch: watches, stream: streams, cross: crossStreams })
    .from(watches)
    .innerJoin(streams, eq(streams.id, watches.streamId))
    .leftJoin(crossStreams, eq(crossStreams.id, watches.crossId))
    .where(isGivenBy(chat))
    .orderBy(desc(watches.id));
}

export type DeliveryFilter = {
  sessionId?: number;
  watchId?: number;
  deliveryId?: number;
  postId?: number;
  /** Of this Stream; where it is a server, of its streams. */
  stream?: { platform: string; channel: string };
  /** Its window is open: still captured for this chat. */
  isOpen?: boolean;
  /** Neither done nor cancelled. */
  isUnfinished?: boolean;
};
/** More Deliveries of one chat than this are never shown or acted on at once. */
const mostDeliveries = 200;

/** Deliveries of a chat with what they hang on, newest first, at most 200. */
export async function findChatDeliveries(db: Queryable, chat: ChatAddress, filter: DeliveryFilter = {}) {
  return db
    .select({ delivery: deliveries, session: sessions, stream: streams, rendition: renditions, watch: watches })
    .from(deliveries)
    .innerJoin(watches, eq(watches.id, deliveries.watchId))
    .innerJoin(sessions, eq(sessions.id, deliveries.sessionId))
    .innerJoin(streams, eq(streams.id, sessions.streamId))
    .innerJoin(renditions, eq(renditions.id, deliveries.renditionId))
    .where(
      and(
        eq(watches.chatKind, chat.kind),
        eq(watches.chatId, chat.chatId),
        filter.sessionId === undefined ? undefined : eq(deliveries.sessionId, filter.sessionId),
        filter.watchId === undefined
          ? undefined
          : or(eq(watches.id, filter.watchId), eq(watches.parentId, filter.watchId)),
        filter.deliveryId === undefined ? undefined : eq(deliveries.id, filter.deliveryId),
        filter.postId === undefined ? undefined : eq(deliveries.id, ofPost(db, filter.postId)),
        filter.stream === undefined ? undefined : or(isCalled(filter.stream), isOnServer(db, filter.stream)),
        filter.isOpen ? isNull(deliveries.closedAt) : undefined,
        filter.isUnfinished ? notInArray(deliveries.state, finalDeliveryStates) : undefined,
      ),
    )
    .orderBy(desc(deliveries.id))
    .limit(mostDeliveries);
}

type Named = { platform: string; channel: string };
const isCalled = ({ platform, channel }: Named) => and(eq(streams.platform, platform), eq(streams.channel, channel));
const isOnServer = (db: Queryable, server: Named) =>
  inArray(
    watches.parentId,
    db
      .select({ id: parents.id })
      .from(parents)
      .innerJoin(crossStreams, eq(crossStreams.id, parents.streamId))
      .where(and(eq(crossStreams.platform, server.platform), eq(crossStreams.channel, server.channel))),
  );

const ofPost = (db: Queryable, postId: number) =>
  db.select({ id: posts.deliveryId }).from(posts).where(eq(posts.id, postId));

/** Standing orders of a chat that nothing new is recorded for from now on. @returns ids of those that were not paused */
export async function pauseWatches(db: Queryable, chat: ChatAddress, watchIds: number[]): Promise<number[]> {
  const paused = { pausedAt: sql`now()` };
  const rows = await db
    .update(watches)
    .set(paused)
    .where(and(isGivenBy(chat), inArray(watches.id, watchIds), isNull(watches.pausedAt)))
    .returning({ id: watches.id });
  const ids = rows.map(({ id }) => id);
  // Those that are made for them from then on are paused too.
  await db.update(watches).set(paused).where(isMadeFor(ids));
  return ids;
}

/** Goes on with the standing orders of a chat that are paused, or with those of them. @returns their ids */
export async function resumeWatches(db: Queryable, chat: ChatAddress, watchIds?: number[]): Promise<number[]> {
  const resumed = { pausedAt: null };
  const rows = await db
    .update(watches)
    .set(resumed)
    .where(and(isGivenBy(chat), isNotNull(watches.pausedAt), watchIds && inArray(watches.id, watchIds)))
    .returning({ id: watches.id });
  const ids = rows.map(({ id }) => id);
  await db.update(watches).set(resumed).where(isMadeFor(ids));
  return ids;
}

/** People know the orders that they gave, not those that were made for them. */
const isGivenBy = ({ kind, chatId }: ChatAddress) =>
  and(eq(watches.chatKind, kind), eq(watches.chatId, chatId), isNull(watches.endedAt), isNull(watches.parentId));

/** Ids of the standing orders that post to a Target. */
export async function findWatchesOfTarget(db: Queryable, targetId: number): Promise<number[]> {
  const rows = await db
    .select({ id: watches.id })
    .from(watchTargets)
    .innerJoin(watches, eq(watches.id, watchTargets.watchId))
    .where(and(eq(watchTargets.targetId, targetId), isNull(watches.endedAt), isNull(watches.parentId)))
    .orderBy(watches.id);
  return rows.map((row) => row.id);
}

/** Targets of a chat, default first. */
export async function findTargets(db: Queryable, chat: ChatAddress) {
  return db
    .select()
    .from(targets)
    .where(and(eq(targets.chatKind, chat.kind), eq(targets.chatId, chat.chatId), isNull(targets.removedAt)))
    .orderBy(desc(targets.isDefault), targets.id);
}

/** The target `here` of a chat (the chat itself), made on first use; the default unless another is named. */
export async function ensureTarget(db: Queryable, chat: ChatAddress, name: string | undefined) {
  await db
    .insert(targets)
    .values({
      chatKind: chat.kind,
      chatId: chat.chatId,
      name: 'here',
      kind: chat.kind,
      address: chat.chatId,
      isDefault: true,
    })
    .onConflictDoNothing();
  const rows = await findTargets(db, chat);
  return name === undefined ? rows.find((row) => row.isDefault) : rows.find((row) => row.name === name);
}
