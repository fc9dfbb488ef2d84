import { createHash } from 'node:crypto';
import type { Message } from 'grammy/types';
import type { StoredFile, StoredMessage, WorldState } from './state.ts';

/** The type byte of real file ids, as base64url shows it at their beginning. Source: TDLib FileType. */
const prefixes = {
  photo: 'AgAC',
  video: 'BAAC',
  document: 'BQAC',
  audio: 'CQAC',
  animation: 'CgAC',
  thumbnail: 'AAMC',
};

/**
 * A file id for one bot and one message; several ids of one file are valid at once.
 *
 * @param place tells one message's id from another's
 */
export function fileIdOf(world: WorldState, file: StoredFile, botId: number, place: string): string {
  const digest = createHash('sha256').update(`${botId} ${file.uniqueId} ${place}`).digest('base64url');
  const id = `${prefixes[file.kind]}${digest}`;
  world.files.set(id, { botId, file });
  return id;
}

/** The Bot API object of a file: Video, Document, PhotoSize, ... */
export function fileView(world: WorldState, file: StoredFile, botId: number, place: string): Record<string, unknown> {
  const thumbnail = file.thumbnail && fileView(world, file.thumbnail, botId, place);
  return {
    file_id: fileIdOf(world, file, botId, place),
    file_unique_id: file.uniqueId,
    ...file.attributes,
    ...(file.fileName === undefined ? {} : { file_name: file.fileName }),
    ...(file.mimeType === undefined ? {} : { mime_type: file.mimeType }),
    file_size: file.sizeBytes,
    ...(thumbnail ? { thumbnail } : {}),
  };
}

function mediaView(world: WorldState, message: StoredMessage, botId: number): Record<string, unknown> {
  const { file } = message;
  if (!file) return {};
  const place = `${message.chat.chat.id}/${message.id}`;
  const view = fileView(world, file, botId, place);
  if (message.cover) view.cover = [fileView(world, message.cover, botId, place)];
  if (message.startTimestamp) view.start_timestamp = message.startTimestamp;
  // Clients of before 4.0 of the API know animations as documents. Source: the field `animation` of Message.
  if (file.kind === 'animation') return { animation: view, document: view };
  return { [file.kind]: file.kind === 'photo' ? [view] : view };
}

/**
 * A message as one bot sees it: its own file ids, and the replied message one level deep.
 */
export function viewOf(world: WorldState, message: StoredMessage, botId: number, isNested = false): Message {
  const { replyTo, threadId } = message;
  const fields: Record<string, unknown> = {
    message_id: message.id,
    from: message.from,
    sender_chat: message.senderChat?.chat,
    chat: message.chat.chat,
    date: message.date,
    edit_date: message.editDate,
    message_thread_id: threadId,
    is_topic_message: message.isTopicMessage,
    forward_origin: message.origin,
    is_automatic_forward: message.forwardOf || message.service?.is_automatic_forward ? true : undefined,
    reply_to_message: replyTo && !isNested ? viewOf(world, replyTo, botId, true) : undefined,
    external_reply: message.externalReply,
    media_group_id: message.albumId,
    has_protected_content: message.isProtected || message.chat.isProtected,
    has_media_spoiler: message.hasSpoiler,
    ...mediaView(world, message, botId),
    text: message.text,
    entities: message.entities?.length ? message.entities : undefined,
    caption: message.caption || undefined,
    caption_entities: message.captionEntities?.length ? message.captionEntities : undefined,
    show_caption_above_media: message.isCaptionAbove || undefined,
    reply_markup: message.markup,
    ...message.service,
  };
  const shown = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return shown as unknown as Message;
}
