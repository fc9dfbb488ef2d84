import type { Update, UserFromGetMe } from 'grammy/types';
import type { ChatReply } from '../../core/ports.ts';
import { step } from '../../lib/steps.ts';
import { createBell } from './bell.ts';
import type { Telegram } from './client.ts';
import { type OnEvent, replyTo } from './handle.ts';
import { claimReply, findUnfinished, giveReplyBack, type InboxRow, noteHandled, pruneInbox } from './inbox.ts';
import { pause } from './patience.ts';
import { sendReply } from './reply.ts';
import { pruneSightings } from './sightings.ts';

/** By the row's id. */
type Busy = Map<number, { chatId: string; done: Promise<void> }>;
type Answering = { me: UserFromGetMe; onEvent: OnEvent; signal: AbortSignal };

/** Chats that are answered at once: one command may take half a minute. */
const chatsAtOnce = 8;
const lookEveryMs = 3_000;
const tidyEveryMs = 600_000;
/** At the end, what is being answered may take so long; the rest is done by whoever listens next. */
const farewellMs = 5_000;

/** Answers the inbox until the signal: one chat in order, chats side by side. */
export async function answerUntil(telegram: Telegram, answering: Answering): Promise<void> {
  const { signal } = answering;
  const busy: Busy = new Map();
  const bell = createBell(lookEveryMs, signal);
  const unhear = telegram.bus.hear('inbox', bell.ring);
  let tidiedAt = Number.NEGATIVE_INFINITY;
  try {
    while (!signal.aborted) {
      for (const row of await nextRows(telegram, busy)) {
        const done = answerRow(telegram, row, answering).finally(() => {
          busy.delete(row.id);
          bell.ring();
        });
        busy.set(row.id, { chatId: row.chatId, done });
      }
      if (performance.now() - tidiedAt > tidyEveryMs) {
        tidiedAt = performance.now();
        await tidy(telegram);
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

async function nextRows({ db, account, log }: Telegram, busy: Busy): Promise<InboxRow[]> {
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

async function tidy({ db, account, log }: Telegram): Promise<void> {
  try {
    await pruneInbox(db, account);
    await pruneSightings(db, account);
  } catch (err) {
    log.warn({ err }, 'old messages cannot be removed yet');
  }
}

/** Never throws: what could not be written is tried again when the row is read the next time. */
async function answerRow(telegram: Telegram, row: InboxRow, answering: Answering): Promise<void> {
  try {
    const reply = row.handledAt ? row.reply : await handle(telegram, row, answering);
    if (reply) await showReply(telegram, row, { reply, signal: answering.signal });
  } catch (err) {
    telegram.log.warn({ err, update: row.eventId }, 'a message could not be answered');
    await pause(lookEveryMs, answering.signal);
  }
}

/** @returns what is to be said; nothing where another process handled the row meanwhile */
async function handle(telegram: Telegram, row: InboxRow, answering: Answering): Promise<ChatReply | undefined> {
  const update = row.body as unknown as Update;
  const said = await replyTo(telegram, update, answering);
  step('inbox.handled');
  // A pressed button waits for an answer, even an empty one.
  const reply = said ?? (update.callback_query ? { text: '' } : undefined);
  const isFirst = await noteHandled(telegram.db, row.id, reply);
  step('reply.noted');
  return isFirst ? reply : undefined;
}

async function showReply(
  telegram: Telegram,
  { id, chatId, body }: InboxRow,
  { reply, signal }: { reply: ChatReply; signal: AbortSignal },
): Promise<void> {
  // From here on it is not sent a second time, whatever happens.
  if (!(await claimReply(telegram.db, id))) return;
  step('reply.claimed');
  const update = body as unknown as Update;
  try {
    const isSent = await sendReply(telegram, reply, { chatId, update, signal });
    step('reply.sent');
    if (!isSent) await giveReplyBack(telegram.db, id);
  } catch (err) {
    telegram.log.warn({ err, update: update.update_id }, 'a reply may not have been shown');
  }
}
