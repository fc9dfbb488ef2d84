import { randomUUID } from 'node:crypto';
import type { Database } from '../db/client.ts';
import { claimLease, releaseLeases, renewLeases } from '../db/leases.ts';
import type { Logger } from '../lib/log.ts';
import { pause } from './pause.ts';

const leaseSeconds = 8;
const renewEveryMs = 2_000;

/** Who listens, and how: `serve` runs until its signal. */
export type Listener = {
  db: Database;
  log: Logger;
  account: string;
  serve(signal: AbortSignal): Promise<void>;
};

/**
 * Listens until the signal. Of all processes one does so at a time, by a lease; the others wait for it. A fault is logged
 * and listening begins anew. Never throws.
 */
export async function listenByLease(listener: Listener, signal: AbortSignal): Promise<void> {
  const { db, log, account } = listener;
  const what = `listen:${account}`;
  // An owner of its own: the worker's beat would keep this lease alive.
  const owner = `${what}/${randomUUID()}`;
  while (!signal.aborted) {
    const lease = await claimLease(db, what, owner, leaseSeconds).catch((err) => {
      log.warn({ err, account }, 'cannot ask who listens');
    });
    if (lease) await listenWhileHeld(listener, owner, signal);
    await pause(renewEveryMs, signal);
  }
}

async function listenWhileHeld(listener: Listener, owner: string, signal: AbortSignal): Promise<void> {
  const { db, log, account } = listener;
  const end = new AbortController();
  // Renewed until the last reply is out: nobody else shall begin before.
  const done = new AbortController();
  const renewing = renewUntil(listener, owner, done.signal).finally(() => end.abort());
  try {
    await listener.serve(AbortSignal.any([signal, end.signal]));
  } catch (err) {
    log.error({ err, account }, 'listening broke off; it begins anew');
  } finally {
    end.abort();
    done.abort();
    await renewing;
    await releaseLeases(db, owner).catch((err) => log.warn({ err }, 'a lease runs out by itself'));
  }
}

/** Returns when the lease is another's, or so long unrenewed that it may be. */
async function renewUntil({ db, log, account }: Listener, owner: string, signal: AbortSignal): Promise<void> {
  let renewedAt = performance.now();
  while (!signal.aborted) {
    await pause(renewEveryMs, signal);
    if (signal.aborted) return;
    const askedAt = performance.now();
    const held = await renewLeases(db, owner, leaseSeconds).catch((err) => {
      log.warn({ err, account }, 'the lease on listening cannot be renewed');
    });
    if (held) renewedAt = askedAt;
    if (held?.size !== 0 && performance.now() - renewedAt < leaseSeconds * 1000) continue;
    log.info({ account }, 'another process listens now');
    return;
  }
}
