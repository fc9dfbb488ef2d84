import type { App } from '../app.ts';
import type { Platform } from '../core/ports.ts';
import { pruneChecks } from '../db/checks.ts';
import { shardOf } from '../db/shards.ts';
import { createBell } from '../lib/bell.ts';
import { look, type Monitor } from './look.ts';
import { isSaveDue, saveLooks } from './note-looks.ts';
import { pickBatch } from './pace.ts';
import { holdShards, type OnShards } from './shards.ts';
import { allWatched, createWatchlists, dropWatched, readShards, readStream } from './watchlists.ts';

/** What is due is looked for this often; a Stream that is called for does not wait for it. */
const tickMs = 250;
/** Orders are read anew this often, whatever bells were lost … */
const readEveryMs = 30_000;
/** … and this soon where that failed. */
const readAgainMs = 2_000;
const saveTickMs = 10_000;
const pruneEveryMs = 3_600_000;

/**
 * Looks at every watched Stream in this monitor's shards, each at the pace of its Platform, until it is told to end.
 * What fails is told and the rest goes on.
 */
export async function pollUntil(app: App, signal: AbortSignal): Promise<void> {
  const lists = createWatchlists(app);
  const due: Due = {
    readAt: 0,
    isCall: false,
    called: new Set(),
    saveAt: 0,
    pruneAt: performance.now() + pruneEveryMs,
  };
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
  while (!signal.aborted) {
    while (start());
    await bell.heard();
  }
  bell.close();
  await Promise.allSettled(running);
}

/** What the rows are asked for, and when next, by `performance.now()`. */
type Due = { readAt: number; isCall: boolean; called: Set<number>; saveAt: number; pruneAt: number };

/** Keeps the lists true to the rows, and writes down what was counted. One thing at a time. */
async function keepHouse(monitor: Monitor, due: Due, signal: AbortSignal): Promise<void> {
  const { app } = monitor;
  const bell = createBell(tickMs, signal);
  const unhear = [
    app.bus.hear('streams', (id) => {
      // Bells may have been missed: everything is looked at.
      if (id === 0) Object.assign(due, { readAt: 0, isCall: true });
      else due.called.add(id);
      bell.ring();
    }),
    app.bus.hear('sessions', (id) => {
      for (const { applied } of allWatched(monitor.lists))
        if (applied && (id === 0 || applied.sessionId === id)) applied.isDoubtful = true;
    }),
  ];
  while (!signal.aborted) {
    await house(monitor, due).catch((err: unknown) => {
      if (!signal.aborted) app.log.warn({ err }, 'the list of streams could not be kept; it is tried again');
      due.readAt = performance.now() + readAgainMs;
    });
    await bell.heard();
  }
  for (const end of unhear) end();
  bell.close();
}

async function house({ app, shards, lists }: Monitor, due: Due): Promise<void> {
  const now = performance.now();
  if (!shards.areSure()) return;
  for (const id of due.called) {
    if (shards.owns(id)) await readStream(app, lists, id);
    due.called.delete(id);
  }
  if (now >= due.readAt) {
    const { isCall } = due;
    Object.assign(due, { readAt: now + readEveryMs, isCall: false });
    try {
      await readShards(app, lists, shards.held, isCall);
    } catch (error) {
      due.isCall ||= isCall;
      throw error;
    }
  }
  if (now >= due.saveAt) {
    due.saveAt = now + saveTickMs;
    await saveLooks(app.db, allWatched(lists).filter(isSaveDue));
  }
  if (now < due.pruneAt) return;
  due.pruneAt = now + pruneEveryMs;
  if (shards.owns(0)) await pruneChecks(app.db);
}
