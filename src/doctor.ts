import { randomUUID } from 'node:crypto';
import { mkdir, readFile, statfs, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { checkDiscordBot } from './bots/discord/checks.ts';
import { checkTelegramBot } from './bots/telegram/checks.ts';
import { type Config, splitList } from './config.ts';
import { errorText, UserError } from './core/errors.ts';
import { errorSentence } from './core/text/text.ts';
import { startEmbeddedPostgres } from './db/embedded.ts';
import { lockDataDir } from './db/lock-data-dir.ts';
import { createLogger, redact } from './lib/log.ts';
import { run } from './lib/run.ts';
import { checkTwitchApp } from './monitor/platforms/twitch/doctor.ts';
import { listVideos } from './monitor/platforms/youtube/list-videos.ts';
import { dataApiRoot } from './monitor/platforms/youtube/youtube.ts';
import { openStorage } from './storage/open.ts';

/** One thing that was looked at. A `warning` is worth knowing but stops nothing. */
export type Check = { name: string; state: 'ok' | 'warning' | 'fault'; detail: string; advice?: string };

const limitMs = 10_000;
/** Sites change: an older yt-dlp fails on some of them. Source: yt-dlp's own update warning after 90 days. */
const freshDays = 90;

/** Prints every check with what to do about each fault. Gives the exit code: 1 when something must be put right. */
export async function runDoctor(config: Config): Promise<number> {
  const checks = await checkAll(config);
  const width = Math.max(...checks.map(({ name }) => name.length));
  for (const { name, state, detail, advice } of checks) {
    const sign = { ok: 'ok   ', warning: 'warn ', fault: 'FAULT' }[state];
    process.stdout.write(`${sign}  ${name.padEnd(width)}  ${detail}\n`);
    if (advice) process.stdout.write(`${' '.repeat(width + 9)}→ ${advice}\n`);
  }
  const faults = checks.filter(({ state }) => state === 'fault').length;
  process.stdout.write(faults === 0 ? '\nAll that is needed works.\n' : `\n${faults} to put right.\n`);
  return faults === 0 ? 0 : 1;
}

/** Looks at everything a process needs, in the order in which a fault shows. Never throws. */
export async function checkAll(config: Config): Promise<Check[]> {
  const [database, ...others] = await Promise.all([
    guarded('database', () => checkDatabase(config)),
    guarded('ffmpeg', () => checkProgram('ffmpeg', config.ffmpeg, ['-version'], 'fault')),
    guarded('ffprobe', () => checkProgram('ffprobe', config.ffprobe, ['-version'], 'fault')),
    guarded('yt-dlp', () => checkYtdlp(config.ytdlp)),
    guarded('streamlink', () => checkProgram('streamlink', config.streamlink, ['--version'], 'warning')),
    guarded('queue', () => checkQueue(config)),
    guarded('storage', () => checkStorage(config)),
    guarded('disk', () => checkDisk(config)),
    guarded('telegram', () => checkTelegram(config)),
    guarded('discord', () => checkDiscord(config)),
    guarded('twitch', () => checkTwitch(config)),
    guarded('youtube', () => checkYoutube(config)),
    guarded('cookies', async () => checkSecretKey(config)),
  ]);
  return [database, ...others, await guarded('port', () => checkPort(config, database.detail.includes('runs')))];
}

async function guarded(name: string, look: () => Promise<Omit<Check, 'name'>>): Promise<Check> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    const sentence = error instanceof UserError ? errorSentence('en', error) : describe(error);
    return { name, state: 'fault', detail: redact(sentence) };
  }
}

