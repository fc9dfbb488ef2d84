import type { StreamRef } from '../core/ports.ts';
import type { CheckState } from '../db/checks.ts';
import type { WatchedRow } from '../db/watched.ts';

/** The last answer, and how many looks gave it that no row counts yet. Times are of `performance.now()`. */
export type Run = {
  id: number;
  state: CheckState;
  reason: string | null;
  unsavedCount: number;
  lastAt: number;
  savedAt: number;
};

/** What was made of a live Stream's last look: nothing is done again while all of it is the same. */
export type Applied = {
  facts: string;
  orders: string;
  sessionId: number | undefined;
  at: number;
  /** Its Session changed since then, and may have ended. */
  isDoubtful: boolean;
};

/** A Stream as the monitor that looks at it remembers it. Times are of `performance.now()`. */
export type Watched = WatchedRow & {
  /** Whose answers come and fail together: a host, or a platform that is asked in batches. */
  host: string;
  /** When it is looked at next. */
  nextAt: number;
  /** It was called for while a look was under way. */
  isCalled: boolean;
  /** This monitor has not looked at it yet. */
  isFresh: boolean;
  /** Looks in a row that told nothing. */
  unknowns: number;
  /** When it is next asked what it announces. */
  offlineAt: number;
  run?: Run;
  applied?: Applied;
  /** What it was last said to announce. */
  announced?: string;
  /** Of a server: what was last made of its list. */
  followed?: { facts: string; at: number };
};

/**
 * The Streams of one Platform. `waiting` are those no look is under way for, the next one first; unless `isShuffled`,
 * when that has to be put right.
 */
export type Watchlist = { byId: Map<number, Watched>; waiting: Watched[]; underWay: Set<Watched>; isShuffled: boolean };

/** A list of nothing. */
export const createWatchlist = (): Watchlist => ({
  ...{ byId: new Map(), waiting: [], underWay: new Set(), isShuffled: false },
});

/** Takes a Stream into the list, to be looked at once; one that stands there gets its new row. */
export function keep(list: Watchlist, row: WatchedRow, host: string): Watched {
  const known = list.byId.get(row.stream.id);
  if (known) return Object.assign(known, row, { host });
  const fresh: Watched = { ...row, host, nextAt: 0, isCalled: false, isFresh: true, unknowns: 0, offlineAt: 0 };
  list.byId.set(row.stream.id, fresh);
  list.waiting.push(fresh);
  list.isShuffled = true;
  return fresh;
}

/** Takes out the Streams that `isGone` names. @returns them */
export function forget(list: Watchlist, isGone: (watched: Watched) => boolean): Watched[] {
  const gone = [...list.byId.values()].filter(isGone);
  if (gone.length === 0) return gone;
  for (const watched of gone) {
    list.byId.delete(watched.stream.id);
    list.underWay.delete(watched);
  }
  list.waiting = list.waiting.filter(({ stream }) => list.byId.has(stream.id));
  return gone;
}

/** Has a Stream looked at as soon as may be; once more where a look is under way. */
export function callFor(list: Watchlist, watched: Watched): void {
  watched.isCalled = list.underWay.has(watched);
  watched.nextAt = 0;
  list.isShuffled = true;
}

/** The Streams in the order they are looked at. */
export function inOrder(list: Watchlist): readonly Watched[] {
  if (list.isShuffled) list.waiting.sort((a, b) => a.nextAt - b.nextAt);
  list.isShuffled = false;
  return list.waiting;
}

/** A look at these begins. */
export function takeOut(list: Watchlist, batch: Watched[]): void {
  for (const watched of batch) list.underWay.add(watched);
  const areFirst = batch.every((watched, index) => list.waiting[index] === watched);
  if (areFirst) list.waiting.splice(0, batch.length);
  else list.waiting = list.waiting.filter((watched) => !list.underWay.has(watched));
}

/** The look is over: each has its `nextAt`, nearly always the same one. */
export function putBack(list: Watchlist, batch: Watched[]): void {
  const groups = new Map<number, Watched[]>();
  for (const watched of batch) {
    if (!list.underWay.delete(watched)) continue;
    const group = groups.get(watched.nextAt);
    if (group) group.push(watched);
    else groups.set(watched.nextAt, [watched]);
  }
  inOrder(list);
  for (const [nextAt, group] of groups) list.waiting.splice(placeOf(list.waiting, nextAt), 0, ...group);
}

/** Where the first Stream stands that is looked at later. */
function placeOf(waiting: readonly Watched[], nextAt: number): number {
  let [from, to] = [0, waiting.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((waiting[middle]?.nextAt ?? Infinity) <= nextAt) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Where a Stream's answers come from: its host where each is asked by itself, else the platform. */
export function hostOf(stream: StreamRef, batchSize: number): string {
  if (batchSize > 1) return stream.platform;
  return URL.canParse(stream.url) ? new URL(stream.url).host : stream.platform;
}
