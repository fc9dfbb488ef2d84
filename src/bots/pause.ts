import { setTimeout as delay } from 'node:timers/promises';

/** Waits, and returns early instead of throwing when the signal comes. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
