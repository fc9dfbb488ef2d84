import type { APIMessage } from 'discord.js';
import { addressOf } from './cdn.ts';
import { withoutForeignContent } from './gateway-content.ts';
import { mentionsOf } from './mentions.ts';
import { type Fields, type StoredAttachment, type StoredMessage, type WorldState } from './state.ts';
import { channelView } from './views-places.ts';

/** A file of a message, or of a command. */
export function attachmentView(world: WorldState, channelId: string, attachment: StoredAttachment): Fields {
  const { id, file, fileName, title, description } = attachment;
  const url = addressOf(world, channelId, attachment);
  const { sizeBytes: size, mimeType: content_type } = file;
  return { id, filename: fileName, size, url, proxy_url: url, content_type, title, description };
}

/** A message as everybody sees it through REST; times as ISO 8601. The nonce is not part of it: history has none. */
export function messageView(world: WorldState, message: StoredMessage): APIMessage {
  const { content, author, flags, editedAt, interaction } = message;
  const view: Fields = {
    id: message.id,
    channel_id: message.channelId,
    type: message.type,
    author,
    content,
    timestamp: new Date(message.createdAt).toISOString(),
    edited_timestamp: editedAt === undefined ? null : new Date(editedAt).toISOString(),
    tts: false,
    ...mentionsOf(world, message),
    attachments: message.attachments.map((attachment) => attachmentView(world, message.channelId, attachment)),
    embeds: message.embeds,
    components: message.components,
    pinned: false,
    flags,
    ...(message.reactions.size > 0 && { reactions: reactionsView(world, message) }),
    ...(author.id === world.bot.id && { application_id: world.applicationId }),
    ...(interaction && { webhook_id: world.applicationId, interaction_metadata: metadataOf(message) }),
    ...referenceView(world, message),
  };
  const thread = message.hasThread ? world.channels.get(message.id) : undefined;
  if (thread) view['thread'] = channelView(world, thread);
  return JSON.parse(JSON.stringify(view)) as APIMessage;
}

function metadataOf({ interaction }: StoredMessage): Fields {
  return { id: interaction?.id, type: interaction?.type, user: interaction?.user, authorizing_integration_owners: {} };
}

function reactionsView(world: WorldState, { reactions }: StoredMessage): Fields[] {
  return [...reactions].map(([name, users]) => {
    const burst = { count_details: { burst: 0, normal: users.size }, burst_colors: [], me_burst: false };
    return { emoji: { id: null, name }, count: users.size, me: users.has(world.bot.id), ...burst };
  });
}

function referenceView(world: WorldState, { channelId, replyTo, replyChannelId = channelId }: StoredMessage): Fields {
  if (replyTo === undefined) return {};
  const referenced = world.channels.get(replyChannelId)?.messages.get(replyTo);
  return {
    message_reference: { type: 0, channel_id: replyChannelId, message_id: replyTo },
    referenced_message: referenced ? messageView(world, { ...referenced, replyTo: undefined }) : null,
  };
}

/** A message as the bot sees it: what others write in guilds has no content without the intent. */
export function botView(world: WorldState, message: StoredMessage): APIMessage {
  const guildId = world.channels.get(message.channelId)?.guildId;
  const view: Fields = { ...messageView(world, message), guild_id: guildId };
  const seen: Fields = { ...withoutForeignContent(view, world.bot.id) };
  delete seen['guild_id'];
  return seen as unknown as APIMessage;
}

/** The data of MESSAGE_CREATE and MESSAGE_UPDATE: with the guild, and with the nonce where there is one. */
export function eventView(world: WorldState, message: StoredMessage): Fields {
  const guildId = world.channels.get(message.channelId)?.guildId;
  const nonce = message.nonce === undefined ? {} : { nonce: message.nonce };
  return { ...messageView(world, message), ...nonce, ...(guildId && { guild_id: guildId }) };
}
