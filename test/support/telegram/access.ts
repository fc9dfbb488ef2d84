import { ApiError, badRequest, forbidden } from './api-error.ts';
import { type BotState, type ChatState, chatKey, type Member, type WorldState } from './state.ts';

/** What is sent, as the errors about missing rights name it, and the right it needs of a restricted member. */
export const sendRights = {
  'text messages': 'can_send_messages',
  photos: 'can_send_photos',
  videos: 'can_send_videos',
  documents: 'can_send_documents',
  audios: 'can_send_audios',
  animations: 'can_send_other_messages',
} as const;
export type Sendable = keyof typeof sendRights;

/** The bot's place in a chat; undefined when it was never there. */
export function membership(bot: BotState, chat: ChatState): Member | undefined {
  return chat.members.get(bot.user.id);
}

/** Whether the bot is an administrator with this right. */
export function hasRight(bot: BotState, chat: ChatState, right: string): boolean {
  const member = membership(bot, chat);
  return member?.status === 'administrator' && member.rights[right] === true;
}

/** Whether the bot is a member of any kind. Private chats: whether it may write. */
export function isInside(bot: BotState, chat: ChatState): boolean {
  if (chat.chat.type === 'private') return true;
  const status = membership(bot, chat)?.status;
  return status !== undefined && status !== 'left' && status !== 'kicked';
}

function findChat(world: WorldState, bot: BotState, chatId: unknown): ChatState | undefined {
  const text = String(chatId ?? '').trim();
  if (text === '') throw badRequest('chat_id is empty');
  if (/^-?\d+$/.test(text)) return world.chats.get(chatKey(Number(text), bot.user.id));
  const name = text.replace(/^@/, '').toLowerCase();
  return [...world.chats.values()].find(
    ({ chat }) => chat.type !== 'private' && 'username' in chat && chat.username?.toLowerCase() === name,
  );
}

function isKnownUser(world: WorldState, bot: BotState, chatId: unknown): boolean {
  const userId = Number(chatId);
  if (!world.users.has(userId)) return false;
  return [...world.chats.values()].some((chat) => chat.members.has(userId) && chat.members.has(bot.user.id));
}

/**
 * The chat a parameter names, as far as the bot may look into it.
 *
 * Source: telegram-bot-api Client.cpp, check_chat.
 *
 * @throws ApiError 400 `chat not found`, or with migrate_to_chat_id; 403 for a chat it was put out of
 */
export function chatOf(world: WorldState, bot: BotState, chatId: unknown): ChatState {
  const chat = findChat(world, bot, chatId);
  if (!chat) {
    if (isKnownUser(world, bot, chatId)) throw forbidden("bot can't initiate conversation with a user");
    throw badRequest('chat not found');
  }
  if (chat.migratedTo) {
    throw new ApiError(400, 'Bad Request: group chat was upgraded to a supergroup chat', {
      migrate_to_chat_id: chat.migratedTo.chat.id,
    });
  }
  if (chat.chat.type === 'private') return chat;
  const member = membership(bot, chat);
  if (member?.status === 'kicked') throw forbidden(`bot was kicked from the ${chat.chat.type} chat`);
  if (isInside(bot, chat) || isPublic(chat)) return chat;
  if (!member) throw badRequest('chat not found');
  throw forbidden(`bot is not a member of the ${chat.chat.type} chat`);
}

function isPublic({ chat }: ChatState): boolean {
  return 'username' in chat && chat.username !== undefined;
}

/**
 * Refuses what a bot may not do as no member.
 *
 * @throws ApiError 403
 */
export function requireInside(bot: BotState, chat: ChatState): void {
  if (chat.isDeactivated) throw forbidden('user is deactivated');
  if (chat.isBlocked) throw forbidden('bot was blocked by the user');
  if (!isInside(bot, chat)) throw forbidden(`bot is not a member of the ${chat.chat.type} chat`);
}

/**
 * Refuses a message of this kind.
 *
 * Source: TDLib MessagesManager.cpp, can_send_message and can_send_message_content.
 *
 * @throws ApiError 403 for a chat it is not in, 400 for a missing right
 */
export function requireSend(bot: BotState, chat: ChatState, what: Sendable): void {
  requireInside(bot, chat);
  if (chat.chat.type === 'channel') {
    if (!hasRight(bot, chat, 'can_post_messages')) throw badRequest('need administrator rights in the channel chat');
    return;
  }
  const member = membership(bot, chat);
  if (member?.status !== 'restricted' || member.rights[sendRights[what]]) return;
  throw badRequest(`not enough rights to send ${what} to the chat`);
}
