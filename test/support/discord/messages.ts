import type { APIUser } from 'discord.js';
import { badField, refusal } from './api-error.ts';
import { attachmentsOf, type Sent } from './attachments.ts';
import { listOf } from './component-rules.ts';
import { missingPictures } from './embed-rules.ts';
import { demandContent } from './rules.ts';
import {
  type ChannelState,
  channelOf,
  emit,
  type Fields,
  newId,
  nowMs,
  type StoredMessage,
  type WorldState,
} from './state.ts';
import { eventView } from './views.ts';

/** Bits of `flags`. Source: https://docs.discord.com/developers/resources/message#message-object-message-flags */
export const messageFlags = {
  crossposted: 1 << 0,
  suppressEmbeds: 1 << 2,
  hasThread: 1 << 5,
  ephemeral: 1 << 6,
  loading: 1 << 7,
  suppressNotifications: 1 << 12,
  componentsV2: 1 << 15,
} as const;

/** Flags that a sender may set. */
const settable =
  messageFlags.suppressEmbeds | messageFlags.suppressNotifications | messageFlags.componentsV2 | messageFlags.ephemeral;

/** Makes a message of what was sent, without putting it anywhere. @throws DiscordError 50006, 50035 */
export function newMessage(world: WorldState, channel: ChannelState, sent: Sent, author: APIUser): StoredMessage {
  const attachments = attachmentsOf(world, channel, sent);
  const texts = {
    content: contentOf(sent.body),
    embeds: embedsOf(sent.body),
    components: listOf(sent.body['components']),
  };
  demandContent({ ...texts, attachments });
  notePictures(world, { ...texts, attachments });
  const replyTo = replyOf(channel, sent.body);
  return {
    id: newId(world),
    channelId: channel.id,
    type: replyTo === undefined ? 0 : 19,
    author,
    ...texts,
    attachments,
    flags: Number(sent.body['flags'] ?? 0) & settable,
    createdAt: nowMs(world),
    ...(replyTo !== undefined && { replyTo }),
    reactions: new Map(),
    hasThread: false,
    allowedMentions: sent.body['allowed_mentions'] as Fields | undefined,
  };
}

function notePictures(world: WorldState, { embeds, attachments }: Pick<StoredMessage, 'embeds' | 'attachments'>): void {
  const missing = missingPictures(
    embeds,
    attachments.map(({ fileName }) => fileName),
  );
  if (missing.length > 0) world.options.violate(`an embed shows a file that is not there: ${missing.join(', ')}`);
}

function contentOf(body: Fields): string {
  return typeof body['content'] === 'string' ? body['content'].trim() : '';
}

function embedsOf(body: Fields): Fields[] {
  return listOf(body['embeds']).map((embed) => ({ ...embed, type: 'rich' }));
}

function replyOf(channel: ChannelState, body: Fields): string | undefined {
  const reference = body['message_reference'] as Fields | undefined | null;
  if (!reference) return undefined;
  const id = String(reference['message_id']);
  if (channel.messages.has(id)) return id;
  if (reference['fail_if_not_exists'] === false) return undefined;
  throw badField('message_reference', 'REPLIES_UNKNOWN_MESSAGE', 'Unknown message');
}

/** Puts a message into its channel and tells the gateway; ephemeral ones stay between the bot and the user. */
export function publish(world: WorldState, message: StoredMessage): StoredMessage {
  if ((message.flags & messageFlags.ephemeral) !== 0) return message;
  const channel = channelOf(world, message.channelId);
  channel.messages.set(message.id, message);
  channel.lastMessageId = message.id;
  emit(world, channel.guildId ?? null, 'MESSAGE_CREATE', eventView(world, message));
  return message;
}

/** Changes what the body names and leaves the rest. @throws DiscordError 50006, 50035 */
export function edit(world: WorldState, message: StoredMessage, sent: Sent): StoredMessage {
  const channel = channelOf(world, message.channelId);
  const { body } = sent;
  const next = {
    content: body['content'] === undefined ? message.content : contentOf(body),
    embeds: body['embeds'] === undefined ? message.embeds : embedsOf(body),
    components: body['components'] === undefined ? message.components : listOf(body['components']),
    attachments: attachmentsOf(world, channel, sent, message),
  };
  demandContent(next);
  notePictures(world, next);
  forget(world, message, next.attachments);
  Object.assign(message, next, { editedAt: nowMs(world) });
  // Without the field an edit pings by the words, whatever the message said before.
  if (body['content'] !== undefined) message.allowedMentions = body['allowed_mentions'] as Fields | undefined;
  message.flags = editedFlags(message, body);
  const isSeen = channel.messages.has(message.id);
  if (isSeen) emit(world, channel.guildId ?? null, 'MESSAGE_UPDATE', eventView(world, message));
  return message;
}

/** Addresses of attachments that are no longer part of a message end. */
function forget(world: WorldState, { attachments }: StoredMessage, kept: { id: string }[]): void {
  const isKept = new Set(kept.map(({ id }) => id));
  for (const { id } of attachments) if (!isKept.has(id)) world.attachments.delete(id);
}

function editedFlags({ flags }: StoredMessage, body: Fields): number {
  const shown = flags & ~messageFlags.loading;
  if (typeof body['flags'] !== 'number') return shown;
  const changeable = messageFlags.suppressEmbeds | messageFlags.componentsV2;
  return (shown & ~messageFlags.suppressEmbeds) | (body['flags'] & changeable);
}

/** Deletes it and tells the gateway. */
export function remove(world: WorldState, message: StoredMessage): void {
  const channel = channelOf(world, message.channelId);
  const isSeen = channel.messages.delete(message.id);
  forget(world, message, []);
  if (!isSeen) return;
  const place = { channel_id: channel.id, ...(channel.guildId && { guild_id: channel.guildId }) };
  emit(world, channel.guildId ?? null, 'MESSAGE_DELETE', { id: message.id, ...place });
}

/** @throws DiscordError 10008 */
export function messageIn(channel: ChannelState, id: string): StoredMessage {
  const message = channel.messages.get(id);
  if (!message) throw refusal('unknownMessage');
  return message;
}
