import type { SQL } from 'drizzle-orm';
import { FatalError, TemporaryError } from '../core/errors.ts';
import { inMs } from '../db/clock.ts';

/** Waits between tries grow no further after so many. */
export const maxAttempts = 8;

/** Tries to make the file of a Part before `/retry` is asked for: more than an hour of them. */
const mostTriesToMake = 20;
/** What the file itself may be to blame for, and a Storage that is away while it is made. */
const fileCodes = new Set([
  'remux_failed',
  'probe_failed',
  'program_failed',
  'corrupt',
  'bad_init',
  'remote_unreadable',
]);

/**
 * Whether a person is asked after so many tries: at once after a clear no, never for a chat, a net or a disk that is
 * away, for that passes; what is no known fault is a bug and gets an hour.
 */
export function isFinal(error: unknown, tries: number): boolean {
  if (error instanceof FatalError) return true;
  const isPassing = error instanceof TemporaryError && !fileCodes.has(error.code);
  return !isPassing && tries >= mostTriesToMake;
}

/** Pause before the next try: 1 s doubling to 5 min, with up to a fifth of jitter so that retries spread out. */
export function backoffMs(attempts: number): number {
  const ms = Math.min(1_000 * 2 ** attempts, 300_000);
  return ms * (1 + Math.random() / 5);
}

/**
 * When to try again after an error, on Postgres' clock: as it tells, else by back-off. A told wait is no failure, so it
 * gives back what the try had cost. `attempts` is the count before that try.
 */
export function nextTry(error: unknown, attempts: number): { nextAttemptAt: SQL; attempts?: number } {
  const told = error instanceof TemporaryError ? error.retryAfterMs : undefined;
  if (told !== undefined) return { nextAttemptAt: inMs(told), attempts };
  return { nextAttemptAt: inMs(backoffMs(Math.min(attempts, maxAttempts))) };
}
