import { chatOf, hasRight, requireSend, type Sendable } from './access.ts';
import { badRequest } from './api-error.ts';
import { originOf } from './forwards.ts';
import { markupOf } from './markup.ts';
import { type Draft, senderOf } from './messages.ts';
import { type BotState, botByToken, type ChatState, type StoredMessage, type WorldState } from './state.ts';
import type { Call } from './types.ts';
import { fileView } from './views.ts';

/** Where a message goes, and what every message of one call has in common. */
export type Destination = { bot: BotState; chat: ChatState; common: Draft };

/**
 * Reads what all send methods share, and refuses what may not be sent there.
 *
 * @throws ApiError
 */
export function destinationOf(world: WorldState, call: Call, what: Sendable): Destination {
  const bot = botByToken(world, call.token);
  const { params } = call;
  const chat = chatOf(world, bot, params.chat_id);
  requireSend(bot, chat, what);
  const reply = replyOf(world, bot, { chat, parameters: params.reply_parameters });
  const thread = threadOf(world, bot, { chat, threadId: params.message_thread_id, replyTo: reply.replyTo });
  const markup = markupOf(params.reply_markup);
  const common: Draft = {
    ...senderOf(bot, chat),
    ...reply,
    ...thread,
    ...(markup ? { markup } : {}),
    ...(params.protect_content ? { isProtected: true } : {}),
  };
  return { bot, chat, common };
}

type ReplyParameters = { message_id: number; chat_id?: number | string; allow_sending_without_reply?: boolean };
type Reply = Pick<StoredMessage, 'replyTo' | 'externalReply'>;

function replyOf(
  world: WorldState,
  bot: BotState,
  { chat, parameters }: { chat: ChatState; parameters: ReplyParameters | undefined },
): Reply {
  if (!parameters) return {};
  const other = parameters.chat_id === undefined ? chat : chatOf(world, bot, parameters.chat_id);
  const message = other.messages.get(parameters.message_id);
  if (!message) {
    if (parameters.allow_sending_without_reply) return {};
    throw badRequest('message to be replied not found');
  }
  if (other === chat) return { replyTo: message };
  const place = `${other.chat.id}/${message.id}`;
  const media = message.file && { [message.file.kind]: fileView(world, message.file, bot.user.id, place) };
  return {
    externalReply: { origin: originOf(message), chat: other.chat, message_id: message.id, ...media },
  };
}

type Thread = Pick<StoredMessage, 'threadId' | 'isTopicMessage'>;

/** Source: telegram-bot-api Client.cpp, check_message_topic; TDLib for the threads of replies. */
function threadOf(
  world: WorldState,
  bot: BotState,
  { chat, threadId, replyTo }: { chat: ChatState; threadId: number | undefined; replyTo: StoredMessage | undefined },
): Thread {
  const isForum = 'is_forum' in chat.chat && chat.chat.is_forum === true;
  if (!isForum && threadId !== undefined) {
    world.options.violate(`message_thread_id ${threadId}: ignored, the chat ${chat.chat.id} is no forum`);
  }
  if (!isForum) return threadOfReply(chat, replyTo);
  const topicId = threadId ?? (replyTo?.isTopicMessage ? replyTo.threadId : undefined);
  if (topicId === undefined) return {};
  const topic = chat.topics.get(topicId);
  if (!topic) throw badRequest('message thread not found');
  if (topic.isClosed && !hasRight(bot, chat, 'can_manage_topics')) throw badRequest('TOPIC_CLOSED');
  return { threadId: topicId, isTopicMessage: true };
}

/** In a supergroup a reply belongs to the thread of what it replies to. */
export function threadOfReply(chat: ChatState, replyTo: StoredMessage | undefined): Thread {
  if (!replyTo || chat.chat.type !== 'supergroup') return {};
  return { threadId: replyTo.threadId ?? rootIdOf(replyTo) };
}

/** Comments under any item of an album belong to its first. Source: TDLib, get_discussion_message. */
function rootIdOf(message: StoredMessage): number {
  if (!message.forwardOf || message.albumId === undefined) return message.id;
  const items = [...message.chat.messages.values()].filter(({ albumId }) => albumId === message.albumId);
  return Math.min(...items.map(({ id }) => id));
}
