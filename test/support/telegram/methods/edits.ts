import type { Message } from 'grammy/types';
import { chatOf, hasRight, requireInside } from '../access.ts';
import { badRequest } from '../api-error.ts';
import { countEdit } from '../flood.ts';
import { markupOf } from '../markup.ts';
import { type Change, edit, messageOf } from '../messages.ts';
import { type BotState, botByToken, nowSeconds, type StoredMessage } from '../state.ts';
import type { Call } from '../types.ts';
import { viewOf } from '../views.ts';
import type { World } from '../world.ts';
import { fileOfParams, type MediaKind, mediaKinds } from './media.ts';
import { captionOf, textOf } from './text.ts';

/** What others wrote may be edited this long. Source: TDLib, can_edit_message; own messages of bots have no limit. */
const othersSeconds = 48 * 3600;

/** Source: TDLib MessagesManager.cpp, can_edit_message. */
function canEdit(world: World, bot: BotState, message: StoredMessage): boolean {
  if (message.origin || message.service) return false;
  const isOwn = message.botId === bot.user.id;
  if (message.chat.chat.type !== 'channel') return isOwn;
  if (isOwn && hasRight(bot, message.chat, 'can_post_messages')) return true;
  if (!hasRight(bot, message.chat, 'can_edit_messages')) return false;
  return isOwn || nowSeconds(world) - message.date < othersSeconds;
}

type Editing = { bot: BotState; message: StoredMessage };

function editingOf(world: World, call: Call): Editing {
  const bot = botByToken(world, call.token);
  const chat = chatOf(world, bot, call.params.chat_id);
  const message = messageOf(chat, call.params.message_id, 'edit');
  requireInside(bot, chat);
  if (!canEdit(world, bot, message)) throw badRequest("message can't be edited");
  return { bot, message };
}

function finish(world: World, { bot, message }: Editing, change: Change): Message {
  countEdit(world, bot, message.chat);
  return viewOf(world, edit(world, message, change), bot.user.id);
}

/** editMessageText. */
export async function editMessageText(world: World, call: Call): Promise<Message> {
  const { text, entities } = textOf(call.params, 'MESSAGE_TOO_LONG');
  const editing = editingOf(world, call);
  if (editing.message.text === undefined) throw badRequest('there is no text in the message to edit');
  return finish(world, editing, { text, entities, markup: markupOf(call.params.reply_markup) });
}

/** editMessageCaption. */
export async function editMessageCaption(world: World, call: Call): Promise<Message> {
  const caption = captionOf(call.params);
  const editing = editingOf(world, call);
  if (!editing.message.file) throw badRequest('there is no caption in the message to edit');
  const change = { isCaptionAbove: undefined, ...caption, markup: markupOf(call.params.reply_markup) };
  return finish(world, editing, change);
}

/** editMessageReplyMarkup. */
export async function editMessageReplyMarkup(world: World, call: Call): Promise<Message> {
  const markup = markupOf(call.params.reply_markup);
  const editing = editingOf(world, call);
  if (editing.message.albumId && markup) throw badRequest("message can't be edited");
  return finish(world, editing, { markup });
}

/** In an album photos and videos change places, documents and audios only with their own. */
function checkAlbumKind(message: StoredMessage, kind: string): void {
  if (!message.albumId || !message.file) return;
  const classOf = (name: string) => (['photo', 'video'].includes(name) ? 'visual' : name);
  if (classOf(message.file.kind) !== classOf(kind)) throw badRequest("can't change media type in the album");
}

/** editMessageMedia: also makes a text a message with media (Bot API 10.1). */
export async function editMessageMedia(world: World, call: Call): Promise<Message> {
  const media: Call['params'] = call.params.media;
  if (!(media?.type in mediaKinds)) throw badRequest("can't parse InputMedia: invalid InputMedia type specified");
  const kind = media.type as MediaKind;
  const caption = captionOf(media);
  const editing = editingOf(world, call);
  checkAlbumKind(editing.message, kind);
  const missing = "can't parse InputMedia: media not found";
  const file = await fileOfParams(world, call, { kind, params: media, missing });
  const markup = markupOf(call.params.reply_markup);
  return finish(world, editing, { text: undefined, entities: undefined, ...caption, file, markup });
}
