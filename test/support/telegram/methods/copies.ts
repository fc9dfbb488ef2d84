import type { Message, MessageId } from 'grammy/types';
import { chatOf, type Sendable } from '../access.ts';
import { badRequest } from '../api-error.ts';
import { type Destination, destinationOf } from '../destination.ts';
import { countSend } from '../flood.ts';
import { contentOf, originOf } from '../forwards.ts';
import { type Draft, messageOf, post } from '../messages.ts';
import { botByToken, nextId, type StoredMessage } from '../state.ts';
import type { Call } from '../types.ts';
import { viewOf } from '../views.ts';
import type { World } from '../world.ts';
import { type MediaKind, mediaKinds } from './media.ts';
import { captionOf } from './text.ts';

/** Source: Bot API, forwardMessages: 1-100 ids. */
const maxIds = 100;

function whatOf(message: StoredMessage): Sendable {
  return message.file ? mediaKinds[message.file.kind as MediaKind].what : 'text messages';
}

function checkProtected(message: StoredMessage, action: string): void {
  if (message.isProtected || message.chat.isProtected)
    throw badRequest(`message has protected content and can't be ${action}`);
  if (message.service) throw badRequest(`message can't be ${action}`);
}

const forwarded = (message: StoredMessage): Partial<Draft> => ({
  ...contentOf(message),
  origin: originOf(message),
});

function sourceOf(world: World, call: Call, action: string): StoredMessage {
  const bot = botByToken(world, call.token);
  const from = chatOf(world, bot, call.params.from_chat_id);
  return messageOf(from, call.params.message_id, action);
}

function postCopies(world: World, { bot, chat, common }: Destination, contents: Partial<Draft>[]): StoredMessage[] {
  countSend(world, bot, chat, contents.length);
  return post(world, chat, { drafts: contents.map((content) => ({ ...common, ...content })) });
}

/** forwardMessage. */
export async function forwardMessage(world: World, call: Call): Promise<Message> {
  const message = sourceOf(world, call, 'forward');
  checkProtected(message, 'forwarded');
  const destination = destinationOf(world, call, whatOf(message));
  const [result] = postCopies(world, destination, [forwarded(message)]);
  if (!result) throw new Error('nothing posted');
  return viewOf(world, result, destination.bot.user.id);
}

/** copyMessage: answers the id only. */
export async function copyMessage(world: World, call: Call): Promise<MessageId> {
  const message = sourceOf(world, call, 'copy');
  checkProtected(message, 'copied');
  const destination = destinationOf(world, call, whatOf(message));
  const caption = message.file && call.params.caption !== undefined ? captionOf(call.params) : {};
  const [result] = postCopies(world, destination, [{ ...contentOf(message), ...caption }]);
  return { message_id: result?.id ?? 0 };
}

/** The messages of several ids: those that are missing or may not be copied are left out. */
function sourcesOf(world: World, call: Call): StoredMessage[] {
  const ids: number[] = call.params.message_ids ?? [];
  if (ids.length === 0) throw badRequest('message identifiers are not specified');
  if (ids.length > maxIds) throw badRequest('too many message identifiers specified');
  if (ids.some((id, index) => index > 0 && id <= (ids[index - 1] ?? 0))) {
    throw badRequest('message identifiers must be in a strictly increasing order');
  }
  const from = chatOf(world, botByToken(world, call.token), call.params.from_chat_id);
  if (from.isProtected) throw badRequest("message has protected content and can't be forwarded");
  return ids.flatMap((id) => {
    const message = from.messages.get(id);
    return message && !message.isProtected && !message.service ? [message] : [];
  });
}

/** Items of one album stay one album, with an id of its own. */
function withAlbums(world: World, messages: StoredMessage[], contents: Partial<Draft>[]): Partial<Draft>[] {
  const albums = new Map<string, string>();
  return contents.map((content, index) => {
    const old = messages[index]?.albumId;
    if (old === undefined) return content;
    albums.set(old, albums.get(old) ?? String(nextId(world) * 1_000_003));
    return { ...content, albumId: albums.get(old) };
  });
}

function several(world: World, call: Call, make: (message: StoredMessage) => Partial<Draft>): MessageId[] {
  const messages = sourcesOf(world, call);
  for (const message of messages) destinationOf(world, call, whatOf(message));
  const destination = destinationOf(world, call, 'text messages');
  if (messages.length === 0) throw badRequest('there are no messages to forward');
  const results = postCopies(world, destination, withAlbums(world, messages, messages.map(make)));
  return results.map(({ id }) => ({ message_id: id }));
}

/** forwardMessages. */
export async function forwardMessages(world: World, call: Call): Promise<MessageId[]> {
  return several(world, call, forwarded);
}

/** copyMessages. */
export async function copyMessages(world: World, call: Call): Promise<MessageId[]> {
  const noCaption = call.params.remove_caption ? { caption: undefined, captionEntities: undefined } : {};
  return several(world, call, (message) => ({ ...contentOf(message), ...noCaption }));
}
