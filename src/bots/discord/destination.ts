import { SnowflakeUtil } from 'discord.js';
import { joinAddress, splitAddress } from '../../core/address.ts';
import type { ChatAddress } from '../../core/model.ts';
import type { PostedIds, TargetRef } from '../../core/ports.ts';

/**
 * A chat of ours is a server (guild), for rights are kept there, and its channels and threads are what is inside:
 * `guild/channel`. A direct message is a chat of its own, named by its channel alone.
 */
export type Destination = { guildId?: string; channelId: string };

/** Where an address leads. Without a `/` it is a direct message, or a server of which no channel is named. */
export function destination(address: string): Destination {
  const { chatId, threadId } = splitAddress(address);
  return threadId ? { guildId: chatId, channelId: threadId } : { channelId: chatId };
}

/** The address of a chat in which a channel may be named apart. */
export const addressOf = (chat: Pick<ChatAddress, 'chatId' | 'threadId'>): string =>
  chat.chatId.includes('/') ? chat.chatId : joinAddress(chat);

/** Where a browser opens a post. Source: message links as Discord's client copies them. */
export function linkTo({ address }: TargetRef, { messageIds, chatId }: PostedIds): string | undefined {
  const { guildId, channelId } = destination(address);
  const [messageId] = messageIds;
  if (!messageId) return undefined;
  // The default Target of a server names no channel; what is posted tells it.
  const isServer = guildId === undefined && chatId !== undefined && chatId !== channelId;
  const place = guildId ?? (isServer ? channelId : '@me');
  return `https://discord.com/channels/${place}/${chatId ?? channelId}/${messageId}`;
}

/** The id that a message sent at that time would have, or a lower one: ids hold the time. */
export function idAt(time: Date): string {
  return String(SnowflakeUtil.generate({ timestamp: time, increment: 0n, workerId: 0n, processId: 0n }));
}
