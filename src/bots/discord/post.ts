import { type APIMessage, ChannelType, Routes } from 'discord.js';
import type { OutgoingPost, PostedIds, PostItem, TargetRef } from '../../core/ports.ts';
import { markedName, sendAlbum } from './album.ts';
import { send } from './call.ts';
import type { Discord } from './client.ts';
import { sendComment } from './comment.ts';
import { addressOf, destination } from './destination.ts';
import { isApiCode } from './errors.ts';
import { cardText, componentsOf, linkText } from './markup.ts';
import { type Piece, payloadOf, sendPiece, sendPieces } from './message.ts';
import { channelOf } from './places.ts';

/** Sends a post, once. @throws as `call.ts` says */
export async function sendPost(
  discord: Discord,
  target: TargetRef,
  post: OutgoingPost,
  items: PostItem[],
  signal: AbortSignal,
): Promise<PostedIds> {
  const { channelId } = destination(addressOf(post.chat));
  if (post.kind === 'comment') return sendComment(discord, channelId, post, signal);
  if (post.kind === 'card') return idsOf(channelId, [await sendPiece(discord, channelId, cardPiece(post), signal)]);
  const place = { ...target, address: addressOf(post.chat) };
  const messages =
    post.kind === 'link'
      ? [await sendPiece(discord, channelId, linkPiece(post), signal)]
      : await sendPieces(discord, channelId, sendAlbum(discord, place, { channelId, post, items, signal }));
  const ids = idsOf(channelId, messages);
  await publish(discord, target, ids);
  return ids;
}

/** The messages of a post in order, and where they stand: the default Target of a server names no channel. */
export const idsOf = (chatId: string, messages: Pick<APIMessage, 'id'>[]): PostedIds => ({
  messageIds: messages.map(({ id }) => id),
  chatId,
});

/** A card as one message. */
export const cardPiece = ({ id, content }: OutgoingPost): Piece => ({
  key: `post ${id}`,
  content: cardText(content),
  components: componentsOf(content),
  isQuiet: true,
});

/** A link as one message: with its picture, or where there is none with what Discord shows of the address. */
export function linkPiece({ id, content, coverPath }: OutgoingPost): Piece {
  const fileName = markedName('cover.jpg', id, { index: 0, count: 1 });
  return {
    key: `post ${id}`,
    content: linkText(content),
    components: componentsOf(content),
    ...(coverPath ? { files: [{ fileName, path: coverPath, contentType: 'image/jpeg' }] } : {}),
  };
}

/** Shows a card as it is now. The same twice does no harm. */
export async function editCard(
  discord: Discord,
  post: OutgoingPost,
  { messageIds: [messageId = ''], chatId }: PostedIds,
  signal: AbortSignal,
): Promise<void> {
  const channelId = chatId ?? destination(addressOf(post.chat)).channelId;
  const body = payloadOf(cardPiece(post));
  await send(discord, { channelId, deed: 'edit', signal }, () =>
    discord.api.patch(Routes.channelMessage(channelId, messageId), { body, signal }),
  );
}

/** Takes a card away; one that is gone ("Unknown Message") is no fault. */
export async function removeCard(
  discord: Discord,
  post: OutgoingPost,
  { messageIds: [messageId = ''], chatId }: PostedIds,
  signal: AbortSignal,
): Promise<void> {
  const channelId = chatId ?? destination(addressOf(post.chat)).channelId;
  await send(discord, { channelId, deed: 'edit', signal }, async () => {
    try {
      await discord.api.delete(Routes.channelMessage(channelId, messageId), { signal });
    } catch (error) {
      if (!isApiCode(error, 10008)) throw error;
    }
  });
}

/**
 * Publishes posts of an announcement channel to those that follow it, where the Target asks for that. The post stands
 * whatever comes of it; Discord allows about ten an hour in a channel.
 */
export async function publish(discord: Discord, target: TargetRef, { messageIds, chatId = '' }: PostedIds) {
  if (!target.options?.isCrossposted) return;
  try {
    const { type } = await channelOf(discord, chatId);
    if (type !== ChannelType.GuildAnnouncement) return;
    for (const id of messageIds) await crosspost(discord, chatId, id);
  } catch (err) {
    discord.log.warn({ err, target: target.id }, 'a post could not be published to the followers of its channel');
  }
}

async function crosspost({ api }: Discord, channelId: string, messageId: string): Promise<void> {
  try {
    await api.post(Routes.channelMessageCrosspost(channelId, messageId));
  } catch (error) {
    // It was published already.
    if (!isApiCode(error, 40033)) throw error;
  }
}
