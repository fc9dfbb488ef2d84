import { randomBytes } from 'node:crypto';
import type { Update, UserFromGetMe } from 'grammy/types';
import { UserError } from '../../core/errors.ts';
import type { ChatEvent, ChatReply } from '../../core/ports.ts';
import { errorSentence, languageOf } from '../../core/text/text.ts';
import { moveChat } from '../../db/chats.ts';
import { noteStranger } from '../../db/grants.ts';
import type { Telegram } from './client.ts';
import { type Nameless, toEvent } from './event.ts';
import { claimReply, findUnfinished, giveReplyBack, type InboxRow, noteHandled, pruneInbox } from './inbox.ts';
import { pause } from './patience.ts';
import { sendReply } from './reply.ts';
import { pruneSightings } from './sightings.ts';

export type OnEvent = (event: ChatEvent) => Promise<ChatReply | undefined>;
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
  const busy = new Map<string, Promise<void>>();
  let bell = new AbortController();
  const ring = () => bell.abort();
  const unhear = telegram.bus.hear('inbox', ring);
  let tidiedAt = Number.NEGATIVE_INFINITY;
  try {
    while (!signal.aborted) {
      bell = new AbortController();
      for (const row of await nextRows(telegram, [...busy.keys()])) {
        const done = answerRow(telegram, row, answering).finally(() => {
          busy.delete(row.chatId);
          ring();
        });
        busy.set(row.chatId, done);
      }
      if (performance.now() - tidiedAt > tidyEveryMs) {
        tidiedAt = performance.now();
        await tidy(telegram);
      }
      await pause(lookEveryMs, AbortSignal.any([signal, bell.signal]));
    }
  } finally {
    unhear();
    await Promise.race([Promise.all(busy.values()), pause(farewellMs, new AbortController().signal)]);
  }
}

async function nextRows({ db, account, log }: Telegram, busyChats: string[]): Promise<InboxRow[]> {
  try {
    return await findUnfinished(db, account, { busyChats, limit: chatsAtOnce - busyChats.length });
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
  // A pressed button waits for an answer, even an empty one.
  const reply = said ?? (update.callback_query ? { text: '' } : undefined);
  return (await noteHandled(telegram.db, row.id, reply)) ? reply : undefined;
}

async function replyTo(telegram: Telegram, update: Update, { me, onEvent }: Answering): Promise<ChatReply | undefined> {
  const event = toEvent(update, me);
  if (!event) return undefined;
  if (event.kind === 'migrate') {
    await moveChat(telegram.db, 'telegram', event.from, event.to);
    return undefined;
  }
  if (event.kind === 'nameless') return answerNameless(telegram, event);
  try {
    return await onEvent(event);
  } catch (err) {
    const id = randomBytes(3).toString('hex');
    telegram.log.error({ err, id, update: update.update_id }, 'a message could not be handled');
    return { text: errorSentence(languageOf(event.text, event.user.language), err, id), isError: true };
  }
}

/** Rights belong to people; a group that speaks is nobody. Told once an hour, like strangers. */
async function answerNameless({ db }: Telegram, { chat, text }: Nameless): Promise<ChatReply | undefined> {
  if (!(await noteStranger(db, chat, { userId: chat.chatId, userName: 'anonymous admin' }))) return undefined;
  return { text: errorSentence(languageOf(text), new UserError('anonymous_admin')), isError: true };
}

async function showReply(
  telegram: Telegram,
  { id, chatId, body }: InboxRow,
  { reply, signal }: { reply: ChatReply; signal: AbortSignal },
): Promise<void> {
  // From here on it is not sent a second time, whatever happens.
  if (!(await claimReply(telegram.db, id))) return;
  const update = body as unknown as Update;
  try {
    if (!(await sendReply(telegram, reply, { chatId, update, signal }))) await giveReplyBack(telegram.db, id);
  } catch (err) {
    telegram.log.warn({ err, update: update.update_id }, 'a reply may not have been shown');
  }
}
