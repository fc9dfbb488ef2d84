import { and, asc, desc, eq, inArray, isNull } from 'drizzle-orm';
import { ownerChat } from '../core/model.ts';
import type { ChatReply } from '../core/ports.ts';
import type { Database } from '../db/client.ts';
import { webMessages } from '../db/schema.ts';
import type { Thread } from './pages/message.tsx';

const shownMessages = 200;

/** The last messages with their comments, oldest first. */
export async function findThreads(db: Database): Promise<Thread[]> {
  const rows = await db
    .select()
    .from(webMessages)
    .where(and(eq(webMessages.chatId, ownerChat.chatId), isNull(webMessages.parentId)))
    .orderBy(desc(webMessages.id))
    .limit(shownMessages);
  return withComments(db, rows.reverse());
}

/** The thread a message belongs to: its own, or the one it comments. */
export async function findThread(db: Database, messageId: number): Promise<Thread | undefined> {
  const [row] = await db.select().from(webMessages).where(eq(webMessages.id, messageId));
  if (!row) return undefined;
  if (row.parentId !== null) return findThread(db, row.parentId);
  const [thread] = await withComments(db, [row]);
  return thread;
}

async function withComments(db: Database, messages: (typeof webMessages.$inferSelect)[]): Promise<Thread[]> {
  if (messages.length === 0) return [];
  const ids = messages.map((message) => message.id);
  const comments = await db
    .select()
    .from(webMessages)
    .where(inArray(webMessages.parentId, ids))
    .orderBy(asc(webMessages.id));
  return messages.map((message) => ({
    message,
    comments: comments.filter((comment) => comment.parentId === message.id),
  }));
}

/** Writes down what a person typed; the bot answers it. */
export async function say(db: Database, text: string): Promise<number> {
  const values = {
    chatId: ownerChat.chatId,
    author: 'user' as const,
    userId: 'owner',
    userName: 'you',
    kind: 'command' as const,
    content: { text },
  };
  const [row] = await db.insert(webMessages).values(values).returning({ id: webMessages.id });
  if (!row) throw new Error('insert returned no row');
  return row.id;
}

/** Writes down what was asked beside the chat, and its answer. @returns their ids */
export async function noteAnswered(db: Database, text: string, reply: ChatReply): Promise<number[]> {
  const { chatId } = ownerChat;
  const asked = { chatId, author: 'user' as const, userId: 'owner', userName: 'you', kind: 'command' as const };
  const content = { text: reply.text, ...(reply.isError ? { isError: true } : {}) };
  const rows = await db
    .insert(webMessages)
    .values([
      { ...asked, content: { text }, handledAt: new Date() },
      { chatId, author: 'bot', kind: 'reply', content },
    ])
    .returning({ id: webMessages.id });
  return rows.map(({ id }) => id);
}
