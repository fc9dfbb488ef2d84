import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { chatKinds } from './core/model.ts';

/** The environment does not make a configuration; `problems` names every fault at once. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  constructor(readonly problems: string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a fault' : 'faults'}:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    );
  }
}

const text = () => z.string().trim().min(1);
const count = (fallback: number) => z.coerce.number().int().min(0).default(fallback);
const seconds = (fallback: number) => z.coerce.number().positive().default(fallback);
const secret = () => text().optional().meta({ secret: true });
const flag = () =>
  z
    .enum(['0', '1', 'true', 'false', 'yes', 'no'])
    .default('0')
    .transform((value) => ['1', 'true', 'yes'].includes(value));

const person = new RegExp(`^(${chatKinds.join('|')}):(\\S+)$`);
const admins = text()
  .default('')
  .or(z.literal(''))
  .transform((value, ctx) => {
    const people = value.split(',').filter((item) => item.trim() !== '');
    return people.map((item) => {
      const [, kind, userId] = person.exec(item.trim()) ?? [];
      if (!kind || !userId) ctx.addIssue(`"${item.trim()}" is not like telegram:123 or discord:456`);
      return { kind: kind as (typeof chatKinds)[number], userId: userId ?? '' };
    });
  });

/** Every variable Aircheck reads. The names are a contract; `.env.example` and `docs/config.md` are made from this. */
export const environment = z.object({
  DATA_DIR: text()
    .default('./data')
    .describe('Folder for the embedded database, the spool and, by default, the files.'),
  PORT: count(8080).describe('Port of the web chat; 0 takes a free one.'),
  WEB_TOKEN: secret().describe(
    'Secret of the login link of the web chat. Without it one is made and kept in DATA_DIR.',
  ),
  PUBLIC_URL: z
    .url()
    .optional()
    .describe('Address people reach the web by. Set, the web listens on all interfaces and links are posted.'),
  ADMINS: admins.describe('Who may do everything, everywhere: telegram:123,discord:456.'),
  DATABASE_URL: secret().describe(
    'postgres://… of your own server (14 or newer). Without it Postgres runs in DATA_DIR.',
  ),
  QUEUE_URL: secret().describe('redis://… or postgres://… for the job queue. Without it the database serves.'),
  STORAGE_URL: text()
    .optional()
    .describe('Where files rest: file:///folder (default DATA_DIR/storage), shared by all workers and the web.'),
  TELEGRAM_TOKEN: secret().describe('Token of the Telegram bot.'),
  TELEGRAM_API_ROOT: z
    .url()
    .default('https://api.telegram.org')
    .describe('Root of the Telegram Bot API; set it to your own Bot API server.'),
  TELEGRAM_LOCAL: flag().describe('1 when that server runs with --local: files up to 2000 MB go by path.'),
  TELEGRAM_PATH_MAP: text()
    .optional()
    .describe('here:there, when the Bot API server sees DATA_DIR under another path.'),
  TELEGRAM_VAULT: text().optional().describe('Id of a private channel where files are staged before they are posted.'),
  DISCORD_TOKEN: secret().describe('Token of the Discord bot.'),
  DISCORD_API_ROOT: z.url().default('https://discord.com/api').describe('Root of the Discord API.'),
  DISCORD_GUILDS: text().optional().describe('Guild ids, comma-separated, whose commands are registered at once.'),
  TWITCH_CLIENT_ID: text()
    .optional()
    .describe('Client id of a Twitch application; with its secret a hundred channels are asked for at once.'),
  TWITCH_CLIENT_SECRET: secret().describe('Secret of the Twitch application.'),
  TWITCH_API_ROOT: z.url().default('https://api.twitch.tv/helix').describe('Root of the Twitch API.'),
  TWITCH_AUTH_ROOT: z.url().default('https://id.twitch.tv/oauth2').describe('Root of the Twitch login.'),
  YOUTUBE_ROOT: z.url().default('https://www.youtube.com').describe('Root of YouTube.'),
  YOUTUBE_API_KEY: secret().describe('Key of the YouTube Data API; not needed.'),
  SECRET_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'is not 64 hex digits; make one with: openssl rand -hex 32')
    .optional()
    .meta({ secret: true })
    .describe('Key that stored cookies are encrypted with: 64 hex digits (openssl rand -hex 32).'),
  SEGMENT_SECONDS: seconds(6).describe('Length of a Segment: what a crash can cost where the stream offers no window.'),
  GRACE_SECONDS: seconds(300).describe('How long a lost stream may stay away before its Session ends.'),
  LEASE_SECONDS: seconds(8).describe('After this long without a sign of life another worker takes over.'),
  SWEEP_SECONDS: seconds(1).describe('How often due work is looked for in the rows.'),
  MAX_CAPTURES: count(60).describe('Recordings one worker runs at once.'),
  SESSION_HOURS: seconds(12).describe('A Session longer than this ends and goes on as the next.'),
  WAITING_HOURS: seconds(6).describe('An announced broadcast is given up this long after its last change.'),
  RETENTION_DAYS: z.coerce
    .number()
    .min(0)
    .default(0)
    .describe('Captured files of posted Sessions are removed after this; 0 keeps them. What stands in a chat stays.'),
  UPLOAD_MBPS: z.coerce
    .number()
    .min(0)
    .default(0)
    .describe('Megabit per second for all uploads together; 0 = no limit.'),
  DISK_RESERVE_MB: count(2048).describe(
    'Below this much free space (MB) no new part files are made; recording goes on.',
  ),
  ALLOW_PRIVATE_SOURCES: flag().describe('1 lets people record addresses inside your own network.'),
  FFMPEG: text().default('ffmpeg').describe('The ffmpeg to run.'),
  FFPROBE: text().default('ffprobe').describe('The ffprobe to run.'),
  YTDLP: text().default('yt-dlp').describe('The yt-dlp to run; bring a new one, sites change.'),
  STREAMLINK: text().default('streamlink').describe('The streamlink to run.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('How much is logged, as JSON lines on stderr.'),
});
type Environment = z.infer<typeof environment>;
type Camel<S extends string> = S extends `${infer A}_${infer B}`
  ? `${Lowercase<A>}${Capitalize<Camel<B>>}`
  : Lowercase<S>;

