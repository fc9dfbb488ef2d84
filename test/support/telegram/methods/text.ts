import type { Message } from 'grammy/types';
import { badRequest } from '../api-error.ts';
import { destinationOf } from '../destination.ts';
import { type Formatted, lengthOf, parseText } from '../entities.ts';
import { countSend } from '../flood.ts';
import { post } from '../messages.ts';
import type { Call } from '../types.ts';
import { viewOf } from '../views.ts';
import type { World } from '../world.ts';

/** Source: Bot API, sendMessage and sendVideo: characters after the entities were parsed. */
const maxTextChars = 4096;
const maxCaptionChars = 1024;

/** @throws ApiError 400 when it is empty, too long (`tooLong`), or its markup is wrong */
export function textOf(params: Call['params'], tooLong: string): Formatted {
  if (!params.text) throw badRequest('message text is empty');
  const parsed = parseText({ text: params.text, parseMode: params.parse_mode, entities: params.entities });
  if (parsed.text === '') throw badRequest('text must be non-empty');
  if (lengthOf(parsed.text) > maxTextChars) throw badRequest(tooLong);
  return parsed;
}

/** Caption fields of a method or of an item of an album. @throws ApiError 400 */
export function captionOf(params: Call['params']) {
  const { caption, parse_mode: parseMode, caption_entities: entities } = params;
  const parsed = parseText({ text: caption ?? '', parseMode, entities });
  if (lengthOf(parsed.text) > maxCaptionChars) throw badRequest('message caption is too long');
  return {
    caption: parsed.text,
    captionEntities: parsed.entities,
    ...(params.show_caption_above_media ? { isCaptionAbove: true } : {}),
  };
}

/** sendMessage. */
export async function sendMessage(world: World, call: Call): Promise<Message> {
  const { text, entities } = textOf(call.params, 'message is too long');
  const { bot, chat, common } = destinationOf(world, call, 'text messages');
  countSend(world, bot, chat);
  const [message] = post(world, chat, { drafts: [{ ...common, text, entities }] });
  if (!message) throw new Error('nothing posted');
  return viewOf(world, message, bot.user.id);
}

/** sendMessageDraft: a preview that nobody else sees. Private chats only. */
export async function sendMessageDraft(world: World, call: Call): Promise<true> {
  const { chat } = destinationOf(world, call, 'text messages');
  if (chat.chat.type !== 'private') throw badRequest('the method is available only for private chats');
  if (call.params.text) textOf(call.params, 'message is too long');
  return true;
}
