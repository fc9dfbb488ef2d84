import type { ChatFullInfo } from 'grammy/types';
import { joinAddress, splitAddress } from '../../core/address.ts';
import { FatalError, UserError } from '../../core/errors.ts';
import type { Place } from '../../core/ports.ts';
import { ask } from './call.ts';
import type { Telegram } from './client.ts';
import { MovedError } from './errors.ts';

/** The topic "General" of a forum is named by no thread. */
const generalTopic = '1';

/**
 * What a person typed as a place: `@name`, `-100…`, `-100…/7`, or a link `https://t.me/name`, `https://t.me/c/123/7`.
 * Source: core.telegram.org/api/links#message-links.
 *
 * @returns an address as the Bot API takes it, not yet looked up
 */
export function readPlace(text: string): string {
  const link = /^(?:https?:\/\/)?(?:t|telegram)\.me\/([^?#]+)/i.exec(text.trim())?.[1];
  if (!link) return text.trim();
  const [first = '', second, third] = link.split('/');
  if (first === 'c') return joinAddress({ chatId: `-100${second}`, threadId: third });
  return joinAddress({ chatId: `@${first}`, threadId: second });
}

/**
 * The place a person named, by its number: names change hands. It is theirs where they are its admin, or its private
 * chat is their own.
 *
 * @throws UserError `place_unknown`, `place_closed`; TemporaryError where Telegram cannot be asked
 */
export async function findPlace(telegram: Telegram, address: string, userId: string): Promise<Place> {
  const { chatId, threadId } = splitAddress(readPlace(address));
  const chat = await getChat(telegram, chatId);
  const isTopic = chat.is_forum && threadId !== undefined && threadId !== generalTopic;
  const id = String(chat.id);
  return {
    address: joinAddress({ chatId: id, threadId: isTopic ? threadId : undefined }),
    name: nameOf(chat),
    isTheirs: chat.type === 'private' ? id === userId : await isAdmin(telegram, id, userId),
  };
}

async function getChat(telegram: Telegram, chatId: string): Promise<ChatFullInfo> {
  if (!/^(@\w+|-?\d+)$/.test(chatId)) throw new UserError('place_unknown', { place: chatId.slice(0, 60) });
  try {
    return await ask(telegram, chatId, (api) => api.getChat(chatId));
  } catch (error) {
    if (error instanceof MovedError) return getChat(telegram, error.newChatId);
    if (!(error instanceof FatalError)) throw error;
    const isClosed = ['telegram_kicked', 'telegram_blocked'].includes(error.code);
    throw new UserError(isClosed ? 'place_closed' : 'place_unknown', { place: chatId }, { cause: error });
  }
}

const nameOf = (chat: ChatFullInfo): string =>
  chat.title ?? ([chat.first_name, chat.last_name].filter(Boolean).join(' ') || String(chat.id));

async function isAdmin(telegram: Telegram, chatId: string, userId: string): Promise<boolean> {
  if (!/^\d+$/.test(userId)) return false;
  try {
    const { status } = await ask(telegram, chatId, (api) => api.getChatMember(chatId, Number(userId)));
    return status === 'creator' || status === 'administrator';
  } catch (error) {
    // Telegram does not show the members of a channel to a bot that is no admin of it.
    if (error instanceof FatalError) return false;
    throw error;
  }
}
