import { pruneChecks } from '../db/checks.ts';
import { createBell } from '../lib/bell.ts';
import type { Monitor } from './look.ts';
import { saveDueLooks } from './note-looks.ts';
import { allWatched, readShards, readStream } from './watchlists.ts';

/** What is due is looked for this often. */
const tickMs = 250;
/** Orders are read anew this often, whatever bells were lost … */
const readEveryMs = 60_000;
/** … and this soon where that failed. */
const readAgainMs = 2_000;
const saveTickMs = 10_000;
const pruneEveryMs = 3_600_000;

/** What the rows are asked for, and when next, by `performance.now()`. */
export type Due = { readAt: number; isCall: boolean; called: Set<number>; saveAt: number; pruneAt: number };

/** At first everything is read. */
export const dueAtFirst = (): Due => ({
  ...{ readAt: 0, isCall: false, called: new Set(), saveAt: 0 },
  pruneAt: performance.now() + pruneEveryMs,
});

/** Keeps the lists true to the rows, and writes down what was counted. One thing at a time. */
export async function keepHouse(monitor: Monitor, due: Due, signal: AbortSignal): Promise<void> {
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
    await saveDueLooks(app.db, allWatched(lists));
  }
  if (now < due.pruneAt) return;
  due.pruneAt = now + pruneEveryMs;
  if (shards.owns(0)) await pruneChecks(app.db);
}
