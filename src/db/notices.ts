import { and, asc, eq, isNull, lt, notInArray, sql } from 'drizzle-orm';
import type { ChatAddress, ChatKind } from '../core/model.ts';
import type { Queryable } from './client.ts';
import { notices } from './schema.ts';

export type NoticeRow = typeof notices.$inferSelect;

/** How long a notice is kept once it was said: the same key says nothing meanwhile. */
const keptDays = 90;

/**
 * Writes down what a chat is to be told. Under one key a chat is told one thing once: a second time changes nothing.
 * Ring `notices` on the bus when the transaction is over.
 *
 * @returns whether it is new
 */
export async function addNotice(
  db: Queryable,
  { chat, key, text }: { chat: ChatAddress; key: string; text: string },
): Promise<boolean> {
  const { kind: chatKind, chatId, threadId } = chat;
  const rows = await db
    .insert(notices)
    .values({ chatKind, chatId, threadId: threadId ?? null, key, text })
    .onConflictDoNothing()
    .returning({ id: notices.id });
  return rows.length > 0;
}

/** The oldest notice a kind of chat has not shown yet; `busy` names chats that cannot be told now. */
export async function findUnsaid(db: Queryable, chatKind: ChatKind, busy: string[]): Promise<NoticeRow | undefined> {
  const [row] = await db
    .select()
    .from(notices)
    .where(
      and(
        eq(notices.chatKind, chatKind),
        isNull(notices.saidAt),
        busy.length > 0 ? notInArray(notices.chatId, busy) : undefined,
      ),
    )
    .orderBy(asc(notices.id))
    .limit(1);
  return row;
}

/** Writes that it is being said: from here on nobody says it again. @returns false where another was first */
export async function claimNotice(db: Queryable, id: number): Promise<boolean> {
  const rows = await db
    .update(notices)
    .set({ saidAt: sql`now()` })
    .where(and(eq(notices.id, id), isNull(notices.saidAt)))
    .returning({ id: notices.id });
  return rows.length > 0;
}

/** Nothing of it was shown: it may be said again. */
export async function giveNoticeBack(db: Queryable, id: number): Promise<void> {
  await db.update(notices).set({ saidAt: null }).where(eq(notices.id, id));
}

/** Removes what was said long ago. */
export async function pruneNotices(db: Queryable): Promise<void> {
  await db.delete(notices).where(lt(notices.saidAt, sql`now() - make_interval(days => ${keptDays})`));
}
