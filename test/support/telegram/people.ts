import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Chat, Message, User } from 'grammy/types';
import { threadOfReply } from './destination.ts';
import { parseText } from './entities.ts';
import { type Draft, edit, post } from './messages.ts';
import { attributesOf, type MediaKind } from './methods/media.ts';
import { type BotState, type ChatState, nextId, nowMs, type StoredMessage, type WorldState } from './state.ts';
import { deliver } from './updates.ts';
import { mimeTypeOf, storeUpload } from './uploads.ts';
import { viewOf } from './views.ts';

/** The first bot that was added: the one that tests talk to, unless they name another. */
export function defaultBot(world: WorldState): BotState {
  const [bot] = world.bots.values();
  if (!bot) throw new Error('a world without a bot');
  return bot;
}

/** The chat behind what tests hold in their hands. */
export function stateOf(world: WorldState, chat: { id: number }, bot = defaultBot(world)): ChatState {
  const key = chat.id > 0 ? `${bot.user.id}:${chat.id}` : String(chat.id);
  const found = world.chats.get(key);
  if (!found) throw new Error(`no chat ${chat.id}`);
  return found;
}

export type SayOptions = {
  threadId?: number;
  replyTo?: number;
  /** Speaks as a chat: the group itself (an anonymous administrator) or a channel of theirs. */
  as?: Chat;
};

/** Who stands for chats that speak. Source: Bot API, Message, field `from`; the ids are Telegram's own. */
const groupBot: User = { id: 1_087_968_824, is_bot: true, first_name: 'Group', username: 'GroupAnonymousBot' };
const channelBot: User = { id: 136_817_688, is_bot: true, first_name: 'Channel', username: 'Channel_Bot' };

function speakerOf(world: WorldState, user: User, { chat, as }: { chat: ChatState; as: Chat | undefined }) {
  if (chat.chat.type === 'channel') return { senderChat: chat };
  if (!as) return { from: user };
  return { from: as.id === chat.chat.id ? groupBot : channelBot, senderChat: stateOf(world, as) };
}

/** What a person's message has besides its content; who speaks in a group becomes its member. */
function draftOf(world: WorldState, user: User, chat: ChatState, { threadId, replyTo, as }: SayOptions): Draft {
  const message = replyTo === undefined ? undefined : chat.messages.get(replyTo);
  if (replyTo !== undefined && !message) throw new Error(`no message ${replyTo} to reply to`);
  if (chat.chat.type !== 'private' && !chat.members.has(user.id)) {
    chat.members.set(user.id, { user, status: 'member', rights: {} });
  }
  const isForum = 'is_forum' in chat.chat && chat.chat.is_forum === true;
  const topicId = threadId ?? (message?.isTopicMessage ? message.threadId : undefined);
  const thread = isForum && topicId !== undefined ? { threadId: topicId, isTopicMessage: true } : {};
  return {
    ...speakerOf(world, user, { chat, as }),
    ...(message ? { replyTo: message } : {}),
    ...(isForum ? thread : threadOfReply(chat, message)),
  };
}

function postAs(world: WorldState, chat: ChatState, draft: Draft): Message {
  const [message] = post(world, chat, { drafts: [draft] });
  if (!message) throw new Error('nothing posted');
  return viewOf(world, message, defaultBot(world).user.id);
}

/** A person writes; commands, links and names get their entities. */
export function say(world: WorldState, user: User, chat: Chat, what: SayOptions & { text: string }): Message {
  const state = stateOf(world, chat);
  return postAs(world, state, { ...draftOf(world, user, state, what), ...parseText({ text: what.text }) });
}

/** A person edits what was said. */
export function change(world: WorldState, chat: Chat, what: { messageId: number; text: string }): void {
  const message = stateOf(world, chat).messages.get(what.messageId);
  if (!message) throw new Error(`no message ${what.messageId}`);
  edit(world, message, parseText({ text: what.text }));
}

export type SendFileOptions = SayOptions & {
  /** Absolute. */
  path: string;
  kind?: MediaKind;
  caption?: string;
  /** As the parameters of sendVideo. */
  attributes?: Record<string, unknown>;
};

/** A person sends a file from this disk. */
export async function sendFile(world: WorldState, user: User, chat: Chat, what: SendFileOptions): Promise<Message> {
  const state = stateOf(world, chat);
  const { path, kind = 'document', caption = '' } = what;
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  const fileName = basename(path);
  const part = { fileName, mimeType: mimeTypeOf(fileName), path, sizeBytes: (await stat(path)).size, sha256 };
  const file = await storeUpload(world, kind, { part, attributes: attributesOf(kind, what.attributes ?? {}) });
  const { text, entities } = parseText({ text: caption });
  const draft = { ...draftOf(world, user, state, what), file, caption: text, captionEntities: entities };
  return postAs(world, state, draft);
}

/**
 * A person presses a button, named by what it shows or by its data.
 *
 * @returns the id of the callback query
 * @throws Error when no such button is there: people cannot press it either
 */
export function press(world: WorldState, user: User, chat: Chat, what: { messageId: number; button: string }): string {
  const message = stateOf(world, chat).messages.get(what.messageId);
  const button = message?.markup?.inline_keyboard
    .flat()
    .find((one) => one.text === what.button || ('callback_data' in one && one.callback_data === what.button));
  if (!message || !button || !('callback_data' in button)) throw new Error(`no button ${what.button} to press`);
  return callback(world, user, { message, data: button.callback_data });
}

function callback(world: WorldState, user: User, { message, data }: { message: StoredMessage; data: string }): string {
  const bot = [...world.bots.values()].find((candidate) => candidate.user.id === message.botId);
  if (!bot) throw new Error('buttons stand under messages of bots');
  const id = String(nextId(world) * 4_294_967_311);
  bot.callbacks.set(id, nowMs(world));
  const callbackQuery = {
    id,
    from: user,
    message: viewOf(world, message, bot.user.id),
    chat_instance: String(message.chat.chat.id),
    data,
  };
  deliver(world, bot, { callback_query: callbackQuery });
  return id;
}
