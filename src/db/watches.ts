import { and, desc, eq, isNull, sql } from 'drizzle-orm';
import type { ChatAddress, Language, Quality } from '../core/model.ts';
import type { Queryable } from './client.ts';
import {
  deliveries,
  renditions,
  sessions,
  streams,
  targets,
  type WatchRules,
  watches,
  watchTargets,
} from './schema.ts';

export type WatchRow = typeof watches.$inferSelect;

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
  rules: WatchRules;
  once: boolean;
  targetId: number;
};

/** Makes the Watch, or changes the standing one of this chat on the same Stream and quality. */
export async function upsertWatch(db: Queryable, { chat, targetId, ...order }: NewWatch): Promise<WatchRow> {
  const values = { ...order, chatKind: chat.kind, chatId: chat.chatId, threadId: chat.threadId ?? null };
  const insert = db.insert(watches).values(values);
  const [row] = order.once
    ? await insert.returning()
    : await insert
        .onConflictDoUpdate({
          target: [watches.streamId, watches.chatKind, watches.chatId, watches.quality],
          targetWhere: sql`ended_at is null and not once`,
          set: { rules: order.rules, pausedAt: null, language: order.language },
        })
        .returning();
  if (!row) throw new Error('upsert returned no row');
  await db.delete(watchTargets).where(eq(watchTargets.watchId, row.id));
  await db.insert(watchTargets).values({ watchId: row.id, targetId });
  return row;
}

/** Ends a Watch: nothing new is recorded for it. */
export async function endWatch(db: Queryable, watchId: number): Promise<void> {
  await db.update(watches).set({ endedAt: sql`now()` }).where(eq(watches.id, watchId));
}

/** Standing orders of a chat, newest first. */
export async function findWatches(db: Queryable, chat: ChatAddress) {
  return db
    .select({ watch: watches, stream: streams })
    .from(watches)
    .innerJoin(streams, eq(streams.id, watches.streamId))
    .where(and(eq(watches.chatKind, chat.kind), eq(watches.chatId, chat.chatId), isNull(watches.endedAt)))
    .orderBy(desc(watches.id));
}

/** Deliveries of a chat with what they hang on, newest first: `open` ones still capture for it. */
export async function findChatDeliveries(
  db: Queryable,
  chat: ChatAddress,
  filter: { sessionId?: number; isOpen?: boolean; limit?: number } = {},
) {
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
        filter.isOpen ? isNull(deliveries.closedAt) : undefined,
      ),
    )
    .orderBy(desc(deliveries.id))
    .limit(filter.limit ?? 200);
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
