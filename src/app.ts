import { createHash, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { sayNotices } from './bots/say-notices.ts';
import { createTelegramChat } from './bots/telegram/telegram.ts';
import { createWebChat } from './bots/web.ts';
import { dispatch } from './commands/dispatch.ts';
import { suggest } from './commands/suggest.ts';
import { type Config, splitList } from './config.ts';
import type { CookieReader } from './core/cookies.ts';
import type { ChatKind } from './core/model.ts';
import type { Chat, Platform, Storage } from './core/ports.ts';
import { awaitPostgres } from './db/await-postgres.ts';
import { type Database, openDatabase, type Sql } from './db/client.ts';
import { createCookieReader } from './db/cookies.ts';
import { startEmbeddedPostgres } from './db/embedded.ts';
import { lockDataDir } from './db/lock-data-dir.ts';
import { migrateDatabase } from './db/migrate.ts';
import { findWholeSession } from './db/segments.ts';
import type { Logger } from './lib/log.ts';
import { endWarmYtdlp } from './media/warm-ytdlp.ts';
import { openMp4 } from './media/whole.ts';
import { createDirectPlatform } from './monitor/platforms/direct.ts';
import { createGenericPlatform } from './monitor/platforms/generic.ts';
import { createKickPlatform } from './monitor/platforms/kick.ts';
import { createMediamtxPlatform } from './monitor/platforms/mediamtx/mediamtx.ts';
import { createTwitchPlatform } from './monitor/platforms/twitch/twitch.ts';
import { dailyUnits } from './monitor/platforms/youtube/quota.ts';
import { createYoutubePlatform } from './monitor/platforms/youtube/youtube.ts';
import { pollUntil } from './monitor/poll.ts';
import { sweepUntil } from './monitor/sweep.ts';
import { type Bus, openBus } from './queue/bus.ts';
import { spendUnits, takeUnit } from './queue/daily-quota.ts';
import { type JobQueue, openQueue } from './queue/queue.ts';
import { pickSource } from './sources/sources.ts';
import { openStorage } from './storage/open.ts';
import type { Web } from './web/server.ts';
import { toMaterial } from './worker/material.ts';
import { startSupervisor } from './worker/supervisor.ts';

/** Everything that is built once per process; functions take it first. Built by `openApp` alone. */
export type App = {
  config: Config;
  log: Logger;
  db: Database;
  /** For LISTEN and raw statements. */
  sql: Sql;
  bus: Bus;
  queue: JobQueue;
  storage: Storage;
  platforms: Platform[];
  chats: Map<ChatKind, Chat>;
  cookies: CookieReader;
  /** Names this process as an owner of leases; new at each start. */
  owner: string;
};

/** What a process may be; `all` is every one of them. */
export const processRoles = ['bots', 'monitor', 'worker', 'web'] as const;
export type ProcessRole = (typeof processRoles)[number];

export type RunningApp = {
  app: App;
  /** Where the web role runs. */
  web?: Web | undefined;
  /** Ends every role and hands leases over; changes no state. */
  stop(): Promise<void>;
};

type Closer = () => Promise<unknown>;

/** The database: the one that is configured, or real Postgres in the data folder, migrated. */
async function openPostgres(config: Config, log: Logger, closers: Closer[]): Promise<string> {
  if (config.databaseUrl) {
    await awaitPostgres(config.databaseUrl, log);
    return config.databaseUrl;
  }
  closers.push(await lockDataDir(config.dataDir, 'aircheck'));
  const postgres = await startEmbeddedPostgres(config.dataDir, log);
  closers.push(postgres.stop);
  await migrateDatabase(postgres.url);
  return postgres.url;
}

/** Opens what every role needs. `closers` are run in reverse order. */
async function openApp(config: Config, log: Logger, closers: Closer[]): Promise<App> {
  await mkdir(config.dataDir, { recursive: true });
  const databaseUrl = await openPostgres(config, log, closers);
  const { db, sql, close } = openDatabase(databaseUrl);
  closers.push(close);
  const bus = await openBus(sql, log);
  const queue = await openQueue(config.queueUrl ?? databaseUrl, log);
  closers.push(queue.close);
  closers.push(endWarmYtdlp);
  const storage = openStorage(config.storageUrl);
  await storage.prepare();
  const cookies = createCookieReader(db, config.secretKey, log);
  const platforms = openPlatforms({ config, log, db }, cookies);
  const chats = await openChats({ config, log, db, bus, storage });
  return { config, log, db, sql, bus, queue, storage, platforms, chats, cookies, owner: randomUUID() };
}

/** The first that knows an address has it; the generic one knows them all. */
function openPlatforms({ config, log, db }: Pick<App, 'config' | 'log' | 'db'>, cookies: CookieReader): Platform[] {
  const generic = { programs: config, allowPrivate: config.allowPrivateSources, cookies };
  const { twitchClientId: clientId, twitchClientSecret: clientSecret } = config;
  const { twitchApiRoot: apiRoot, twitchAuthRoot: authRoot } = config;
  return [
    createTwitchPlatform({ ...generic, clientId, clientSecret, apiRoot, authRoot }),
    createYoutubePlatform({ ...generic, root: config.youtubeRoot, api: youtubeApi({ config, log, db }) }),
    createKickPlatform(generic),
    createMediamtxPlatform(generic),
    createDirectPlatform(generic),
    createGenericPlatform(generic),
  ];
}

/** The units of a key are counted for all processes; the row names it by its hash. */
function youtubeApi({ config, log, db }: Pick<App, 'config' | 'log' | 'db'>) {
  const { youtubeApiKey: key } = config;
  if (!key) return undefined;
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 12);
  const daily = { ...dailyUnits, key: `youtube:${hash}` };
  return {
    key,
    quota: { take: () => takeUnit(db, daily), spend: () => spendUnits(db, daily) },
    onRefused: () => log.warn('YouTube refuses YOUTUBE_API_KEY; its pages are looked at without it'),
    onSpent: () => log.warn("the day's units of YOUTUBE_API_KEY are spent; the pages are looked at without it"),
  };
}

