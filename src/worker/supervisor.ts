import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { App } from '../app.ts';
import type { Source, SourceInput } from '../core/ports.ts';
import { findCardDelivery, findDelivery } from '../db/deliveries.ts';
import { claimLease, type Lease, releaseLeases, renewNamed } from '../db/leases.ts';
import type { Handlers, QueueWorkers } from '../queue/queue.ts';
import { captureRendition } from './capture.ts';
import { tellCard } from './card.ts';
import { cleanUp } from './clean.ts';
import { makePart } from './part.ts';
import { planRendition } from './plan.ts';
import { sendPosts } from './post.ts';
import { targetAddress } from './target.ts';

/** One worker: takes jobs, holds leases, runs captures for hours outside of their jobs. */
export type Supervisor = {
  captureCount(): number;
  /** Hands everything over: aborts captures (their last Segments are kept), then gives the leases back. */
  stop(): Promise<void>;
};

type Held = { lease: Lease; abort: AbortController };

/** Starts the worker role in this process. */
export function startSupervisor(app: App, pickSource: (input: SourceInput) => Source): Supervisor {
  const stopping = new AbortController();
  // Everything that runs here hears of it.
  setMaxListeners(0, stopping.signal);
  const held = new Map<string, Held>();
  const captures = new Map<number, Promise<void>>();
  let workers: QueueWorkers | undefined;

  /** Runs `action` under a lease; returns at once where another copy holds it, or runs here after the lease ran out. */
  const underLease = async (what: string, action: (held: Held) => Promise<void>): Promise<void> => {
    if (stopping.signal.aborted || held.has(what)) return;
    const lease = await claimLease(app.db, what, app.owner, app.config.leaseSeconds);
    if (!lease) return;
    const entry = { lease, abort: new AbortController() };
    held.set(what, entry);
    const onStop = () => entry.abort.abort();
    stopping.signal.addEventListener('abort', onStop, { once: true });
    try {
      await action(entry);
    } finally {
      stopping.signal.removeEventListener('abort', onStop);
      held.delete(what);
      await releaseLeases(app.db, app.owner, [what]).catch((err) => app.log.debug({ err }, 'lease runs out by itself'));
    }
  };

  const startCapture = async (renditionId: number): Promise<void> => {
    if (captures.has(renditionId) || stopping.signal.aborted) return;
    if (captures.size >= app.config.maxCaptures) return workers?.pause('capture');
    const run = underLease(`capture:${renditionId}`, ({ lease, abort }) =>
      captureRendition(app, { renditionId, lease, signal: abort.signal, pickSource }),
    )
      .catch((err) => app.log.error({ err, rendition: renditionId }, 'capture failed'))
      .finally(() => {
        captures.delete(renditionId);
        workers?.resume('capture');
      });
    captures.set(renditionId, run);
  };

  const handlers: Handlers = {
    capture: ({ renditionId }) => startCapture(renditionId),
    plan: ({ renditionId }) => underLease(`plan:${renditionId}`, () => planRendition(app, renditionId)),
    part: ({ partId }) => underLease(`part:${partId}`, ({ abort }) => makePart(app, partId, abort.signal)),
    post: async ({ deliveryId }) => {
      const context = await findDelivery(app.db, deliveryId);
      if (!context) return;
      const { kind, chatId } = targetAddress(context);
      const what = `chat:${kind}:${chatId}`;
      await underLease(what, ({ abort }) => sendPosts(app, deliveryId, abort.signal));
    },
    card: async ({ deliveryId }) => {
      const id = await findCardDelivery(app.db, deliveryId);
      if (id !== undefined) await underLease(`card:${id}`, ({ abort }) => tellCard(app, id, abort.signal));
    },
    clean: () => underLease('clean', ({ abort }) => cleanUp(app, abort.signal)),
  };
  const concurrency = { capture: 10, plan: 2, part: 4, post: 4, card: 4, clean: 1 };
  workers = app.queue.work(handlers, concurrency, app.config.leaseSeconds * 1000);
  const beating = beat(app, held, stopping.signal);

  return {
    captureCount: () => captures.size,
    async stop() {
      stopping.abort();
      await workers?.close();
      await Promise.allSettled(captures.values());
      await beating;
      await releaseLeases(app.db, app.owner);
    },
  };
}

/** Renews all leases in one UPDATE per beat; what was taken over is aborted. Postgres away: nothing is aborted. */
async function beat(app: App, held: Map<string, Held>, signal: AbortSignal): Promise<void> {
  const pauseMs = (app.config.leaseSeconds * 1000) / 4;
  while (!signal.aborted) {
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    if (held.size === 0) continue;
    const before = [...held.values()];
    try {
      const whats = before.map(({ lease }) => lease.what);
      const mine = await renewNamed(app.db, { owner: app.owner, whats }, app.config.leaseSeconds);
      for (const { lease, abort } of before) if (!mine.has(lease.what)) abort.abort();
    } catch (err) {
      app.log.warn({ err }, 'cannot renew leases; Postgres is away');
    }
  }
}
