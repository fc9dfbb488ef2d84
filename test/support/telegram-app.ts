import { sql } from 'drizzle-orm';
import type { Chat, User } from 'grammy/types';
import { inbox } from '../../src/db/schema.ts';
import { probe } from '../../src/media/probe.ts';
import { startTestApp, type TestApp } from './app.ts';
import type { LiveStream } from './live.ts';
import { startTelegram, type Telegram, type TelegramOptions } from './telegram/server.ts';
import type { SeenMessage, World } from './telegram/world.ts';
import { waitFor } from './wait.ts';

/** The product on a strict Telegram with an owner, a channel with its discussion group, and a vault. */
export type TelegramApp = {
  readonly t: TestApp;
  telegram: Telegram;
  world: World;
  owner: User;
  /** The owner's private chat with the bot. */
  home: Chat.PrivateChat;
  channel: Chat.ChannelChat;
  group: Chat;
  vault: Chat.ChannelChat;
  /** A person writes, the owner if nobody is named, and reads the answer. */
  say(text: string, where?: { chat?: Chat; user?: User; threadId?: number }): Promise<string>;
  /** The latest card in a chat (home). */
  card(chat?: Chat): SeenMessage | undefined;
  /** Waits until the card at home shows this, with its next edit due at once and not in 15 s. */
  cardShows(isShown: (card: SeenMessage) => boolean | undefined): Promise<unknown>;
  /** Posts of the channel: albums and single messages, each a list of its messages. */
  posts(chat?: Chat): SeenMessage[][];
  close(): Promise<void>;
};

export type TelegramAppOptions = { server?: TelegramOptions; env?: Record<string, string>; hasVault?: boolean };

const ownerId = 987_654_321;

/** Starts it; `/target add archive` is for the test to say. */
export async function startTelegramApp({
  server = {},
  env = {},
  hasVault = true,
}: TelegramAppOptions = {}): Promise<TelegramApp> {
  const telegram = await startTelegram(server);
  const { world } = telegram;
  const owner = world.addUser({ id: ownerId, firstName: 'Owner', languageCode: 'en' });
  const home = world.privateChat(owner);
  const channel = world.addChannel({ title: 'Archive', username: 'archive_channel' });
  const group = world.addGroup({ title: 'Archive talk' });
  world.link(channel, group);
  const vault = world.addChannel({ title: 'Vault' });
  const card = (chat: Chat = home) => world.messages(chat).findLast(({ reply_markup: markup }) => markup !== undefined);
  const t = await startTestApp({
    TELEGRAM_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.root,
    ADMINS: `telegram:${ownerId}`,
    ...(hasVault ? { TELEGRAM_VAULT: String(vault.id) } : {}),
    ...env,
  });
  return {
    ...{ t, telegram, world, owner, home, channel, group, vault },
    async say(text, { chat = home, user = owner, threadId } = {}) {
      const said = world.say(user, chat, text, threadId === undefined ? {} : { threadId });
      return readReply(t, said.message_id, { chatId: said.chat.id, text: said.text ?? text });
    },
    card,
    cardShows: (isShown) =>
      waitFor(
        async () => {
          const told = card();
          if (told && isShown(told)) return true;
          await t.app.db.execute(sql`update posts set edited_at = edited_at - interval '15 s' where kind = 'card'`);
          return false;
        },
        { everyMs: 250, what: 'the card' },
      ),
    posts: (chat = channel) => grouped(world.messages(chat)),
    async close() {
      await t.close();
      await telegram.close();
    },
  };
}

async function readReply(
  t: TestApp,
  messageId: number,
  { chatId, text }: { chatId: number; text: string },
): Promise<string> {
  // A group that moved has messages of the same id from before.
  const said = sql`body->'message'->>'message_id' = ${String(messageId)} and chat_id = ${String(chatId)}
    and body->'message'->>'text' = ${text}`;
  const rows = await waitFor(
    async () => {
      const found = await t.app.db.select().from(inbox).where(said);
      return found[0]?.handledAt && (found[0].repliedAt || !found[0].reply) ? found : undefined;
    },
    { what: `an answer to message ${messageId}` },
  );
  return rows[0]?.reply?.text ?? '';
}

/** Video frames of the files that stand in messages, in order. */
export async function framesOf({ world }: TelegramApp, messages: SeenMessage[]): Promise<number> {
  const paths = messages.flatMap(({ video }) => (video ? [world.fileOf(video.file_id).path] : []));
  const probed = await Promise.all(paths.map((path) => probe(path, { ffprobe: 'ffprobe', countPackets: true })));
  return probed.reduce((sum, { frameCount }) => sum + frameCount, 0);
}

/** The size limit in bytes that makes `count` parts, or one more, of the first `segments` Media Segments. */
export async function limitFor(origin: LiveStream, count: number, segments: number): Promise<number> {
  const sizes = await Promise.all(Array.from({ length: segments }, async (_, at) => (await origin.bytes(at)).length));
  const perPart = Math.ceil(segments / count);
  const largest = Math.max(...sizes.map((_, at) => sizes.slice(at, at + perPart).reduce((sum, size) => sum + size, 0)));
  return Math.ceil((largest + 64_001) / 0.985);
}

function grouped(messages: SeenMessage[]): SeenMessage[][] {
  const groups = new Map<string, SeenMessage[]>();
  for (const message of messages) {
    const key = message.media_group_id ?? `single ${message.message_id}`;
    groups.set(key, [...(groups.get(key) ?? []), message]);
  }
  return [...groups.values()];
}