/** Not a setting: a fact of the chats' servers, which only the chaos harness (test/chaos) can know to be shorter. */
const chaosSettleMs = () => Number(process.env.CHAOS_SETTLE_MS) || undefined;

/** The web chat, and each chat whose token is set. */
async function openChats({ config, log, db, bus, storage }: Pick<App, 'config' | 'log' | 'db' | 'bus' | 'storage'>) {
  const chats: Chat[] = [createWebChat({ db, bus, storage, log })];
  const { telegramToken: token, telegramApiRoot: apiRoot, telegramLocal: isLocal } = config;
  const { telegramPathMap: pathMap, telegramVault: vault, uploadMbps, publicUrl } = config;
  const admins = config.admins.filter(({ kind }) => kind === 'telegram').map(({ userId }) => userId);
  if (token) {
    const ours = { db, bus, log, token, apiRoot, isLocal, pathMap, vault, uploadMbps, publicUrl, admins };
    const settleMs = chaosSettleMs();
    chats.push(createTelegramChat({ ...ours, ...(settleMs && { settleMs }) }));
  }
  if (config.discordToken) chats.push(await openDiscordChat({ config, log, db, bus }));
  return new Map(chats.map((chat) => [chat.kind, chat]));
}

/** Loaded only where it is spoken: its library is a quarter of what a start costs. */
async function openDiscordChat({ config, log, db, bus }: Pick<App, 'config' | 'log' | 'db' | 'bus'>): Promise<Chat> {
  const { createDiscordChat } = await import('./bots/discord/discord.ts');
  const { discordToken: token = '', discordApiRoot: apiRoot, uploadMbps } = config;
  const guilds = splitList(config.discordGuilds);
  const settleMs = chaosSettleMs();
  return createDiscordChat({
    ...{ db, bus, log, token, apiRoot, guilds, uploadMbps, ...(settleMs && { settleMs }) },
    suggest: (asking) => suggest({ db, config }, asking),
  });
}

/** Builds the App and starts roles in this process. @throws UserError with what to do */
export async function startApp(config: Config, log: Logger, roles: readonly ProcessRole[]): Promise<RunningApp> {
  const closers: Closer[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close().catch((err) => log.warn({ err }, 'closing'));
  };
  try {
    const app = await openApp(config, log, closers);
    const web = await startRoles(app, roles, closers);
    return { app, web, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startRoles(app: App, roles: readonly ProcessRole[], closers: Closer[]): Promise<Web | undefined> {
  const stopping = new AbortController();
  const loops: Promise<void>[] = [];
  if (roles.includes('worker')) {
    const supervisor = startSupervisor(app, pickSource);
    closers.push(supervisor.stop);
  }
  if (roles.includes('monitor')) {
    loops.push(sweepUntil(app, stopping.signal));
    loops.push(pollUntil(app, stopping.signal));
  }
  if (roles.includes('bots')) {
    for (const chat of app.chats.values()) {
      loops.push(chat.listen((event) => dispatch(app, event), stopping.signal));
      loops.push(sayNotices({ ...app, chat }, stopping.signal));
    }
  }
  closers.push(async () => {
    stopping.abort();
    await Promise.allSettled(loops);
  });
  if (!roles.includes('web')) return undefined;
  const { startWeb } = await import('./web/server.ts');
  const web = await startWeb(app, { openMp4: (sessionId, signal) => wholeMp4(app, sessionId, signal) });
  closers.push(web.close);
  return web;
}

async function wholeMp4(app: App, sessionId: number, signal: AbortSignal): Promise<Readable | undefined> {
  const material = toMaterial(await findWholeSession(app.db, sessionId), { from: 0 }, (key) => app.storage.read(key));
  return material.runs.length === 0 ? undefined : openMp4(material, { ffmpeg: app.config.ffmpeg, signal });
}
