import type { CallbackQuery, Document, Message, Update, User, UserFromGetMe } from 'grammy/types';
import { commandSpecs } from '../../core/command.ts';
import type { ChatAddress, Language } from '../../core/model.ts';
import type { ChatEvent } from '../../core/ports.ts';

/** A group whose rows are to be moved, as its own messages tell. */
export type Migration = { kind: 'migrate'; from: string; to: string };
/** A command by an admin whom Telegram shows as the group itself. */
export type Nameless = { kind: 'nameless'; chat: ChatAddress; text: string; messageId: string };

/** What was said, before its file is fetched. */
export type Said = Omit<ChatEvent, 'file' | 'hide'> & { document?: Document };

/** The chat an update belongs to; undefined where nothing in it is for us, so that it need not be kept. */
export function chatOf(update: Update): string | undefined {
  const { message, callback_query: query } = update;
  if (query?.message && query.data?.startsWith('/')) return String(query.message.chat.id);
  if (!message) return undefined;
  return migrationOf(message) || isAddressable(message) ? String(message.chat.id) : undefined;
}

/** Private chats speak to us; of what a group says only commands are kept. */
function isAddressable(message: Message): boolean {
  const text = textOf(message);
  if (text === undefined || message.forward_origin || message.via_bot) return false;
  return message.chat.type === 'private' || text.startsWith('/');
}

/** What a message says; of files only those of cookies do: named so, or a text file by itself in private. */
function textOf({ text, caption, document, chat }: Message): string | undefined {
  if (text !== undefined || !document) return text;
  const isBare = caption === undefined && chat.type === 'private' && /\.txt$/i.test(document.file_name ?? '');
  return isBare ? '/cookies' : caption?.match(/^\/cookies\b/i) ? caption : undefined;
}

function migrationOf({ chat, migrate_to_chat_id: to, migrate_from_chat_id: from }: Message): Migration | undefined {
  if (to !== undefined) return { kind: 'migrate', from: String(chat.id), to: String(to) };
  return from === undefined ? undefined : { kind: 'migrate', from: String(from), to: String(chat.id) };
}

/**
 * What an update says to us; undefined for what is not for us: other bots' commands, forwarded messages, what bots and
 * channels say, files but text files.
 */
export function toEvent(update: Update, me: UserFromGetMe): Said | Migration | Nameless | undefined {
  if (update.callback_query) return ofButton(update.callback_query);
  const { message } = update;
  if (!message) return undefined;
  return migrationOf(message) ?? (isAddressable(message) ? ofMessage(message, me) : undefined);
}

function ofButton({ data, message, from }: CallbackQuery): Said | undefined {
  if (!message || !data?.startsWith('/')) return undefined;
  const chat = addressOf(message);
  return { kind: 'command', chat, user: personOf(from), text: data, messageId: String(message.message_id) };
}

function ofMessage(message: Message, me: UserFromGetMe): Said | Nameless | undefined {
  const { from, sender_chat: sender, chat, document } = message;
  const text = addressedText(message, me);
  if (text === undefined || !from) return undefined;
  const said = { chat: addressOf(message), text, messageId: String(message.message_id) };
  if (sender) return sender.id === chat.id ? { kind: 'nameless', ...said } : undefined;
  if (from.is_bot) return undefined;
  const isPrivate = chat.type === 'private';
  return { kind: 'command', user: personOf(from), isPrivate, ...said, ...(document ? { document } : {}) };
}

/** The text without our name; undefined where it speaks to another bot, or in a group to nobody we know of. */
function addressedText(message: Message, me: UserFromGetMe): string | undefined {
  const { chat } = message;
  const text = textOf(message) ?? '';
  const [command, name = '', bot] = /^\/(\w+)(?:@(\w+))?(?!\S)/.exec(text) ?? [];
  if (bot !== undefined && bot.toLowerCase() !== me.username.toLowerCase()) return undefined;
  const isPrivate = chat.type === 'private';
  if (command === undefined) return isPrivate ? text : undefined;
  // What every client sends by its first button. It may carry a word we have no use for.
  if (name.toLowerCase() === 'start' && isPrivate) return '/help';
  const isKnown = commandSpecs.some((spec) => spec.name === name.toLowerCase());
  // In a group another bot may know it.
  if (!isPrivate && bot === undefined && !isKnown) return undefined;
  return `/${name}${text.slice(command.length)}`;
}

function addressOf({
  chat,
  ...message
}: Pick<Message, 'chat' | 'message_thread_id' | 'is_topic_message'>): ChatAddress {
  const { message_thread_id: threadId, is_topic_message: isTopic } = message;
  const thread = isTopic && threadId !== undefined ? { threadId: String(threadId) } : {};
  return { kind: 'telegram', chatId: String(chat.id), ...thread };
}

function personOf(from: User): ChatEvent['user'] {
  const name = [from.first_name, from.last_name].filter(Boolean).join(' ');
  const language: Language = from.language_code?.startsWith('ru') ? 'ru' : 'en';
  return { id: String(from.id), name, isOwner: false, language };
}
