import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIUser } from 'discord.js';
import { pino } from 'pino';
import { expect, onTestFinished } from 'vitest';
import { type Discord as Driver, openDiscord } from '../../src/bots/discord/client.ts';
import { createDiscordChat } from '../../src/bots/discord/discord.ts';
import { listen, type OnEvent } from '../../src/bots/discord/listen.ts';
import type { Chat, OutgoingPost, PostItem, TargetRef } from '../../src/core/ports.ts';
import { openDatabase } from '../../src/db/client.ts';
import { openBus } from '../../src/queue/bus.ts';
import type { Interaction, Reply } from '../support/discord/interactions.ts';
import { type DiscordOptions, type Discord as Server, startDiscord } from '../support/discord/server.ts';
import type { ChannelState, GuildState } from '../support/discord/state.ts';
import { freshDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait.ts';

/** A server with a guild, a channel and a person, a database, and the driver between them. */
export type Bot = {
  server: Server;
  world: Server['world'];
  driver: Driver;
  chat: Chat;
  guild: GuildState;
  channel: ChannelState;
  person: APIUser;
  target: TargetRef;
  /** Lines of the log, as JSON. */
  logged: string[];
  /** Begins to listen and waits until it does; the function ends it and waits for its end. */
  start(onEvent: OnEvent): Promise<() => Promise<void>>;
};

/** Opens all of it; closed when the test ends. The test fails when the bot did what Discord ignores in silence. */
export async function openBot(options: DiscordOptions = {}, more: Partial<Driver> = {}): Promise<Bot> {
  const server = await startDiscord({ isRateLimited: false, ...options });
  const { world, token, root: apiRoot } = server;
  const logged: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line) => void logged.push(line) });
  const database = await freshDatabase();
  const { db, sql, close } = openDatabase(database.url);
  const bus = await openBus(sql, log);
  const settings = { db, bus, log, token, apiRoot, uploadMbps: 0, settleMs: 0, ...more };
  const driver = openDiscord(settings);
  const stops: (() => Promise<void>)[] = [];
  onTestFinished(async () => {
    await Promise.all(stops.map((stop) => stop()));
    await server.close();
    await bus.close();
    await close();
    await database.drop();
    expect(server.violations).toEqual([]);
    expect(logged.join('')).not.toContain(token);
  });
  const guild = world.addGuild({ name: 'Guild' });
  const channel = world.addChannel(guild, { name: 'vods' });
  const person = world.addUser({ username: 'ann' });
  world.addMember(guild, person);
  const start: Bot['start'] = async (onEvent) => {
    const stopping = new AbortController();
    const ended = listen(driver, onEvent, stopping.signal);
    const stop = () => {
      stopping.abort();
      return ended;
    };
    stops.push(stop);
    await waitFor(() => world.commands().length > 0 && server.gateway.sessions().length > 0, { what: 'a bot' });
    return stop;
  };
  const target: TargetRef = { id: 1, kind: 'discord', address: `${guild.id}/${channel.id}`, limits: {} };
  const chat = createDiscordChat(settings);
  return { server, world, driver, chat, guild, channel, person, target, logged, start };
}

/** What the person sees of an answer, once nothing of it is awaited any more. */
export async function shownTo(interaction: Interaction, count = 1): Promise<Reply[]> {
  const shown = () => interaction.replies().filter(({ isLoading, isDeleted }) => !isLoading && !isDeleted);
  await waitFor(() => shown().length >= count, { what: `${count} answers` });
  return shown();
}

let nextId = 100;

/** A post to the bot's channel. */
export function outgoing(bot: Bot, kind: OutgoingPost['kind'], text: string, more: Partial<OutgoingPost> = {}) {
  const chat = { kind: 'discord' as const, chatId: bot.guild.id, threadId: bot.channel.id };
  return { id: nextId++, kind, chat, content: { text }, intentAt: new Date(), ...more } satisfies OutgoingPost;
}

/** Part files of so many bytes each, as they are sent with a post; gone when the test ends. */
export async function partFiles(sizes: number[]): Promise<PostItem[]> {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-parts-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return Promise.all(
    sizes.map(async (sizeBytes, index) => {
      const partId = index + 1;
      const path = join(dir, `${partId}.mp4`);
      await writeFile(path, Buffer.alloc(sizeBytes, `part ${partId} `));
      const file = { partId, path, sizeBytes, lengthMs: 1000, width: 320, height: 180, fileName: `part${partId}.mp4` };
      return { partId, file };
    }),
  );
}

/** A signal that comes only when a test hangs. */
export const patience = (): AbortSignal => AbortSignal.timeout(60_000);
