import type { App } from '../app.ts';
import { shardOf } from '../db/shards.ts';
import { findWatchedIn, findWatchedStream, type WatchedRow } from '../db/watched.ts';
import { findLastRuns, saveLooks } from './note-looks.ts';
import { callFor, createWatchlist, forget, hostOf, keep, type Watched, type Watchlist } from './watched.ts';

/** The Streams this monitor looks at, by the name of their Platform. */
export type Watchlists = ReadonlyMap<string, Watchlist>;

/** One empty list for each Platform. */
export const createWatchlists = ({ platforms }: Pick<App, 'platforms'>): Watchlists =>
  new Map(platforms.map(({ name }) => [name, createWatchlist()]));

/** Every Stream of every list. */
export const allWatched = (lists: Watchlists): Watched[] =>
  [...lists.values()].flatMap(({ byId }) => [...byId.values()]);

/**
 * Brings the lists to what the rows say of these shards: Streams that are ordered come in, to be looked at at once, and
 * those nobody orders any more go. `isCall`: all of them are looked at at once.
 */
export async function readShards(
  app: App,
  lists: Watchlists,
  shards: ReadonlySet<number>,
  isCall: boolean,
): Promise<void> {
  const rows = await findWatchedIn(app.db, shards);
  // Some shards may have been given back meanwhile.
  const kept = await takeIn(app, lists, rows, ({ stream }) => shards.has(shardOf(stream.id)));
  const ids = new Set(kept.map(({ stream }) => stream.id));
  await dropWatched(app, lists, ({ stream }) => !ids.has(stream.id));
  if (isCall) call(lists, kept);
}

/** Brings one Stream to what its rows say, and has it looked at at once. */
export async function readStream(app: App, lists: Watchlists, streamId: number): Promise<void> {
  const row = await findWatchedStream(app.db, streamId);
  if (!row) return dropWatched(app, lists, ({ stream }) => stream.id === streamId);
  call(lists, await takeIn(app, lists, [row], () => true));
}

function call(lists: Watchlists, all: Watched[]): void {
  for (const watched of all) {
    const list = lists.get(watched.stream.platform);
    if (list) callFor(list, watched);
  }
}

/** Takes Streams out of the lists; looks that were only counted are written down. */
export async function dropWatched(app: App, lists: Watchlists, isGone: (watched: Watched) => boolean): Promise<void> {
  await saveLooks(
    app.db,
    [...lists.values()].flatMap((list) => forget(list, isGone)),
  );
}

/** What is new goes on with its last row, which is known before anybody looks at it. */
async function takeIn(
  app: App,
  lists: Watchlists,
  rows: WatchedRow[],
  isOurs: (row: WatchedRow) => boolean,
): Promise<Watched[]> {
  const sizes = new Map(app.platforms.map(({ name, batchSize }) => [name, batchSize]));
  const listOf = ({ stream }: WatchedRow) => lists.get(stream.platform);
  const fresh = rows.filter((row) => listOf(row)?.byId.has(row.stream.id) === false);
  const runs = await findLastRuns(
    app.db,
    fresh.map(({ stream }) => stream.id),
  );
  return rows.filter(isOurs).flatMap((row) => {
    const list = listOf(row);
    if (!list) return [];
    const watched = keep(list, row, hostOf(row.stream, sizes.get(row.stream.platform) ?? 1));
    const run = runs.get(row.stream.id);
    if (run) watched.run ??= run;
    return [watched];
  });
}
