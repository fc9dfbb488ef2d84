import { randomBytes } from 'node:crypto';
import type { Update, UserFromGetMe } from 'grammy/types';
import { UserError } from '../../core/errors.ts';
import type { ChatEvent, ChatReply } from '../../core/ports.ts';
import { errorSentence, languageOf } from '../../core/text/text.ts';
import { moveChat } from '../../db/chats.ts';
import { noteStranger } from '../../db/grants.ts';
import type { Telegram } from './client.ts';
import { type Nameless, type Said, toEvent } from './event.ts';
import { fileOf, hideMessage } from './said-file.ts';

/** What the product does with what was said; nothing where nothing is to be answered. */
export type OnEvent = (event: ChatEvent) => Promise<ChatReply | undefined>;

/** What is to be said to an update. A fault of the handler is told to the person, and the log has more. */
export async function replyTo(
  telegram: Telegram,
  update: Update,
  { me, onEvent }: { me: UserFromGetMe; onEvent: OnEvent },
): Promise<ChatReply | undefined> {
  const event = toEvent(update, me);
  if (!event) return undefined;
  if (event.kind === 'migrate') {
    await moveChat(telegram.db, 'telegram', event.from, event.to);
    return undefined;
  }
  if (event.kind === 'nameless') return answerNameless(telegram, event);
  try {
    return await onEvent(update.message ? withFile(telegram, event) : event);
  } catch (err) {
    const id = randomBytes(3).toString('hex');
    telegram.log.error({ err, id, update: update.update_id }, 'a message could not be handled');
    return { text: errorSentence(languageOf(event.text, event.user.language), err, id), isError: true };
  }
}

function withFile(telegram: Telegram, { document, ...event }: Said): ChatEvent {
  const hide = () => hideMessage(telegram, event);
  return { ...event, hide, ...(document ? { file: fileOf(telegram, document) } : {}) };
}

/** Rights belong to people; a group that speaks is nobody. Told once an hour, like strangers. */
async function answerNameless({ db }: Telegram, { chat, text }: Nameless): Promise<ChatReply | undefined> {
  if (!(await noteStranger(db, chat, { userId: chat.chatId, userName: 'anonymous admin' }))) return undefined;
  return { text: errorSentence(languageOf(text), new UserError('anonymous_admin')), isError: true };
}
