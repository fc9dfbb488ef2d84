import type { App } from '../app.ts';
import type { Platform } from '../core/ports.ts';
import { announce } from './announce.ts';
import { askPlatform } from './ask-platform.ts';
import { tellUnused } from './outages.ts';
import type { Shards } from './shards.ts';
import type { Watched, Watchlist } from './watched.ts';

/** Channels that are offline are asked what they announce this often. */
const everyMs = 300_000;

/** Streams that are waited for, known to be not live, and not asked lately. */
function pickOffline(list: Watchlist, { batchSize }: Platform, now: number): Watched[] {
  const isDue = ({ hasWaiting, run, offlineAt }: Watched) =>
    hasWaiting && run !== undefined && run.state !== 'live' && run.state !== 'unknown' && offlineAt <= now;
  return [...list.byId.values()].filter(isDue).slice(0, batchSize);
}

/** Asks one batch of offline Streams what they announce. @returns whether there may be more to ask */
export async function lookOffline(
  { app, shards }: { app: App; shards: Shards },
  platform: Platform,
  list: Watchlist,
  signal: AbortSignal,
): Promise<boolean> {
  const now = performance.now();
  const batch = platform.checkOffline ? pickOffline(list, platform, now) : [];
  if (batch.length === 0) return false;
  for (const watched of batch) watched.offlineAt = now + everyMs;
  const streams = batch.map(({ stream }) => stream);
  const ask = async (all: typeof streams, limited: AbortSignal) => platform.checkOffline?.(all, limited) ?? [];
  // What fails here is no outage: looks tell that, and this is asked again.
  const { statuses } = await askPlatform(ask, streams, signal);
  for (const [index, watched] of batch.entries()) {
    const status = statuses[index];
    if (!status || status.state === 'unknown' || status.state === 'live' || !shards.owns(watched.stream.id)) continue;
    try {
      await announce(app, watched, status);
    } catch (error) {
      await tellUnused(app, watched.stream, error);
    }
  }
  return true;
}
