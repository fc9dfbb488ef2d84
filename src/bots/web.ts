import { copyFile, link } from 'node:fs/promises';
import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import { errorText, FatalError, TemporaryError } from '../core/errors.ts';
import { webPartPrefix } from '../core/model.ts';
import type {
  Chat,
  ChatEvent,
  ChatLimits,
  ChatReply,
  OutgoingPost,
  PartFile,
  PostItem,
  Remote,
  Storage,
} from '../core/ports.ts';
import type { Database } from '../db/client.ts';
import { webMessages } from '../db/schema.ts';
import { createBell } from '../lib/bell.ts';
import type { Logger } from '../lib/log.ts';
import type { Bus } from '../queue/bus.ts';
import { listenByLease } from './listen-by-lease.ts';

type OnEvent = (event: ChatEvent) => Promise<ChatReply | undefined>;

export type WebChatOptions = { db: Database; bus: Bus; storage: Storage; log: Logger };
/** One file of an album as `web_messages.media` holds it. */
type Media = (typeof webMessages.$inferSelect)['media'][number];

/** The web chat has no limits of its own; these keep a page usable. */
const defaults: ChatLimits = {
  partBytes: 2_000_000_000,
  albumItems: 10,
  captionChars: 1024,
  textChars: 4096,
  maxParts: 1000,
};
const lookEveryMs = 3_000;

/**
 * The web chat as a chat like the others: the web server only writes down what a person typed; this driver reads it,
 * answers and posts. Its rows are to it what Telegram's servers are to Telegram: a post is one row with a unique
 * nonce, so it appears exactly once.
 */
export function createWebChat(options: WebChatOptions): Chat {
  const { db, bus, storage, log } = options;
  return {
    kind: 'web',
    account: 'web',
    limits: async (target) => ({ ...defaults, ...target.limits }),
    canStage: () => true,
    listen: (onEvent, signal) =>
      listenByLease({ db, log, account: 'web', serve: (until) => answerUntil(options, onEvent, until) }, signal),
    stage: (_target, file, { onProgress }) => stage(storage, file, onProgress),
    async post(_target, post, items) {
      const id = await insertPost(db, post, items);
      await bus.tell('web_messages', id);
      return { messageIds: [String(id)] };
    },
    async edit(_target, post, ids) {
      const id = Number(ids.messageIds[0]);
      await db.update(webMessages).set({ content: post.content, editedAt: sql`now()` }).where(eq(webMessages.id, id));
      await bus.tell('web_messages', id);
    },
    async remove(_target, _post, ids) {
      const id = Number(ids.messageIds[0]);
      await db.delete(webMessages).where(eq(webMessages.id, id));
      await bus.tell('web_messages', id);
    },
    async say({ chatId }, { key, text }) {
      const said = { chatId, author: 'bot' as const, kind: 'reply' as const, content: { text }, nonce: key };
      const [row] = await db.insert(webMessages).values(said).onConflictDoNothing().returning({ id: webMessages.id });
      if (row) await bus.tell('web_messages', row.id);
      return true;
    },
    async reconcile(_target, post) {
      const id = await findByNonce(db, nonceOf(post));
      return id === undefined ? { verdict: 'missing' } : { verdict: 'posted', ids: { messageIds: [String(id)] } };
    },
    findPlace: async (address) => ({ address, name: address, isTheirs: true }),
    doctor: async () => [],
  };
}

const nonceOf = (post: OutgoingPost) => `post:${post.id}`;

async function findByNonce(db: Database, nonce: string): Promise<number | undefined> {
  const [row] = await db.select({ id: webMessages.id }).from(webMessages).where(eq(webMessages.nonce, nonce));
  return row?.id;
}

async function insertPost(db: Database, post: OutgoingPost, items: PostItem[]): Promise<number> {
  const nonce = nonceOf(post);
  const media = items.map(({ remote }) => {
    if (!remote) throw new FatalError('part_not_staged');
    return remote as unknown as Media;
  });
  const parentId = post.parent ? Number(post.parent.messageIds[0]) : null;
  const { chatId } = post.chat;
  const [row] = await db
    .insert(webMessages)
    .values({ chatId, parentId, author: 'bot', kind: post.kind, content: post.content, media, nonce })
    .onConflictDoNothing()
    .returning();
  const id = row?.id ?? (await findByNonce(db, nonce));
  if (id === undefined) throw new TemporaryError('connection_lost');
  return id;
}

