import type { ChatFullInfo } from 'grammy/types';
import { joinAddress, splitAddress } from '../../core/address.ts';
import type { PostedIds, TargetRef } from '../../core/ports.ts';
import { ask } from './call.ts';
import type { Telegram } from './client.ts';

/** How long what Telegram says of a chat is believed. */
const believeMs = 60_000;
const known = new WeakMap<Telegram, Map<string, { chat: ChatFullInfo; until: number }>>();

/** What Telegram says of a chat, a minute old at most. @throws FatalError `telegram_chat_unknown` and as `errors.ts` says */
export async function chatInfo(telegram: Telegram, chatId: string): Promise<ChatFullInfo> {
  const chats = known.get(telegram) ?? new Map<string, { chat: ChatFullInfo; until: number }>();
  known.set(telegram, chats);
  const found = chats.get(chatId);
  if (found && found.until > performance.now()) return found.chat;
  const chat = await ask(telegram, chatId, (api) => api.getChat(chatId));
  chats.set(chatId, { chat, until: performance.now() + believeMs });
  return chat;
}

/** `chat_id` and, in a forum topic, `message_thread_id`. The topic "General" (1) is named by no thread. */
export function destination(address: string): { chatId: string; thread: { message_thread_id?: number } } {
  const { chatId, threadId } = splitAddress(address);
  return { chatId, thread: threadId && threadId !== '1' ? { message_thread_id: Number(threadId) } : {} };
}

/** The address of a chat in which a topic may be named apart. */
export const addressOf = (chat: { chatId: string; threadId?: string }): string =>
  chat.chatId.includes('/') ? chat.chatId : joinAddress(chat);

/**
 * Where a browser opens a post: public chats by name, others for their members. Private chats and basic groups have
 * no such address. Source: core.telegram.org/api/links#message-links.
 */
export function linkTo({ address }: TargetRef, { messageIds, chatId: stands }: PostedIds): string | undefined {
  const chatId = stands ?? splitAddress(address).chatId;
  const [messageId] = messageIds;
  if (!messageId || messageId === '0') return undefined;
  if (chatId.startsWith('@')) return `https://t.me/${chatId.slice(1)}/${messageId}`;
  return chatId.startsWith('-100') ? `https://t.me/c/${chatId.slice(4)}/${messageId}` : undefined;
}
