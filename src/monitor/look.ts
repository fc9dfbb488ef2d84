import type { App } from '../app.ts';
import type { Platform, StreamStatus } from '../core/ports.ts';
import { askPlatform } from './ask-platform.ts';
import { noteLooks } from './note-looks.ts';
import { noteOutage, type Outages, tellUnused } from './outages.ts';
import { type Host, type Hosts, hostIn, isFailing, nextLook, settleHost } from './pace.ts';
import type { Shards } from './shards.ts';
import { useStatus } from './use-status.ts';
import { callFor, inOrder, putBack, takeOut, type Watched, type Watchlist } from './watched.ts';
import type { Watchlists } from './watchlists.ts';

/** One monitor: what it holds and remembers. Nothing of it is lost with it but counts of equal looks. */
export type Monitor = {
  app: App;
  shards: Shards;
  lists: Watchlists;
  hosts: Hosts;
  outages: Outages;
};

/** An answer that could not be used is asked for again so soon. */
const againMs = 10_000;

/**
 * Looks at one batch: asks, writes the answers down, and makes of each what is to be made of it. Throws nothing: a
 * failure of the Platform makes its Streams unknown, one of ours is told, and all are looked at again.
 */
export async function look(
  monitor: Monitor,
  { platform, list, batch }: { platform: Platform; list: Watchlist; batch: Watched[] },
  signal: AbortSignal,
): Promise<void> {
  const host = hostIn(monitor.hosts, batch[0]?.host ?? platform.name);
  const beganAt = performance.now();
  const random = Math.random();
  let unused = new Set(batch);
  takeOut(list, batch);
  host.asked++;
  try {
    unused = await askAndUse(monitor, { platform, list, host, batch, random }, signal);
  } catch (err) {
    if (!signal.aborted) monitor.app.log.error({ err, platform: platform.name }, 'looks could not be written down');
  }
  host.asked--;
  const now = performance.now();
  const isFirst = batch.every(({ isFresh }) => isFresh);
  for (const watched of batch) {
    const nextAt = nextLook(watched, platform, { beganAt, now, random, isFirst });
    watched.nextAt = unused.has(watched) ? Math.min(nextAt, now + againMs) : nextAt;
    watched.isCalled = false;
    watched.isFresh = false;
  }
  putBack(list, batch);
}

type Batch = { platform: Platform; list: Watchlist; host: Host; batch: Watched[]; random: number };

/** @returns those whose answers could not be used */
async function askAndUse(
  monitor: Monitor,
  { platform, list, host, batch, random }: Batch,
  signal: AbortSignal,
): Promise<Set<Watched>> {
  const streams = batch.map(({ stream }) => stream);
  const { statuses, fault } = await askPlatform((all, limited) => platform.check(all, limited), streams, signal);
  batch.forEach((watched, index) => {
    watched.unknowns = statuses[index]?.state === 'unknown' ? watched.unknowns + 1 : 0;
  });
  const isBack = settleHost(host, statuses, platform, { now: performance.now(), random });
  if (isBack) callSilent(monitor, batch[0]?.host);
  const isSilent = platform.batchSize > 1 && isFailing(host);
  const isWatched = (id: number) => list.byId.has(id);
  await noteOutage(monitor.app, monitor.outages, { platform: platform.name, streams, fault, isSilent, isWatched });
  return use(monitor, batch, statuses);
}

/** A host answers again: what waited for it is asked now. */
function callSilent({ lists }: Monitor, host: string | undefined): void {
  for (const list of lists.values())
    for (const watched of inOrder(list)) if (watched.host === host && watched.unknowns > 0) callFor(list, watched);
}

/** Uses the answers for the Streams that are still this monitor's own. @returns those that could not be used */
async function use(monitor: Monitor, batch: Watched[], statuses: StreamStatus[]): Promise<Set<Watched>> {
  const { app, shards } = monitor;
  const own = batch.flatMap((watched, index) => {
    const status = statuses[index];
    return status && shards.owns(watched.stream.id) ? [{ watched, status }] : [];
  });
  await noteLooks(app.db, own);
  const unused = new Set<Watched>();
  for (const { watched, status } of own) {
    try {
      await useStatus(app, watched, status);
    } catch (error) {
      unused.add(watched);
      await tellUnused(app, watched.stream, error);
    }
  }
  return unused;
}
