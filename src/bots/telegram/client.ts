import { autoRetry } from '@grammyjs/auto-retry';
import { Api } from 'grammy';
import type { Database } from '../../db/client.ts';
import type { Logger } from '../../lib/log.ts';
import type { Bus } from '../../queue/bus.ts';
import { gated, tellsFloods } from './gates.ts';

/** What the driver is built from; `app.ts` fills it from the configuration. */
export type TelegramOptions = {
  db: Database;
  bus: Bus;
  log: Logger;
  token: string;
  /** Root of the Bot API without a slash at the end. */
  apiRoot: string;
  /** That server runs with `--local`: files go by path. */
  isLocal: boolean;
  /** `here:there`: the server sees files of this process under another path. */
  pathMap?: string | undefined;
  /** Id of the channel where files are staged, where a Target names none. */
  vault?: string | undefined;
  /** Megabit per second for all uploads of all processes; 0 = no limit. */
  uploadMbps: number;
  /** Where the world reaches our web; with https updates come by webhook. */
  publicUrl?: string | undefined;
  /** Ids of the people who own this installation: told in private what only they can mend. */
  admins?: string[];
  /** The server's patience with one upload; tests have less time. Source: 500 s, tdlib/telegram-bot-api HttpServer.h. */
  patienceMs?: number;
  /** So long after its intent a lost call may still come to pass; half of it may go by before the call. */
  settleMs?: number;
};

/** The driver's own context: every function of it takes this first. */
export type Telegram = TelegramOptions & {
  /** Small calls: replies, edits, questions. Waits out a flood limit by itself. */
  api: Api;
  /** Uploads and posts (`call.ts`): never repeats by itself, for rows decide what is sent again. */
  sender: Api;
  /** `telegram:<bot id>`: file ids belong to one bot. */
  account: string;
  botId: number;
  /** When the intent of this post was written, on the clock of this process: a call that comes too long after it is not made. */
  intentAt?: Date | undefined;
};

/**
 * A call with a big file may take as long as the server needs to read it and to pass it on.
 * Source: tdlib/telegram-bot-api hangs up 500 s after the last sign of life, on each of both ways.
 */
const uploadSeconds = 1_100;
const callSeconds = 60;
/** Longer told waits are left to the caller. */
const longestWaitSeconds = 60;

/** Opens both clients; calls nothing yet. */
export function openTelegram(options: TelegramOptions): Telegram {
  const { db, token } = options;
  const apiRoot = options.apiRoot.replace(/\/+$/, '');
  const botId = Number(token.split(':')[0]);
  const api = new Api(token, { apiRoot, timeoutSeconds: callSeconds });
  // By itself it would repeat what may have worked: network errors and 5xx are given back instead.
  const rethrow = { rethrowHttpErrors: true, rethrowInternalServerErrors: true };
  api.config.use(
    tellsFloods(db, botId),
    gated(db, botId, longestWaitSeconds * 1000),
    autoRetry({ maxRetryAttempts: 3, maxDelaySeconds: longestWaitSeconds, ...rethrow }),
  );
  const sender = new Api(token, { apiRoot, timeoutSeconds: uploadSeconds });
  sender.config.use(tellsFloods(db, botId));
  return { ...options, apiRoot, api, sender, botId, account: `telegram:${botId}` };
}
