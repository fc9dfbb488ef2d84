import type { InputMediaDocument, InputMediaVideo, Message } from 'grammy/types';
import { intentHere } from '../../core/chat.ts';
import { AmbiguousError, FatalError } from '../../core/errors.ts';
import type { OutgoingPost, PostedIds, PostItem, TargetRef } from '../../core/ports.ts';
import { send } from './call.ts';
import { addressOf, destination } from './chats.ts';
import type { Telegram } from './client.ts';
import { sendComment } from './comment.ts';
import { isMissing, isNotModified } from './errors.ts';
import { cardHtml, escapeHtml, keyboardOf, linkLines } from './markup.ts';
import { openPicture, remoteOf, uploadVideo } from './upload.ts';

/** Sends a post, once. @throws as `call.ts` says */
export async function sendPost(
  telegram: Telegram,
  target: TargetRef,
  post: OutgoingPost,
  items: PostItem[],
  signal: AbortSignal,
): Promise<PostedIds> {
  const timely = { ...telegram, intentAt: intentHere(post, 'earliest') };
  switch (post.kind) {
    case 'card':
      return sendCard(timely, post, signal);
    case 'comment':
      return sendComment(timely, target, post, signal);
    case 'link':
      return sendLink(timely, post, signal);
    case 'album':
    case 'video':
      return items.length > 1 ? sendAlbum(timely, post, items, signal) : sendVideo(timely, post, items, signal);
  }
}

/** No previews: the text is what is meant. */
const plain = { parse_mode: 'HTML', link_preview_options: { is_disabled: true } } as const;

async function sendCard(telegram: Telegram, post: OutgoingPost, signal: AbortSignal): Promise<PostedIds> {
  const { chatId, thread } = destination(addressOf(post.chat));
  const keyboard = keyboardOf(post.content);
  const options = { ...thread, ...plain, disable_notification: true, ...(keyboard ? { reply_markup: keyboard } : {}) };
  const message = await send(telegram, { chatId, method: 'sendMessage', signal }, (api) =>
    api.sendMessage(chatId, cardHtml(post.content), options, signal as never),
  );
  return idsOf([message]);
}

/** The chat a card stands in. @throws FatalError `telegram_message_gone` where the chat moved: there another message has its id */
function chatOfCard(post: OutgoingPost, ids: PostedIds): string {
  const { chatId } = destination(addressOf(post.chat));
  if (ids.chatId !== undefined && ids.chatId !== chatId) throw new FatalError('telegram_message_gone');
  return chatId;
}

/** Shows a card as it is now; a card that shows it already is no fault. */
export async function editCard(
  telegram: Telegram,
  post: OutgoingPost,
  ids: PostedIds,
  signal: AbortSignal,
): Promise<void> {
  const chatId = chatOfCard(post, ids);
  const keyboard = keyboardOf(post.content);
  const options = { ...plain, ...(keyboard ? { reply_markup: keyboard } : {}) };
  await send(telegram, { chatId, method: 'editMessageText', signal }, async (api) => {
    try {
      await api.editMessageText(chatId, Number(ids.messageIds[0]), cardHtml(post.content), options, signal as never);
    } catch (error) {
      if (!isNotModified(error)) throw error;
    }
  });
}

/** Takes a card away; one that is gone is no fault. Source: Bot API, deleteMessage: not after 48 hours. */
export async function removeCard(
  telegram: Telegram,
  post: OutgoingPost,
  ids: PostedIds,
  signal: AbortSignal,
): Promise<void> {
  const chatId = chatOfCard(post, ids);
  await send(telegram, { chatId, method: 'deleteMessage', signal }, async (api) => {
    try {
      await api.deleteMessage(chatId, Number(ids.messageIds[0]), signal as never);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  });
}

/** An album by file ids: a small call, however big the files. The caption on its first item is that of the album. */
async function sendAlbum(
  telegram: Telegram,
  post: OutgoingPost,
  items: PostItem[],
  signal: AbortSignal,
): Promise<PostedIds> {
  const { chatId, thread } = destination(addressOf(post.chat));
  const media = items.map(({ remote }, index): InputMediaVideo | InputMediaDocument => {
    const staged = remoteOf(remote);
    if (!staged) throw new FatalError('part_not_staged');
    const caption = index === 0 ? { caption: escapeHtml(post.content.text), parse_mode: 'HTML' as const } : {};
    return { type: staged.type, media: staged.fileId, ...caption };
  });
  const messages = await send(telegram, { chatId, method: 'sendMediaGroup', cost: media.length, signal }, (api) =>
    api.sendMediaGroup(chatId, media as InputMediaVideo[], thread, signal as never),
  );
  const [first, ...others] = messages;
  if (!first || messages.length !== items.length)
    throw new AmbiguousError('answer_lost', { detail: `${messages.length} of ${items.length} items answered` });
  return idsOf([first, ...others]);
}

async function sendVideo(
  telegram: Telegram,
  post: OutgoingPost,
  [item]: PostItem[],
  signal: AbortSignal,
): Promise<PostedIds> {
  const address = addressOf(post.chat);
  const caption = escapeHtml(post.content.text);
  const staged = remoteOf(item?.remote);
  if (!staged && item?.file) {
    const options = { caption, isSilent: false, isPost: true, signal };
    const { message, remote } = await uploadVideo(telegram, address, item.file, options);
    // It stands, whatever it shows: what cannot be sent again by its id is sent anew to the next Target.
    return { ...idsOf([message]), ...(remote ? { remotes: [remote] } : {}) };
  }
  if (!staged) throw new FatalError('part_not_staged');
  const { chatId, thread } = destination(address);
  const options = { ...thread, caption, parse_mode: 'HTML' as const };
  const method = staged.type === 'video' ? 'sendVideo' : 'sendDocument';
  const message = await send<Message>(telegram, { chatId, method, signal }, (api) =>
    api[method](chatId, staged.fileId, options, signal as never),
  );
  return idsOf([message]);
}

/** A picture with the link under it; where there is no picture, the link. */
async function sendLink(telegram: Telegram, post: OutgoingPost, signal: AbortSignal): Promise<PostedIds> {
  const { chatId, thread } = destination(addressOf(post.chat));
  const html = linkLines(post.content).map(escapeHtml).join('\n');
  const keyboard = keyboardOf(post.content);
  const options = { ...thread, parse_mode: 'HTML' as const, ...(keyboard ? { reply_markup: keyboard } : {}) };
  const cover = post.coverPath === undefined ? undefined : await openPicture(telegram, post.coverPath);
  const method = cover ? 'sendPhoto' : 'sendMessage';
  const message = await send<Message>(telegram, { chatId, method, signal }, (api) =>
    cover
      ? api.sendPhoto(chatId, cover, { ...options, caption: html }, signal as never)
      : api.sendMessage(chatId, html, options, signal as never),
  );
  return idsOf([message]);
}

/** `message_id: 0`: Telegram publishes a video in a big channel after it was transcoded, and tells the id then. */
export const idsOf = (messages: [Message, ...Message[]]): PostedIds => ({
  messageIds: messages.map((message) => String(message.message_id)),
  // A Target may name another place later, these ids will not.
  chatId: String(messages[0].chat.id),
});