/** `fetch failed` says nothing; its cause does. */
function describe(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${errorText(error)}${cause}`;
}

/** A check without its name. */
export type Finding = Omit<Check, 'name'>;
const ok = (detail: string): Finding => ({ state: 'ok', detail });

async function checkProgram(
  name: string,
  program: string,
  args: string[],
  severity: 'warning' | 'fault',
): Promise<Finding> {
  const result = await run(program, args, { timeoutMs: limitMs }).catch(() => undefined);
  const version = result?.reason === 'exited' ? result.stdout.split('\n')[0]?.trim() : undefined;
  if (version) return ok(version.replace(/ Copyright.*/, ''));
  const advice = `install ${name}, or set ${name.replace('-', '').toUpperCase()} to where it is`;
  return { state: severity, detail: `${program} does not run`, advice };
}

async function checkYtdlp(program: string): Promise<Finding> {
  const found = await checkProgram('yt-dlp', program, ['--version'], 'warning');
  const [, year, month, day] = /^(\d{4})\.(\d{2})\.(\d{2})/.exec(found.detail) ?? [];
  if (!year) return found;
  const days = Math.floor((Date.now() - Date.UTC(Number(year), Number(month) - 1, Number(day))) / 86_400_000);
  if (days <= freshDays) return found;
  const advice = 'bring a newer one (pipx install yt-dlp, or https://github.com/yt-dlp/yt-dlp) and set YTDLP to it';
  return { state: 'warning', detail: `${found.detail}, ${days} days old: some sites will not open`, advice };
}

async function checkDatabase(config: Config): Promise<Finding> {
  if (config.databaseUrl) return checkTables(config.databaseUrl);
  let unlock: (() => Promise<void>) | undefined;
  try {
    unlock = await lockDataDir(config.dataDir, 'aircheck');
  } catch (error) {
    if (error instanceof UserError && error.code === 'data_folder_in_use')
      return ok(`embedded; Aircheck runs on it (pid ${error.values.pid})`);
    throw error;
  }
  try {
    const server = await startEmbeddedPostgres(config.dataDir, createLogger('silent'));
    await server.stop();
    return ok(`embedded, in ${config.dataDir}`);
  } finally {
    await unlock();
  }
}

async function checkTables(url: string): Promise<Finding> {
  const journal = JSON.parse(await readFile(new URL('../drizzle/meta/_journal.json', import.meta.url), 'utf8')) as {
    entries: unknown[];
  };
  const sql = postgres(url, { max: 1, connect_timeout: limitMs / 1000, onnotice: () => {} });
  try {
    const [server] = await sql`select current_setting('server_version') as version,
      to_regclass('drizzle.__drizzle_migrations') is not null as has_tables`;
    const [done] = server?.has_tables ? await sql`select count(*)::int as n from drizzle.__drizzle_migrations` : [];
    const missing = journal.entries.length - (done?.n ?? 0);
    if (missing <= 0) return ok(`Postgres ${server?.version}, tables up to date`);
    return { state: 'fault', detail: `${missing} migrations are missing`, advice: 'run: aircheck migrate' };
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function checkQueue({ queueUrl }: Config): Promise<Finding> {
  if (!queueUrl) return ok('in the database');
  if (!queueUrl.startsWith('redis')) return checkPostgresAnswers(queueUrl);
  const redis = new Redis(queueUrl, { lazyConnect: true, retryStrategy: () => null, connectTimeout: limitMs });
  let lastError: Error | undefined;
  redis.on('error', (error) => {
    lastError = error;
  });
  try {
    await redis.connect();
    await redis.ping();
    return ok('Redis answers');
  } catch (error) {
    const advice = 'start Redis, or unset QUEUE_URL to let the database serve';
    return { state: 'fault', detail: `Redis: ${errorText(lastError ?? error)}`, advice };
  } finally {
    redis.disconnect();
  }
}

async function checkPostgresAnswers(url: string): Promise<Finding> {
  const sql = postgres(url, { max: 1, connect_timeout: limitMs / 1000, onnotice: () => {} });
  try {
    await sql`select 1`;
    return ok('Postgres answers');
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function checkStorage(config: Config): Promise<Finding> {
  const storage = openStorage(config.storageUrl);
  await storage.prepare();
  await mkdir(config.dataDir, { recursive: true });
  const name = `doctor-${randomUUID()}`;
  const path = join(config.dataDir, name);
  await writeFile(path, 'written by aircheck doctor\n');
  await storage.put(`doctor/${name}`, path);
  const written = await storage.stat(`doctor/${name}`);
  await storage.remove(`doctor/${name}`);
  if (!written) return { state: 'fault', detail: `${storage.name}: what was written is not there` };
  return ok(`${storage.name}: written, read and removed`);
}

async function checkDisk({ dataDir, diskReserveMb }: Config): Promise<Finding> {
  const { bavail, bsize } = await statfs(dataDir);
  const freeMb = Math.floor((bavail * bsize) / 1_000_000);
  if (freeMb >= diskReserveMb) return ok(`${freeMb} MB free in ${dataDir}`);
  const advice = 'make room, or lower DISK_RESERVE_MB; recording goes on, but no files are posted';
  return { state: 'fault', detail: `${freeMb} MB free, the reserve is ${diskReserveMb} MB`, advice };
}

async function checkTelegram(config: Config): Promise<Finding> {
  const { telegramToken: token, telegramApiRoot: apiRoot, telegramLocal: isLocal } = config;
  if (!token) return ok('not used (TELEGRAM_TOKEN is not set)');
  const settings = { token, apiRoot, isLocal, vault: config.telegramVault, publicUrl: config.publicUrl };
  const { detail, troubles } = await checkTelegramBot(settings);
  if (troubles.length === 0) return ok(detail);
  const [first] = troubles.filter(({ isFault }) => isFault);
  const texts = troubles.map(({ text }) => text);
  const advice = (first ? [first] : troubles).map((trouble) => trouble.advice).join('; ');
  return { state: first ? 'fault' : 'warning', detail: [detail, ...texts].filter(Boolean).join('; '), advice };
}

async function checkDiscord({ discordToken: token, discordApiRoot: apiRoot, discordGuilds }: Config): Promise<Finding> {
  if (!token) return ok('not used (DISCORD_TOKEN is not set)');
  const { detail, fault, invite } = await checkDiscordBot({ token, apiRoot, guilds: splitList(discordGuilds) });
  if (fault) return { state: 'fault', detail: [detail, fault.text].filter(Boolean).join('; '), advice: fault.advice };
  return ok(`${detail}; invite: ${invite}`);
}

/** Asks Twitch's API with the application that is set. @throws UserError where Twitch refuses its id or secret */
export async function checkTwitch(config: Config): Promise<Finding> {
  const { twitchClientId: clientId, twitchClientSecret: clientSecret } = config;
  const slow = 'each channel is looked at by itself, every 2 minutes';
  const advice = 'make an application at https://dev.twitch.tv/console/apps and set TWITCH_CLIENT_ID and its secret';
  if (!clientId && !clientSecret) return { state: 'ok', detail: `without an application: ${slow}`, advice };
  const missing = clientId ? 'TWITCH_CLIENT_SECRET' : 'TWITCH_CLIENT_ID';
  if (!clientId || !clientSecret) return { state: 'fault', detail: `${missing} is not set, so ${slow}`, advice };
  const { twitchApiRoot: apiRoot, twitchAuthRoot: authRoot } = config;
  try {
    await checkTwitchApp({ clientId, clientSecret, apiRoot, authRoot }, AbortSignal.timeout(limitMs));
    return ok('the API answers');
  } catch (error) {
    // Twitch being away is no fault here: it is asked again.
    if (error instanceof UserError) throw error;
    return { state: 'warning', detail: `the API does not answer (${describe(error)})` };
  }
}

/** Asks the Data API for a video, which costs a unit. @throws UserError where the key is refused */
export async function checkYoutube({ youtubeApiKey: key, youtubeRoot }: Config): Promise<Finding> {
  if (!key) return ok('by its pages (YOUTUBE_API_KEY is not set, and not needed)');
  const access = { key, root: dataApiRoot(youtubeRoot), allowPrivate: true };
  // The first video of YouTube.
  const asked = listVideos(['jNQXAC9IVRw'], access, AbortSignal.timeout(limitMs));
  const listed = await asked.catch(() => 'unclear' as const);
  if (listed === 'refused') throw new UserError('youtube_key_refused');
  if (listed === 'spent') return { state: 'warning', detail: 'the quota of YOUTUBE_API_KEY is spent for today' };
  return listed === 'unclear'
    ? { state: 'warning', detail: 'the Data API does not answer' }
    : ok('the Data API answers');
}

function checkSecretKey({ secretKey }: Config): Finding {
  return ok(secretKey ? 'encrypted with SECRET_KEY' : 'not stored (SECRET_KEY is not set)');
}

async function checkPort({ port }: Config, isRunning: boolean): Promise<Finding> {
  const code = await new Promise<string | undefined>((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
  if (!code) return ok(`${port} is free`);
  if (isRunning && code === 'EADDRINUSE') return ok(`${port} is in use, by Aircheck it seems`);
  return {
    state: 'fault',
    detail: `${port} cannot be used (${code})`,
    advice: 'set PORT to another, or end what uses it',
  };
}