/** A Part in Storage under its id: staged again after a crash it is the same file. */
async function stage(storage: Storage, file: PartFile, onProgress: (sentBytes: number) => void): Promise<Remote> {
  const key = `${webPartPrefix}${file.partId}.mp4`;
  await putCopy(storage, key, file.path);
  const thumbnailKey = file.thumbnailPath ? `${webPartPrefix}${file.partId}.jpg` : undefined;
  if (thumbnailKey && file.thumbnailPath) await putCopy(storage, thumbnailKey, file.thumbnailPath);
  onProgress(file.sizeBytes);
  const { width, height, lengthMs, sizeBytes, fileName } = file;
  return {
    key,
    ...(thumbnailKey ? { thumbnailKey } : {}),
    width,
    height,
    lengthMs,
    sizeBytes,
    fileName,
  } satisfies Media;
}

/** The file is the caller's: a second name of it (or a copy, across disks) is moved in. */
async function putCopy(storage: Storage, key: string, path: string): Promise<void> {
  const copy = `${path}.staging`;
  await link(path, copy).catch(() => copyFile(path, copy));
  await storage.put(key, copy);
}

/** Answers what people type, until the signal. Of all processes one does so at a time. */
async function answerUntil(options: WebChatOptions, onEvent: OnEvent, signal: AbortSignal): Promise<void> {
  const bell = createBell(lookEveryMs, signal);
  const unhear = options.bus.hear('web_messages', bell.ring);
  try {
    while (!signal.aborted) {
      try {
        while (!signal.aborted && (await answerNext(options, onEvent))) continue;
      } catch (err) {
        options.log.warn({ err }, 'the web chat cannot be read yet');
      }
      await bell.heard();
    }
  } finally {
    unhear();
    bell.close();
  }
}

/**
 * Answers the oldest unanswered message. No transaction is open meanwhile: a command may take half a minute.
 *
 * @returns false where there is none
 */
async function answerNext({ db, bus, log }: WebChatOptions, onEvent: OnEvent): Promise<boolean> {
  const [said] = await db
    .select()
    .from(webMessages)
    .where(and(eq(webMessages.author, 'user'), isNull(webMessages.handledAt)))
    .orderBy(asc(webMessages.id))
    .limit(1);
  if (!said) return false;
  const reply = await onEvent(toEvent(said)).catch((err) => {
    log.error({ err, message: said.id }, 'a message could not be answered');
    return { text: errorText(err), isError: true };
  });
  for (const id of await noteReply(db, said, reply)) await bus.tell('web_messages', id);
  return true;
}

/** Whoever handled it first writes the reply. @returns the reply's id, none where nothing is said */
async function noteReply(
  db: Database,
  { id, chatId }: { id: number; chatId: string },
  reply: ChatReply | undefined,
): Promise<number[]> {
  return db.transaction(async (tx) => {
    const unhandled = and(eq(webMessages.id, id), isNull(webMessages.handledAt));
    const claimed = await tx
      .update(webMessages)
      .set({ handledAt: sql`now()` })
      .where(unhandled)
      .returning({ id: webMessages.id });
    if (claimed.length === 0 || !reply) return [];
    const content = { text: reply.text, ...(reply.isError ? { isError: true } : {}) };
    const rows = await tx
      .insert(webMessages)
      .values({ chatId, author: 'bot', kind: 'reply', content, nonce: `reply:${id}` })
      .onConflictDoNothing()
      .returning({ id: webMessages.id });
    return rows.map((row) => row.id);
  });
}

function toEvent(row: typeof webMessages.$inferSelect): ChatEvent {
  return {
    kind: 'command',
    chat: { kind: 'web', chatId: row.chatId },
    // Whoever holds the login link owns this installation.
    user: { id: row.userId, name: row.userName, isOwner: true },
    text: row.content.text,
    isPrivate: true,
    messageId: String(row.id),
  };
}
