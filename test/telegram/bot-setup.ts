import { pino } from 'pino';
import { expect, onTestFinished } from 'vitest';
import { openTelegram } from '../../src/bots/telegram/client.ts';
import type { OnEvent } from '../../src/bots/telegram/handle.ts';
import { type Listening, listen } from '../../src/bots/telegram/listen.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startTelegram, type Telegram, type TelegramOptions } from '../support/telegram/server.ts';
import type { SeenMessage } from '../support/telegram/world.ts';
import { waitFor } from '../support/wait.ts';

/** A server, a database, and the driver's listening side between them. */
export type Bot = {
  server: Telegram;
  product: TestApp;
  telegram: Listening;
  /** Lines of the log, as JSON. */
  logged: string[];
  /** Begins to listen; the function ends it and waits for its end. */
  start(onEvent: OnEvent, options?: Partial<Listening>): () => Promise<void>;
  /** What the bot said in a chat, in order. */
  saidIn(chat: { id: number }): SeenMessage[];
};

/** Opens all of it; closed when the test ends. The test fails when the bot did what Telegram ignores in silence. */
export async function openBot(options: TelegramOptions = {}, driver: Partial<Listening> = {}): Promise<Bot> {
  const server = await startTelegram({ forwardDelayMs: 0, ...options });
  const product = await startTestApp({}, []);
  const { db, bus } = product.app;
  const logged: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line) => void logged.push(line) });
  const { token, root: apiRoot } = server;
  const telegram = {
    ...openTelegram({ db, bus, log, token, apiRoot, isLocal: options.mode === 'local', uploadMbps: 0, ...driver }),
    ...driver,
  };
  const stops: (() => Promise<void>)[] = [];
  onTestFinished(async () => {
    await Promise.all(stops.map((stop) => stop()));
    await server.close();
    await product.close();
    expect(server.violations).toEqual([]);
    expect(logged.join('')).not.toContain(token);
  });
  const start: Bot['start'] = (onEvent, more = {}) => {
    const stopping = new AbortController();
    const ended = listen({ ...telegram, ...more }, onEvent, stopping.signal);
    const stop = () => {
      stopping.abort();
      return ended;
    };
    stops.push(stop);
    return stop;
  };
  const saidIn = (chat: { id: number }) =>
    server.world.messages(chat as never).filter(({ from }) => from?.id === server.bot.id);
  return { server, product, telegram, logged, start, saidIn };
}

/** A person with a private chat. */
export function addPerson({ server }: Bot, firstName: string, languageCode?: string) {
  const user = server.world.addUser({ firstName, ...(languageCode ? { languageCode } : {}) });
  const chat = server.world.privateChat(user);
  return { user, chat, say: (text: string) => server.world.say(user, chat, text) };
}

/** Waits until the bot said so many things in a chat, and gives their texts. */
export async function texts(bot: Bot, chat: { id: number }, count: number): Promise<(string | undefined)[]> {
  await waitFor(() => bot.saidIn(chat).length >= count, { what: `${count} messages of the bot` });
  return bot.saidIn(chat).map(({ text }) => text);
}

/** Answers with what was said. */
export const echo: OnEvent = async ({ text }) => ({ text: `echo ${text}` });

/** Waits until nothing that was said waits for an answer or its sending. */
export async function waitUntilQuiet({ server, telegram }: Bot): Promise<void> {
  const { db } = telegram;
  await waitFor(async () => {
    const waiting = await db.execute(
      // Told to Telegram as taken, and finished here.
      'select 1 from inbox where handled_at is null or (reply is not null and replied_at is null)',
    );
    return waiting.length === 0 && [...server.world.bots.values()].every(({ queue }) => queue.length === 0);
  });
}
