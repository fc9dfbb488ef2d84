import type { MessageOrigin, User } from 'grammy/types';
import { type ChatState, later, nextId, nowSeconds, type StoredMessage, type WorldState } from './state.ts';
import { announce } from './updates.ts';

/** Automatic forwards come from this account. Source: Bot API, Message, field `is_automatic_forward`; TDLib. */
export const serviceUser: User = { id: 777000, is_bot: false, first_name: 'Telegram' };

/** Where a message came from first, as `forward_origin` of its forwards shows it. */
export function originOf(message: StoredMessage): MessageOrigin {
  if (message.origin) return message.origin;
  const { date } = message;
  const { chat } = message.chat;
  if (chat.type === 'channel') return { type: 'channel', chat, message_id: message.id, date };
  if (message.senderChat) return { type: 'chat', sender_chat: message.senderChat.chat as never, date };
  if (!message.from) throw new Error('a message without a sender');
  return { type: 'user', sender_user: message.from, date };
}

/** What a forward or copy shows of the message it is made of. */
export function contentOf(message: StoredMessage) {
  const { text, entities, caption, captionEntities, isCaptionAbove } = message;
  const { file, cover, startTimestamp, hasSpoiler } = message;
  return { text, entities, caption, captionEntities, isCaptionAbove, file, cover, startTimestamp, hasSpoiler };
}

/** Puts a message into a chat's history and counts its id. */
export function store(chat: ChatState, message: StoredMessage): void {
  chat.messages.set(message.id, message);
  if (message.botId !== undefined) chat.lastBotId = message.botId;
}

/** The next free id: one counter for each supergroup and channel, service messages included. */
export function nextChannelMessageId(chat: ChatState): number {
  chat.lastId += 1;
  return chat.lastId;
}

/**
 * Brings channel posts into the linked group after a while: each its own message, pinned, with the album kept.
 *
 * @param posts one post, or the items of one album
 */
export function forwardToGroup(world: WorldState, posts: StoredMessage[]): void {
  const channel = posts[0]?.chat;
  if (!channel?.linked || channel.chat.type !== 'channel') return;
  const albumId = posts[0]?.albumId && String(nextId(world));
  const jobs = posts.flatMap((post) => {
    if (world.forwardsToDrop > 0) {
      world.forwardsToDrop -= 1;
      return [];
    }
    return [() => forwardOne(world, post, albumId)];
  });
  const run = () => {
    if (world.heldForwards) world.heldForwards.push(...jobs);
    else for (const job of jobs) job();
  };
  later(world, world.options.forwardDelayMs ?? 5 + Math.random() * 25, run);
}

function forwardOne(world: WorldState, post: StoredMessage, albumId: string | undefined): void {
  const group = post.chat.linked;
  if (!group || !post.chat.messages.has(post.id)) return;
  const message: StoredMessage = {
    ...contentOf(post),
    id: nextChannelMessageId(group),
    chat: group,
    date: nowSeconds(world),
    from: serviceUser,
    senderChat: post.chat,
    origin: originOf(post),
    forwardOf: post,
    ...(albumId ? { albumId } : {}),
  };
  store(group, message);
  group.pinned.push(message);
  announce(world, message);
}

/** Lets an edited channel post change its forwards in the linked group too. */
export function propagateEdit(world: WorldState, post: StoredMessage): void {
  for (const message of post.chat.linked?.messages.values() ?? []) {
    if (message.forwardOf !== post) continue;
    Object.assign(message, contentOf(post), { editDate: post.editDate });
    announce(world, message, { isEdit: true });
  }
}
