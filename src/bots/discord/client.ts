import { createHash } from 'node:crypto';
import { DefaultRestOptions, REST } from 'discord.js';
import type { Asking, Suggestion } from '../../core/ports.ts';
import type { Database } from '../../db/client.ts';
import type { Logger } from '../../lib/log.ts';
import type { Bus } from '../../queue/bus.ts';
import { isStreamed, sendStreamed } from './streamed-body.ts';

/** What the driver is built from; `app.ts` fills it from the configuration. */
export type DiscordOptions = {
  db: Database;
  bus: Bus;
  log: Logger;
  token: string;
  /** Root of the API without its version. */
  apiRoot: string;
  /** Servers whose commands are registered for them alone, at once; empty: for all, and direct messages. */
  guilds?: string[];
  /** Megabit per second for all uploads of all processes; 0 = no limit. */
  uploadMbps: number;
  /** Values for an argument a person fills in; must be quick. */
  suggest?: (asking: Asking) => Promise<Suggestion[]>;
  /** So long after its intent a lost call may still come to pass. */
  settleMs?: number;
};

/** The driver's own context: every function of it takes this first. */
export type Discord = DiscordOptions & {
  /** Small calls. */
  api: REST;
  /** Calls with files: apart, for calls of one channel wait for each other. */
  uploads: REST;
  /** Names the bot: limits that were learned and what was said are kept per bot. */
  account: string;
  /** Commands that are being deferred, by their id: nothing else is said of them before. */
  deferring: Map<string, Promise<void>>;
};

const callMs = 20_000;
/** A call with 200 MB in it; discord.js' own 15 s would break it off and send it anew. */
const uploadMs = 600_000;
/** Longer told waits are a row's: the worker comes back then. */
const longestWaitMs = 5_000;

/** Opens both clients; calls nothing yet. Neither repeats by itself, for rows decide what is sent again. */
export function openDiscord(options: DiscordOptions): Discord {
  const apiRoot = options.apiRoot.replace(/\/+$/, '');
  const rest = (timeout: number) => keepingToken(new REST(restOptions(apiRoot, timeout)).setToken(options.token));
  return {
    ...options,
    apiRoot,
    api: rest(callMs),
    uploads: rest(uploadMs),
    account: `discord:${botIdOf(options.token)}`,
    deferring: new Map(),
  };
}

/** After one 401, which Discord also answers in passing, discord.js would forget the token and call no more. */
const keepingToken = (rest: REST): REST => Object.assign(rest, { setToken: () => rest });

/** discord.js' options for any client of ours: no repeats, told waits given back, bodies with files streamed. */
export function restOptions(apiRoot: string, timeout = callMs) {
  return {
    api: apiRoot,
    timeout,
    retries: 0,
    rejectOnRateLimit: ({ retryAfter, timeToReset }: { retryAfter: number; timeToReset: number }) =>
      Math.max(retryAfter, timeToReset) > longestWaitMs,
    makeRequest: ((url, init) =>
      isStreamed(init.body)
        ? sendStreamed(url, init as never)
        : DefaultRestOptions.makeRequest(url, init)) as typeof DefaultRestOptions.makeRequest,
  };
}

/** A token begins with the bot's id in base64; any other is named by its hash. */
function botIdOf(token: string): string {
  const id = Buffer.from(token.split('.')[0] ?? '', 'base64').toString('latin1');
  return /^\d{15,20}$/.test(id) ? id : createHash('sha256').update(token).digest('hex').slice(0, 12);
}
