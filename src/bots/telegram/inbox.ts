import { and, asc, eq, isNotNull, isNull, lt, notInArray, or, sql } from 'drizzle-orm';
import type { Update } from 'grammy/types';
import type { ChatReply } from '../../core/ports.ts';
import type { Queryable } from '../../db/client.ts';
import { inbox } from '../../db/schema.ts';
import { step } from '../../lib/steps.ts';
import type { Telegram } from './client.ts';
import { chatOf } from './event.ts';
import { noteSighting } from './sightings.ts';

export type InboxRow = typeof inbox.$inferSelect;
/** Telegram gives an update again for at most a day; its row must outlive that. Source: core.telegram.org/bots/api#getting-updates */
const keptHours = 48;

/**
 * Writes updates down before they are confirmed to Telegram: what is said to us into the inbox, what is seen of a
 * channel's posts into the sightings. An update that comes again changes nothing.
 */
export async function takeUpdates({ db, bus, account }: Telegram, updates: Update[]): Promise<void> {
  const isTold = await db.transaction(async (tx) => {
    let count = 0;
    for (const update of updates.map(storable)) {
      await noteSighting(tx, account, update);
      const chatId = chatOf(update);
      if (chatId === undefined) continue;
      const values = { account, eventId: String(update.update_id), chatId, body: { ...update } };
      await tx.insert(inbox).values(values).onConflictDoNothing();
      count += 1;
    }
    return count > 0;
  });
  step('inbox.taken');
  if (isTold) await bus.tell('inbox', 0);
}

/** What Postgres takes: without NUL and halves of letters. */
function storable(update: Update): Update {
  const clean = (_key: string, value: unknown) =>
    typeof value === 'string'
      ? value.replace(/\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '')
      : value;
  return JSON.parse(JSON.stringify(update, clean)) as Update;
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

/** Writes that a row was handled, and what is to be said. @returns false where another process was first */
export async function noteHandled(db: Queryable, id: number, reply: ChatReply | undefined): Promise<boolean> {
  const rows = await db
    .update(inbox)
    .set({ handledAt: sql`now()`, reply: reply ?? null })
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

/** Removes what was finished so long ago that Telegram will not hand it over again. */
export async function pruneInbox(db: Queryable, account: string): Promise<void> {
  const oldest = sql`now() - make_interval(hours => ${keptHours})`;
  const isSaid = or(isNull(inbox.reply), isNotNull(inbox.repliedAt));
  await db.delete(inbox).where(and(eq(inbox.account, account), lt(inbox.handledAt, oldest), isSaid));
}
