/** Pause before the next try: 1 s doubling to 5 min, with up to a fifth of jitter so that retries spread out. */
export function backoffMs(attempts: number): number {
  const ms = Math.min(1_000 * 2 ** attempts, 300_000);
  return ms * (1 + Math.random() / 5);
}
