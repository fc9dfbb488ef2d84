import { and, asc, eq, isNotNull, isNull, lt, notInArray, or, sql } from 'drizzle-orm';
import type { ChatReply } from '../core/ports.ts';
import type { Queryable } from '../db/client.ts';
import { inbox } from '../db/schema.ts';

export type InboxRow = typeof inbox.$inferSelect;
/**
 * How long a finished row is kept: what comes again must find it. Source: Telegram gives an update again for at most a
 * day (core.telegram.org/bots/api#getting-updates), Discord's interactions live for 15 minutes.
 */
const keptHours = 48;

/** Writes down what a chat handed over. The same event again changes nothing. @returns whether it is new */
export async function addToInbox(
  db: Queryable,
  event: { account: string; eventId: string; chatId: string; body: object },
): Promise<boolean> {
  const body = storable(event.body) as Record<string, unknown>;
  const rows = await db
    .insert(inbox)
    .values({ ...event, body })
    .onConflictDoNothing()
    .returning({ id: inbox.id });
  return rows.length > 0;
}

/** What Postgres takes: without NUL and halves of letters. */
export function storable<T>(value: T): T {
  const clean = (_key: string, item: unknown) =>
    typeof item === 'string'
      ? item.replace(/\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '')
      : item;
  return JSON.parse(JSON.stringify(value, clean)) as T;
}

const isUnfinished = or(isNull(inbox.handledAt), and(isNotNull(inbox.reply), isNull(inbox.repliedAt)));

/** The oldest unfinished row of each chat that is not busy, oldest first. */
export async function findUnfinished(
  db: Queryable,
  account: string,
  { busyChats, limit }: { busyChats: string[]; limit: number },
): Promise<InboxRow[]> {
  const mine = and(
    eq(inbox.account, account),
    isUnfinished,
    busyChats.length > 0 ? notInArray(inbox.chatId, busyChats) : undefined,
  );
  const first = db
    .select({ id: sql<number>`min(${inbox.id})`.as('first_id') })
    .from(inbox)
    .where(mine)
    .groupBy(inbox.chatId);
  return db.select().from(inbox).where(sql`${inbox.id} in (${first})`).orderBy(asc(inbox.id)).limit(limit);
}

/**
 * Writes that a row was handled, and what is to be said; what was attached (Discord's `data.resolved` has its address) is
 * forgotten, for it may hold a secret. @returns false where another process was first */
export async function noteHandled(db: Queryable, id: number, reply: ChatReply | undefined): Promise<boolean> {
  const rows = await db
    .update(inbox)
    .set({ handledAt: sql`now()`, reply: reply ?? null, body: sql`${inbox.body} #- '{data,resolved}'` })
    .where(and(eq(inbox.id, id), isNull(inbox.handledAt)))
    .returning({ id: inbox.id });
  return rows.length > 0;
}

/** Writes that the reply is being sent: from here on nobody sends it again. @returns false where another was first */
export async function claimReply(db: Queryable, id: number): Promise<boolean> {
  const rows = await db
    .update(inbox)
    .set({ repliedAt: sql`now()` })
    .where(and(eq(inbox.id, id), isNull(inbox.repliedAt)))
    .returning({ id: inbox.id });
  return rows.length > 0;
}

/** Nothing of the reply was sent: somebody else may. */
export async function giveReplyBack(db: Queryable, id: number): Promise<void> {
  await db.update(inbox).set({ repliedAt: null }).where(eq(inbox.id, id));
}

/** Removes what was finished so long ago that the chat will not hand it over again. */
export async function pruneInbox(db: Queryable, account: string): Promise<void> {
  const oldest = sql`now() - make_interval(hours => ${keptHours})`;
  const isSaid = or(isNull(inbox.reply), isNotNull(inbox.repliedAt));
  await db.delete(inbox).where(and(eq(inbox.account, account), lt(inbox.handledAt, oldest), isSaid));
}
