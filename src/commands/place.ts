import type { App } from '../app.ts';
import { shown } from '../core/command.ts';
import { TemporaryError, UserError } from '../core/errors.ts';
import { type ChatKind, chatKinds } from '../core/model.ts';
import type { Chat, Place } from '../core/ports.ts';
import type { CommandContext } from './context.ts';

/** The driver of a kind of chat. @throws UserError `chat_not_connected` */
export function chatOf(app: App, kind: ChatKind): Chat {
  const chat = app.chats.get(kind);
  if (!chat) throw new UserError('chat_not_connected');
  return chat;
}

/** `@channel`, `-100…` or `discord:123`: another chat's kind may be named before a colon. */
export function readKind(text: string, fallback: ChatKind): { kind: ChatKind; address: string } {
  const [, kind, address] = /^([a-z]+):(.+)$/.exec(text) ?? [];
  const known = chatKinds.find((candidate) => candidate === kind);
  return known && address ? { kind: known, address } : { kind: fallback, address: text };
}

/**
 * A place that a person names, as its chat knows it. Only admins of the installation may name places of others.
 *
 * @throws UserError `chat_not_connected`, `place_unknown`, `place_closed`, `place_not_yours`
 */
export async function findPlace(app: App, ctx: CommandContext, kind: ChatKind, address: string): Promise<Place> {
  const { chat, user, isInstaller } = ctx;
  // Ids of people mean nothing in another kind of chat.
  const isSameKind = kind === chat.kind;
  const place = await chatOf(app, kind)
    .findPlace(address, isSameKind ? user.id : '')
    .catch((error: unknown) => {
      throw error instanceof TemporaryError ? new UserError('chat_silent', {}, { cause: error }) : error;
    });
  const isHere = isSameKind && (place.address === chat.chatId || place.address.startsWith(`${chat.chatId}/`));
  const isTheirs = isSameKind && place.isTheirs;
  // Not its name: that of a private chat is nobody's business.
  if (!isInstaller && !isHere && !isTheirs) throw new UserError('place_not_yours', { place: shown(address) });
  return place;
}

/** What people call a place of a row; its address where the chat does not tell now. */
export async function placeName(app: App, kind: ChatKind, address: string): Promise<string> {
  const found = app.chats.get(kind)?.findPlace(address, '');
  const place = await found?.catch(() => undefined);
  return place?.name ?? address;
}

/** Name and number of a place. */
export async function placeLabel(app: App, kind: ChatKind, address: string): Promise<string> {
  const name = await placeName(app, kind, address);
  const id = `${kind}:${address}`;
  return name === address ? id : `${name} (${id})`;
}
