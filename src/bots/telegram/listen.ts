import { randomUUID } from 'node:crypto';
import type { UserFromGetMe } from 'grammy/types';
import { claimLease, releaseLeases, renewLeases } from '../../db/leases.ts';
import { answerUntil } from './answer.ts';
import type { Telegram } from './client.ts';
import type { OnEvent } from './handle.ts';
import { registerCommands } from './menu.ts';
import { createPatience, pause } from './patience.ts';
import { type AlarmTimes, pollUntil, tellConflict } from './poll.ts';
import { keepWebhook, webhookUrl } from './webhook.ts';

/** What only listening needs. */
export type Listening = Telegram & {
  /** Tests have less time. */
  conflictTimes?: AlarmTimes;
};

const leaseSeconds = 8;
const renewEveryMs = 2_000;

/**
 * Hears and answers until the signal. Of all processes one does so at a time, by a lease: Telegram serves only one poll
 * of a bot. The others wait for the lease. Never throws.
 */
export async function listen(telegram: Listening, onEvent: OnEvent, signal: AbortSignal): Promise<void> {
  const what = `listen:${telegram.account}`;
  // An owner of its own: the worker's beat would keep this lease alive.
  const owner = `${what}/${randomUUID()}`;
  while (!signal.aborted) {
    const lease = await claimLease(telegram.db, what, owner, leaseSeconds).catch((err) => {
      telegram.log.warn({ err }, 'cannot ask who listens to Telegram');
    });
    if (lease) await listenWhileHeld(telegram, { owner, onEvent }, signal);
    await pause(renewEveryMs, signal);
  }
}

async function listenWhileHeld(
  telegram: Listening,
  { owner, onEvent }: { owner: string; onEvent: OnEvent },
  signal: AbortSignal,
): Promise<void> {
  const end = new AbortController();
  const isOver = AbortSignal.any([signal, end.signal]);
  // Renewed until the last reply is out: nobody else shall begin before.
  const done = new AbortController();
  const renewing = renewUntil(telegram, owner, done.signal).finally(() => end.abort());
  try {
    await serve(telegram, onEvent, isOver);
  } catch (err) {
    telegram.log.error({ err }, 'listening to Telegram broke off; it begins anew');
  } finally {
    end.abort();
    done.abort();
    await renewing;
    await releaseLeases(telegram.db, owner).catch((err) => telegram.log.warn({ err }, 'a lease runs out by itself'));
  }
}

/** Returns when the lease is another's, or so long unrenewed that it may be. */
async function renewUntil({ db, log }: Telegram, owner: string, signal: AbortSignal): Promise<void> {
  let renewedAt = performance.now();
  while (!signal.aborted) {
    await pause(renewEveryMs, signal);
    if (signal.aborted) return;
    const askedAt = performance.now();
    const held = await renewLeases(db, owner, leaseSeconds).catch((err) => {
      log.warn({ err }, 'the lease on Telegram cannot be renewed');
    });
    if (held) renewedAt = askedAt;
    if (held?.size !== 0 && performance.now() - renewedAt < leaseSeconds * 1000) continue;
    log.info('another process listens to Telegram now');
    return;
  }
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
  const onConflict = () => tellConflict(telegram, admins);
  await pollUntil(telegram, { onConflict, ...(conflictTimes ? { times: conflictTimes } : {}) }, signal);
}
