import type { ChatReply } from '../core/ports.ts';
import type { Database } from '../db/client.ts';
import { createBell } from '../lib/bell.ts';
import type { Logger } from '../lib/log.ts';
import { step } from '../lib/steps.ts';
import type { Bus } from '../queue/bus.ts';
import { claimReply, findUnfinished, giveReplyBack, type InboxRow, noteHandled, pruneInbox } from './inbox.ts';
import { pause } from './pause.ts';

/** How a chat answers what stands in its inbox. */
export type Answerer = {
  db: Database;
  bus: Bus;
  log: Logger;
  account: string;
  /** Does what was said; gives what is to be answered, nothing where nothing is. */
  handle(row: InboxRow): Promise<ChatReply | undefined>;
  /** Shows the answer, once. @returns false where the signal came before anything was sent */
  show(row: InboxRow, reply: ChatReply, signal: AbortSignal): Promise<boolean>;
  /** Removes old rows of the chat's own. */
  tidy?(): Promise<void>;
};

/** By the row's id. */
type Busy = Map<number, { chatId: string; done: Promise<void> }>;

/** Chats that are answered at once: one command may take half a minute. */
const chatsAtOnce = 8;
const lookEveryMs = 3_000;
const tidyEveryMs = 600_000;
/** At the end, what is being answered may take so long; the rest is done by whoever listens next. */
const farewellMs = 5_000;

/** Answers the inbox until the signal: one chat in order, chats side by side. */
export async function answerInbox(answerer: Answerer, signal: AbortSignal): Promise<void> {
  const busy: Busy = new Map();
  const bell = createBell(lookEveryMs, signal);
  const unhear = answerer.bus.hear('inbox', bell.ring);
  let tidiedAt = Number.NEGATIVE_INFINITY;
  try {
    while (!signal.aborted) {
      for (const row of await nextRows(answerer, busy)) {
        const done = answerRow(answerer, row, signal).finally(() => {
          busy.delete(row.id);
          bell.ring();
        });
        busy.set(row.id, { chatId: row.chatId, done });
      }
      if (performance.now() - tidiedAt > tidyEveryMs) {
        tidiedAt = performance.now();
        await tidy(answerer);
      }
      await bell.heard();
    }
  } finally {
    unhear();
    bell.close();
    await farewell(busy);
  }
}

async function farewell(busy: Busy): Promise<void> {
  const isDone = new AbortController();
  const all = Promise.all([...busy.values()].map(({ done }) => done)).then(() => isDone.abort());
  await Promise.race([all, pause(farewellMs, isDone.signal)]);
}

async function nextRows({ db, account, log }: Answerer, busy: Busy): Promise<InboxRow[]> {
  try {
    const busyChats = [...busy.values()].map(({ chatId }) => chatId);
    const rows = await findUnfinished(db, account, { busyChats, limit: chatsAtOnce - busy.size });
    // A chat that moved meanwhile has another id now, and this row still.
    return rows.filter((row) => !busy.has(row.id));
  } catch (err) {
    log.warn({ err }, 'the inbox cannot be read yet');
    return [];
  }
}

async function tidy(answerer: Answerer): Promise<void> {
  const { db, account, log } = answerer;
  try {
    await pruneInbox(db, account);
    await answerer.tidy?.();
  } catch (err) {
    log.warn({ err }, 'old messages cannot be removed yet');
  }
}

/** Never throws: what could not be written is tried again when the row is read the next time. */
async function answerRow(answerer: Answerer, row: InboxRow, signal: AbortSignal): Promise<void> {
  try {
    const reply = row.handledAt ? row.reply : await handle(answerer, row);
    if (reply) await showReply(answerer, row, { reply, signal });
  } catch (err) {
    answerer.log.warn({ err, event: row.eventId }, 'a message could not be answered');
    await pause(lookEveryMs, signal);
  }
}

/** @returns what is to be said; nothing where another process handled the row meanwhile */
async function handle(answerer: Answerer, row: InboxRow): Promise<ChatReply | undefined> {
  const reply = await answerer.handle(row);
  step('inbox.handled');
  const isFirst = await noteHandled(answerer.db, row.id, reply);
  step('reply.noted');
  return isFirst ? reply : undefined;
}

async function showReply(
  answerer: Answerer,
  row: InboxRow,
  { reply, signal }: { reply: ChatReply; signal: AbortSignal },
): Promise<void> {
  const { db, log } = answerer;
  // From here on it is not sent a second time, whatever happens.
  if (!(await claimReply(db, row.id))) return;
  step('reply.claimed');
  try {
    const isSent = await answerer.show(row, reply, signal);
    step('reply.sent');
    if (!isSent) await giveReplyBack(db, row.id);
  } catch (err) {
    log.warn({ err, event: row.eventId }, 'a reply may not have been shown');
  }
}
