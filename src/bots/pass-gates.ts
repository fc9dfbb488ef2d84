import { setTimeout as delay } from 'node:timers/promises';
import { TemporaryError } from '../core/errors.ts';
import type { Database } from '../db/client.ts';
import { type GateKey, takeGate } from '../queue/gate.ts';

/** Units to take, and the longest wait for them in milliseconds. */
export type Passing = { cost: number; maxWaitMs: number; signal?: AbortSignal | undefined };

/**
 * Waits until a call may go out, by the gates of all processes.
 *
 * @throws TemporaryError `chat_busy` whatever ends the waiting, for nothing was sent; with the wait, and nothing taken,
 *   where it were longer than `maxWaitMs`
 */
export async function passGates(db: Database, keys: GateKey[], passing: Passing): Promise<void> {
  try {
    await waitForAll(db, keys, passing);
  } catch (cause) {
    if (cause instanceof TemporaryError) throw cause;
    throw new TemporaryError('chat_busy', { cause, ...(passing.signal?.aborted ? { retryAfterMs: 0 } : {}) });
  }
}

async function waitForAll(db: Database, keys: GateKey[], { cost, maxWaitMs, signal }: Passing): Promise<void> {
  for (const key of keys) {
    const { waitMs, isTaken } = await takeGate(db, key, { cost, maxWaitMs });
    if (!isTaken) throw new TemporaryError('chat_busy', { retryAfterMs: waitMs });
    if (waitMs > 0) await delay(waitMs, undefined, { signal });
  }
}
