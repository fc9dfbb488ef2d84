import { setMaxListeners } from 'node:events';
import type { App } from '../app.ts';
import type { Platform } from '../core/ports.ts';
import { shardOf } from '../db/shards.ts';
import { createBell } from '../lib/bell.ts';
import { dueAtFirst, keepHouse } from './keep-house.ts';
import { look, type Monitor } from './look.ts';
import { lookOffline } from './look-offline.ts';
import { pickBatch } from './pace.ts';
import { holdShards, type OnShards } from './shards.ts';
import { createWatchlists, dropWatched } from './watchlists.ts';

/** What is due is looked for this often; a Stream that is called for does not wait for it. */
const tickMs = 250;
/** Who is asked next what it announces is looked for this often. */
const offlineTickMs = 1_000;

/**
 * Looks at every watched Stream in this monitor's shards, each at the pace of its Platform, until it is told to end.
 * What fails is told and the rest goes on.
 */
export async function pollUntil(app: App, signal: AbortSignal): Promise<void> {
  // Every loop and look hears of it.
  setMaxListeners(0, signal);
  const lists = createWatchlists(app);
  const due = dueAtFirst();
  const onShards: OnShards = async ({ gained, lost }) => {
    if (gained.length > 0) due.readAt = 0;
    if (lost.length > 0) await dropWatched(app, lists, ({ stream }) => lost.includes(shardOf(stream.id)));
  };
  const ending = new AbortController();
  const { shards, done } = holdShards(app, onShards, ending.signal);
  const monitor: Monitor = { app, shards, lists, hosts: new Map(), outages: new Map() };
  const loops = app.platforms.map((platform) => pollPlatform(monitor, platform, signal));
  await Promise.all([...loops, keepHouse(monitor, due, signal)]);
  // Only now nothing is counted any more.
  ending.abort();
  await done;
}

/** Starts as many batches as the Platform takes at once, whenever some are due. */
async function pollPlatform(monitor: Monitor, platform: Platform, signal: AbortSignal): Promise<void> {
  const bell = createBell(tickMs, signal);
  const running = new Set<Promise<void>>();
  const start = () => {
    const list = monitor.lists.get(platform.name);
    const hasPlace = list && running.size < platform.checksAtOnce && monitor.shards.areSure();
    const batch = hasPlace ? pickBatch(list, monitor.hosts, platform, performance.now()) : [];
    if (!list || batch.length === 0) return false;
    const run = look(monitor, { platform, list, batch }, signal).finally(() => {
      running.delete(run);
      bell.ring();
    });
    running.add(run);
    return true;
  };
  const asking = askOffline(monitor, platform, signal);
  while (!signal.aborted) {
    while (start());
    await bell.heard();
  }
  bell.close();
  await Promise.allSettled([...running, asking]);
}

/** Asks what offline channels announce, a batch at a time, where the Platform tells and somebody waits. */
async function askOffline(monitor: Monitor, platform: Platform, signal: AbortSignal): Promise<void> {
  const list = monitor.lists.get(platform.name);
  if (!platform.checkOffline || !list) return;
  const bell = createBell(offlineTickMs, signal);
  while (!signal.aborted) {
    await bell.heard();
    let hasMore = true;
    while (hasMore && monitor.shards.areSure() && !signal.aborted)
      hasMore = await lookOffline(monitor, platform, list, signal).catch((err: unknown) => {
        if (!signal.aborted) monitor.app.log.warn({ err }, 'what channels announce could not be asked');
        return false;
      });
  }
  bell.close();
}