/** The configuration of a process: the environment in camelCase, `dataDir` absolute, `storageUrl` filled in. */
export type Config = { [K in keyof Environment as Camel<K>]: Environment[K] } & { storageUrl: string };

/** Reads the environment. @throws ConfigError with every problem at once. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const problems: string[] = [];
  const given: Record<string, string> = {};
  for (const name of Object.keys(environment.shape)) {
    const value = env[name] || readSecretFile(name, env[`${name}_FILE`], problems);
    if (value) given[name] = value;
  }
  const parsed = environment.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) problems.push(`${issue.path.join('.')}: ${issue.message}`);
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const entries = Object.entries(parsed.data).map(([name, value]) => [camel(name), value]);
  const dataDir = resolve(parsed.data.DATA_DIR);
  const storageUrl = parsed.data.STORAGE_URL ?? pathToFileURL(`${dataDir}/storage`).href;
  return { ...Object.fromEntries(entries), dataDir, storageUrl };
}

function readSecretFile(name: string, path: string | undefined, problems: string[]): string | undefined {
  if (!path) return undefined;
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    problems.push(`${name}_FILE: cannot read ${path} (${(error as Error).message})`);
    return undefined;
  }
}

const camel = (name: string) => name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

type Variable = { name: string; meaning: string; fallback: string; isSecret: boolean };

function variables(): Variable[] {
  const { properties = {} } = z.toJSONSchema(environment, { io: 'input' });
  return Object.entries(properties).map(([name, property]) => {
    const { description = '', default: fallback = '', secret: isSecret = false } = property as Record<string, never>;
    return { name, meaning: description, fallback: String(fallback), isSecret };
  });
}

/** The items of a list separated by commas. */
export const splitList = (list: string | undefined): string[] =>
  (list ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);

/** `docs/config.md`. */
export function configMarkdown(): string {
  const rows = variables().map(({ name, meaning, fallback, isSecret }) => {
    const file = isSecret ? ` May come from a file: \`${name}_FILE\`.` : '';
    return `| \`${name}\` | ${fallback === '' ? '–' : `\`${fallback}\``} | ${meaning}${file} |`;
  });
  const head = [
    '# Configuration',
    '',
    'Aircheck is configured by its environment; everything has a default. Made from `src/config.ts` by `npm run docs`.',
    '',
  ];
  return [...head, '| variable | default | meaning |', '|---|---|---|', ...rows, ''].join('\n');
}

/** `.env.example`. */
export function envExample(): string {
  const rows = variables().map(({ name, meaning, fallback }) => `# ${meaning}\n#${name}=${fallback}\n`);
  return ['# Every variable with its default. Made from src/config.ts by `npm run docs`.\n', ...rows].join('\n');
}
