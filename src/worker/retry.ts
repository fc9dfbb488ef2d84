import { TemporaryError } from '../core/errors.ts';

/** Tries of one Post or Upload before `/retry` is asked for; waits grow no further. */
export const maxAttempts = 8;

/** Pause before the next try: 1 s doubling to 5 min, with up to a fifth of jitter so that retries spread out. */
export function backoffMs(attempts: number): number {
  const ms = Math.min(1_000 * 2 ** attempts, 300_000);
  return ms * (1 + Math.random() / 5);
}

/**
 * When to try again after an error: as it tells, else by back-off. A told wait is no failure, so it gives back what the
 * try had cost. `attempts` is the count before that try.
 */
export function nextTry(error: unknown, attempts: number): { nextAttemptAt: Date; attempts?: number } {
  const told = error instanceof TemporaryError ? error.retryAfterMs : undefined;
  if (told !== undefined) return { nextAttemptAt: new Date(Date.now() + told), attempts };
  return { nextAttemptAt: new Date(Date.now() + backoffMs(Math.min(attempts, maxAttempts))) };
}
