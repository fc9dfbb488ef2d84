import type { UserFromGetMe } from 'grammy/types';
import { listenByLease } from '../listen-by-lease.ts';
import { answerUntil } from './answer.ts';
import type { Telegram } from './client.ts';
import type { OnEvent } from './handle.ts';
import { registerCommands } from './menu.ts';
import { createPatience } from './patience.ts';
import { type ConflictTimes, pollUntil, tellConflict } from './poll.ts';
import { keepWebhook, webhookUrl } from './webhook.ts';

/** What only listening needs. */
export type Listening = Telegram & {
  /** Tests have less time. */
  conflictTimes?: ConflictTimes;
};

/**
 * Hears and answers until the signal. Of all processes one does so at a time: Telegram serves only one poll of a bot.
 * Never throws.
 */
export async function listen(telegram: Listening, onEvent: OnEvent, signal: AbortSignal): Promise<void> {
  const { db, log, account } = telegram;
  await listenByLease({ db, log, account, serve: (until) => serve(telegram, onEvent, until) }, signal);
}

async function serve(telegram: Listening, onEvent: OnEvent, signal: AbortSignal): Promise<void> {
  const me = await askWhoWeAre(telegram, signal);
  if (!me) return;
  telegram.log.info({ bot: me.username }, 'listening to Telegram');
  await Promise.all([
    answerUntil(telegram, { me, onEvent, signal }),
    receiveUntil(telegram, signal),
    registerCommands(telegram, signal),
  ]);
}

/** Undefined where the signal came first. */
async function askWhoWeAre({ api, log }: Telegram, signal: AbortSignal): Promise<UserFromGetMe | undefined> {
  const patience = createPatience(log);
  while (!signal.aborted) {
    try {
      const me = await api.getMe(signal as never);
      patience.worked();
      return me;
    } catch (error) {
      await patience.wait(error, signal);
    }
  }
  return undefined;
}

async function receiveUntil(telegram: Listening, signal: AbortSignal): Promise<void> {
  const { admins = [], conflictTimes } = telegram;
  const url = webhookUrl(telegram);
  if (url && (await keepWebhook(telegram, url, signal))) return;
  const onConflict = (isSecond: boolean) => tellConflict(telegram, admins, isSecond);
  await pollUntil(telegram, { onConflict, ...(conflictTimes ? { times: conflictTimes } : {}) }, signal);
}
