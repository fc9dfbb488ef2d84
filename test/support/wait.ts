import { setTimeout as delay } from 'node:timers/promises';

/** The longest pause between two looks: most wait for a row, and four files share two processors. */
const longestPauseMs = 200;

/**
 * Polls until `fn` gives something truthy without throwing, and gives that back; the longer it waits, the less often.
 *
 * @throws the last error of `fn`, or says what was awaited, after `timeoutMs` (240 000; only what hangs takes that long)
 */
export async function waitFor<T>(
  fn: () => T | Promise<T>,
  { timeoutMs = 240_000, everyMs = 50, what = 'a condition' } = {},
): Promise<NonNullable<T>> {
  const begunAt = performance.now();
  let last: unknown;
  for (;;) {
    try {
      const value = await fn();
      if (value) return value;
      last = new Error(`waited ${timeoutMs} ms for ${what}`);
    } catch (error) {
      last = error;
    }
    const waitedMs = performance.now() - begunAt;
    if (waitedMs > timeoutMs) throw last;
    await delay(Math.max(everyMs, Math.min(longestPauseMs, waitedMs / 20)));
  }
}
