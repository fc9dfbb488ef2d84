import { GrammyError } from 'grammy';
import { textOf } from '../../core/text/text.ts';
import { pause } from '../pause.ts';
import type { Telegram } from './client.ts';
import { takeUpdates } from './inbox.ts';
import { createPatience } from './patience.ts';
import { allowedUpdates } from './updates.ts';
import { isOurWebhook } from './webhook.ts';

/** Source: core.telegram.org/bots/api#getupdates; at most 50. */
const pollSeconds = 30;
const conflictRetryMs = 3_000;
/** What lies further apart is not one conflict: a restart of ours meets its own last call once. */
const conflictMemoryMs = 60_000;

export type AlarmTimes = {
  /** Told when it lasted this long. */
  afterMs: number;
  /** Told again at most this often. */
  everyMs: number;
};
export type ConflictTimes = AlarmTimes & {
  /** Who polled undisturbed for longer was there first. */
  firstMs: number;
  /** The second stands aside so long before it tries again. */
  asideMs: number;
};
export const conflictTimes: ConflictTimes = {
  afterMs: 60_000,
  everyMs: 600_000,
  firstMs: conflictMemoryMs,
  asideMs: 600_000,
};

/** Says for each 409 whether a person is to be told now. `nowMs` on any clock that only goes on. */
export function createAlarm({ afterMs, everyMs }: AlarmTimes): (nowMs: number) => boolean {
  let firstAt: number | undefined;
  let lastAt = Number.NEGATIVE_INFINITY;
  let toldAt = Number.NEGATIVE_INFINITY;
  return (nowMs) => {
    if (firstAt === undefined || nowMs - lastAt > conflictMemoryMs) firstAt = nowMs;
    lastAt = nowMs;
    if (nowMs - firstAt < afterMs || nowMs - toldAt < everyMs) return false;
    toldAt = nowMs;
    return true;
  };
}

export type PollOptions = {
  /** `isSecond`: the other one was there first, and has them all from now on. */
  onConflict: (isSecond: boolean) => Promise<void>;
  times?: ConflictTimes | undefined;
};

/**
 * Asks for updates until the signal: each is written down before it is confirmed. Never throws: a Telegram that is
 * away, refuses the token, or serves somebody else as well is waited for. Of two programs with one token, which take
 * each other's updates, the second stands aside and looks now and then whether it is alone.
 */
export async function pollUntil(
  telegram: Telegram,
  { onConflict, times = conflictTimes }: PollOptions,
  signal: AbortSignal,
): Promise<void> {
  const patience = createPatience(telegram.log);
  const isToBeTold = createAlarm(times);
  let [isFirst, undisturbedSince] = [false, performance.now()];
  let offset: number | undefined;
  while (!signal.aborted) {
    try {
      offset = await pollOnce(telegram, offset, signal);
      patience.worked();
    } catch (error) {
      if (signal.aborted) return;
      if (!isConflict(error)) {
        await patience.wait(error, signal);
        continue;
      }
      const now = performance.now();
      isFirst ||= now - undisturbedSince >= times.firstMs;
      undisturbedSince = now;
      const isSecond = !isFirst && isOtherPoll(error);
      const isTold = isToBeTold(now);
      if (isTold) await onConflict(isSecond);
      await removeOurWebhook(telegram, signal).catch((err) => telegram.log.debug({ err }, 'a webhook stays'));
      // Not to the millisecond: two that began together would come back together.
      await pause(isTold && isSecond ? times.asideMs * (1 + Math.random() / 4) : conflictRetryMs, signal);
      undisturbedSince = performance.now();
    }
  }
}

/** @returns what confirms these updates with the next call */
async function pollOnce(telegram: Telegram, offset: number | undefined, signal: AbortSignal) {
  const updates = await telegram.api.getUpdates(
    { offset, timeout: pollSeconds, allowed_updates: allowedUpdates },
    signal as never,
  );
  if (updates.length > 0) await takeUpdates(telegram, updates);
  const last = updates.at(-1);
  // All is confirmed when nothing came. Telegram begins with any number after a quiet week: an old offset would
  // then hide what is new.
  return last ? last.update_id + 1 : undefined;
}

/** Somebody else asks for this bot's updates, or has them sent to a webhook. */
const isConflict = (error: unknown): error is GrammyError => error instanceof GrammyError && error.error_code === 409;
/** Source: what Telegram answers; the other 409 names a webhook. */
const isOtherPoll = ({ description }: GrammyError) => description.includes('getUpdates request');

/** A webhook of ours, from a time with PUBLIC_URL, is removed; what waits there is kept. Others' are left alone. */
async function removeOurWebhook({ api, token }: Telegram, signal: AbortSignal): Promise<void> {
  const { url } = await api.getWebhookInfo(signal as never);
  if (url && isOurWebhook(token, url)) await api.deleteWebhook({}, signal as never);
}

/** Tells the log and the admins, each in their private chat, that another program takes our updates. */
export async function tellConflict(telegram: Telegram, admins: readonly string[], isSecond: boolean): Promise<void> {
  const { telegram_conflict, telegram_second } = textOf('en').errors;
  const text = isSecond ? telegram_second() : telegram_conflict();
  telegram.log.error(text);
  for (const admin of admins) {
    await telegram.api
      .sendMessage(admin, text)
      .catch((err) => telegram.log.warn({ err, admin }, 'an admin cannot be told'));
  }
}
