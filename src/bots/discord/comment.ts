import { type APIMessage, Routes, ThreadAutoArchiveDuration } from 'discord.js';
import { TemporaryError } from '../../core/errors.ts';
import type { OutgoingPost, PostedIds } from '../../core/ports.ts';
import { send } from './call.ts';
import type { Discord } from './client.ts';
import { isApiCode } from './errors.ts';
import { textPieces } from './markup.ts';
import { type Piece, sendPiece, sendPieces } from './message.ts';
import { channelOf, isThread } from './places.ts';

/** Source: https://discord.com/developers/docs/resources/channel#start-thread-from-message */
const nameChars = 100;

/** Where the comments of a post go: its thread, or, where no thread can be, answers to the post itself. */
export type CommentPlace = { channelId: string; answers?: string };

/**
 * Writes a comment in the thread of a post. A long one becomes several messages.
 *
 * @throws as `call.ts` says
 */
export async function sendComment(
  discord: Discord,
  fallbackId: string,
  post: OutgoingPost,
  signal: AbortSignal,
): Promise<PostedIds> {
  const place = await commentPlace(discord, fallbackId, post.parent);
  if (place.answers === undefined) await startThread(discord, post.parent, { fallbackId, signal });
  const messages = await sendPieces(discord, place.channelId, writePieces(discord, place, post, signal));
  return { messageIds: messages.map(({ id }) => id), chatId: place.channelId };
}

/** The comment as the messages it becomes. */
export const commentPieces = (post: OutgoingPost, { answers }: CommentPlace): Piece[] =>
  textPieces(post.content).map((content, index) => ({
    key: `post ${post.id} ${index}`,
    content,
    isQuiet: true,
    ...(answers === undefined ? {} : { answers }),
  }));

async function* writePieces(
  discord: Discord,
  place: CommentPlace,
  post: OutgoingPost,
  signal: AbortSignal,
): AsyncGenerator<APIMessage> {
  for (const piece of commentPieces(post, place)) yield await sendPiece(discord, place.channelId, piece, signal);
}

/** A thread has the id of its message. In a thread and in a direct message there are none. */
export async function commentPlace(
  discord: Discord,
  fallbackId: string,
  parent: PostedIds | undefined,
): Promise<CommentPlace> {
  const [messageId] = parent?.messageIds ?? [];
  if (!messageId) throw new TemporaryError('post_not_published');
  const channelId = parent?.chatId ?? fallbackId;
  const channel = await channelOf(discord, channelId);
  const isServer = 'guild_id' in channel && channel.guild_id !== undefined;
  return isServer && !isThread(channel) ? { channelId: messageId } : { channelId, answers: messageId };
}

/** Opens the thread of a message; where it is open already, nothing changes. */
async function startThread(
  discord: Discord,
  parent: PostedIds | undefined,
  { fallbackId, signal }: { fallbackId: string; signal: AbortSignal },
): Promise<void> {
  const channelId = parent?.chatId ?? fallbackId;
  const [messageId = ''] = parent?.messageIds ?? [];
  const name = await threadName(discord, channelId, messageId);
  const body = { name, auto_archive_duration: ThreadAutoArchiveDuration.OneWeek };
  try {
    await send(discord, { channelId, deed: 'thread', signal }, () =>
      discord.api.post(Routes.threads(channelId, messageId), { body, signal }),
    );
  } catch (error) {
    if (!isApiCode(error, 160004)) throw error;
  }
}

/** What the post is called: its first line, without marks. */
async function threadName({ api }: Discord, channelId: string, messageId: string): Promise<string> {
  const message = (await api.get(Routes.channelMessage(channelId, messageId)).catch(() => undefined)) as
    | APIMessage
    | undefined;
  const [line = ''] = (message?.content ?? '').split('\n');
  return (
    line
      .replace(/\\(?=[^\w\s])/g, '')
      .replaceAll('**', '')
      .trim()
      .slice(0, nameChars) || '…'
  );
}
