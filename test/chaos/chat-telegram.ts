import type { Chat } from 'grammy/types';
import { startTelegram } from '../support/telegram/server.ts';
import type { SeenMessage } from '../support/telegram/world.ts';
import type { ChaosChat, Place } from './chat.ts';

/** Who orders; the private chat has the same id. */
export const ownerId = 987_654_321;

/** Telegram keeps what was said; but an order may be refused, because a look at a chat failed. */
const patienceMs = 20_000;

/**
 * Telegram with a private chat, a channel with its discussion group, and a vault. With `hasRates` it counts messages as
 * the real one does; else nobody has to wait, for a run is short.
 */
export async function openTelegramChat({ hasRates = false } = {}): Promise<ChaosChat> {
  const telegram = await startTelegram({ flood: hasRates });
  const { world } = telegram;
  const owner = world.addUser({ id: ownerId, firstName: 'Owner', languageCode: 'en' });
  const home = world.privateChat(owner);
  const channel = world.addChannel({ title: 'Archive', username: 'archive_channel' });
  const group = world.addGroup({ title: 'Archive talk' });
  world.link(channel, group);
  const vault = world.addChannel({ title: 'Vault' });

  const say = (text: string) => void world.say(owner, home, text);
  const byBot = (chat: Chat) =>
    world.messages(chat).filter(({ from, forward_origin: origin }) => from?.id === telegram.bot.id && !origin);
  const posts = (place: Place) => world.messages(place === 'home' ? home : channel).filter(({ video }) => video);
  /** The copy of a channel's post in its discussion group. */
  const forwardOf = (id: number | undefined) =>
    world
      .messages(group)
      .find(
        ({ forward_origin: from }) => from?.type === 'channel' && from.chat.id === channel.id && from.message_id === id,
      )?.message_id;
  const looseIn = (chat: Chat) => byBot(chat).filter((each) => !each.reply_to_message);
  const isPosted = ({ video, text }: SeenMessage) => video !== undefined || (text !== undefined && text !== '…');
  const name = ({ chat, text, message_id: id }: SeenMessage) => `${id} in ${chat.type} ${chat.id}: ${text ?? ''}`;
  const isTooFast = ({ status }: { status: number }) => hasRates && status === 429;
  return {
    patienceMs,
    env: {
      TELEGRAM_TOKEN: telegram.token,
      TELEGRAM_API_ROOT: telegram.root,
      TELEGRAM_VAULT: String(vault.id),
      ADMINS: `telegram:${ownerId}`,
    },
    // Telegram keeps what is said until somebody listens.
    isReady: () => true,
    addTarget: (limitBytes) => say(`/target add archive @archive_channel limit=${limitBytes}B`),
    record: (url, to) => say(`/record ${url}${to ? ` to=${to}` : ''}`),
    fault(fault) {
      if (fault.kind === 'telegram') telegram.fault(fault.spec);
    },
    restart: () => telegram.restart(),
    settle: () => world.publish(),
    files: (place) =>
      posts(place).map(({ message_id: id, video, fileSha256: sha256 = '' }) => ({
        ...{ messageId: String(id), sha256 },
        path: world.fileOf(video?.file_id ?? '').path,
      })),
    stagedHashes: () => new Set(world.messages(vault).map(({ fileSha256 }) => fileSha256)),
    comments(place) {
      const [first] = posts(place);
      const root = place === 'home' ? first?.message_id : forwardOf(first?.message_id);
      return byBot(place === 'home' ? home : group).map(({ text = '', reply_to_message: to }) => ({
        ...{ text, isInPlace: root !== undefined && to?.message_id === root },
      }));
    },
    cardCount: () => byBot(home).filter(({ reply_markup: markup }) => markup !== undefined).length,
    leftOver: () => [
      ...world
        .messages(channel)
        .filter(({ video }) => !video)
        .map(name),
      ...[...byBot(group), ...byBot(home)].filter((message) => !isPosted(message)).map(name),
      ...looseIn(group).map((message) => `loose ${name(message)}`),
    ],
    answerCount: (text) => byBot(home).filter((message) => message.text === text).length,
    answeredTwice: () => [],
    complaints: () => [
      ...telegram.violations.map((text) => `violation: ${text}`),
      ...telegram.calls.filter(isTooFast).map(({ method, params }) => `too fast: ${method} ${String(params.chat_id)}`),
    ],
    calls: () =>
      telegram.calls
        .filter(({ method, status }) => method !== 'getUpdates' || status !== 200)
        .map(({ at, method, params, status }) => ({ at, text: lineOf(method, params, status) })),
    close: () => telegram.close(),
  };
}

function lineOf(method: string, params: Record<string, unknown>, status: number): string {
  const text = String(params['text'] ?? params['caption'] ?? '');
  const where = `${String(params['chat_id'] ?? '')} ${String(params['message_id'] ?? '')}`;
  return `Telegram: ${method} ${where} → ${status} ${text.slice(0, 40).replaceAll('\n', ' ')}`;
}
