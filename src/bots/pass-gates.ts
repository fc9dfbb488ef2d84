import { setTimeout as delay } from 'node:timers/promises';
import { TemporaryError } from '../core/errors.ts';
import type { Database } from '../db/client.ts';
import { type GateKey, takeGate } from '../queue/gate.ts';

/**
 * Waits until a call may go out, by the gates of all processes.
 *
 * @throws TemporaryError `chat_busy` with the wait, and nothing taken, where it were longer than `maxWaitMs`
 */
export async function passGates(
  db: Database,
  keys: GateKey[],
  { cost, maxWaitMs, signal }: { cost: number; maxWaitMs: number; signal?: AbortSignal | undefined },
): Promise<void> {
  for (const key of keys) {
    const { waitMs, isTaken } = await takeGate(db, key, { cost, maxWaitMs });
    if (!isTaken) throw new TemporaryError('chat_busy', { retryAfterMs: waitMs });
    if (waitMs > 0) await delay(waitMs, undefined, { signal });
  }
}
