import { chatOf, hasRight, requireInside, requireSend } from '../access.ts';
import { badRequest } from '../api-error.ts';
import { messageOf, post, remove, senderOf } from '../messages.ts';
import { type BotState, botByToken, type ChatState, nowSeconds, type StoredMessage } from '../state.ts';
import type { Call } from '../types.ts';
import { viewOf } from '../views.ts';
import type { World } from '../world.ts';

/** Source: Bot API, deleteMessage: only messages sent less than 48 hours ago. */
const deletableSeconds = 48 * 3600;
/** Source: Bot API, deleteMessages: 1-100 ids. */
const maxIds = 100;

function placeOf(world: World, call: Call): { bot: BotState; chat: ChatState } {
  const bot = botByToken(world, call.token);
  const chat = chatOf(world, bot, call.params.chat_id);
  requireInside(bot, chat);
  return { bot, chat };
}

/** Source: Bot API, deleteMessage, and TDLib, can_delete_message. */
function canDelete(world: World, bot: BotState, message: StoredMessage): boolean {
  const { chat } = message;
  const isOwn = message.botId === bot.user.id;
  const isFresh = nowSeconds(world) - message.date < deletableSeconds;
  if (chat.chat.type === 'private') return isFresh;
  // The message that says that a supergroup was made cannot be deleted.
  if (message.service && 'migrate_from_chat_id' in message.service) return false;
  if (hasRight(bot, chat, 'can_delete_messages')) return chat.chat.type === 'channel' ? isFresh : true;
  if (chat.chat.type === 'channel') return isOwn && isFresh && hasRight(bot, chat, 'can_post_messages');
  return isOwn && isFresh;
}

/** deleteMessage. */
export async function deleteMessage(world: World, call: Call): Promise<true> {
  const { bot, chat } = placeOf(world, call);
  const message = messageOf(chat, call.params.message_id, 'delete');
  if (!canDelete(world, bot, message)) throw badRequest("message can't be deleted for everyone");
  remove(message);
  return true;
}

/** deleteMessages: those that are missing are passed over. */
export async function deleteMessages(world: World, call: Call): Promise<true> {
  const { bot, chat } = placeOf(world, call);
  const ids: number[] | undefined = call.params.message_ids;
  if (!ids) throw badRequest('message identifiers are not specified');
  if (ids.length > maxIds) throw badRequest('too many message identifiers specified');
  const messages = ids.flatMap((id) => chat.messages.get(id) ?? []);
  if (messages.some((message) => !canDelete(world, bot, message))) {
    throw badRequest("message can't be deleted for everyone");
  }
  for (const message of messages) remove(message);
  return true;
}

function requirePin(bot: BotState, chat: ChatState): void {
  if (chat.chat.type === 'private') return;
  const right = chat.chat.type === 'channel' ? 'can_edit_messages' : 'can_pin_messages';
  if (!hasRight(bot, chat, right)) throw badRequest('not enough rights to manage pinned messages in the chat');
}

/** pinChatMessage: groups and channels get a service message about it. */
export async function pinChatMessage(world: World, call: Call): Promise<true> {
  const { bot, chat } = placeOf(world, call);
  const message = messageOf(chat, call.params.message_id, 'pin');
  requirePin(bot, chat);
  chat.pinned = [...chat.pinned.filter((pinned) => pinned !== message), message];
  const service = { pinned_message: viewOf(world, message, bot.user.id, true) };
  post(world, chat, { drafts: [{ ...senderOf(bot, chat), service }] });
  return true;
}

/** unpinChatMessage: the newest one where none is named. */
export async function unpinChatMessage(world: World, call: Call): Promise<true> {
  const { bot, chat } = placeOf(world, call);
  requirePin(bot, chat);
  const { message_id: id } = call.params;
  const message = id === undefined ? chat.pinned.at(-1) : messageOf(chat, id, 'unpin');
  chat.pinned = chat.pinned.filter((pinned) => pinned !== message);
  return true;
}

/** sendChatAction. */
export async function sendChatAction(world: World, call: Call): Promise<true> {
  const { bot, chat } = placeOf(world, call);
  if (
    !/^(typing|(upload|record)_(photo|video|voice|document|video_note)|choose_sticker|find_location)$/.test(
      call.params.action,
    )
  ) {
    throw badRequest('wrong parameter action in request');
  }
  requireSend(bot, chat, 'text messages');
  return true;
}

/** setMessageReaction: accepted and shown to nobody; custom emoji are refused, as bots have none. */
export async function setMessageReaction(world: World, call: Call): Promise<true> {
  const { chat } = placeOf(world, call);
  messageOf(chat, call.params.message_id, 'react');
  const reactions: { type: string; emoji?: string }[] = call.params.reaction ?? [];
  if (reactions.length > 1) throw badRequest('REACTIONS_TOO_MANY');
  if (reactions.some(({ type, emoji }) => type !== 'emoji' || !emoji)) throw badRequest('REACTION_INVALID');
  return true;
}
