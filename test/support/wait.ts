import { setTimeout as delay } from 'node:timers/promises';

/**
 * Polls until `fn` gives something truthy without throwing, and gives that back.
 *
 * @throws the last error of `fn`, or says what was awaited, after `timeoutMs` (60 000)
 */
export async function waitFor<T>(
  fn: () => T | Promise<T>,
  { timeoutMs = 60_000, everyMs = 50, what = 'a condition' } = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await fn();
      if (value) return value;
      last = new Error(`waited ${timeoutMs} ms for ${what}`);
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw last;
    await delay(everyMs);
  }
}
