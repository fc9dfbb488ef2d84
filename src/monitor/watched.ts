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
  /** When it is looked at next; Infinity while a look is under way. */
  nextAt: number;
  /** It was called for while a look was under way. */
  isCalled: boolean;
  /** Looks in a row that told nothing. */
  unknowns: number;
  /** When it is next asked what it announces. */
  offlineAt: number;
  run?: Run;
  applied?: Applied;
  /** What it was last said to announce. */
  announced?: string;
};

/** The Streams of one Platform: by id, and in the order they are looked at. */
export type Watchlist = { byId: Map<number, Watched>; order: Watched[] };

/** Takes a Stream into the list, to be looked at once; one that stands there gets its new row. */
export function keep(list: Watchlist, row: WatchedRow, host: string): Watched {
  const known = list.byId.get(row.stream.id);
  if (known) return Object.assign(known, row, { host });
  const fresh: Watched = { ...row, host, nextAt: 0, isCalled: false, unknowns: 0, offlineAt: 0 };
  list.byId.set(row.stream.id, fresh);
  list.order.push(fresh);
  return fresh;
}

/** Takes out the Streams that `isGone` names. @returns them */
export function forget(list: Watchlist, isGone: (watched: Watched) => boolean): Watched[] {
  const gone = list.order.filter(isGone);
  if (gone.length === 0) return gone;
  for (const { stream } of gone) list.byId.delete(stream.id);
  list.order = list.order.filter(({ stream }) => list.byId.has(stream.id));
  return gone;
}

/** Has a Stream looked at as soon as may be; once more where a look is under way. */
export function callFor(watched: Watched): void {
  if (watched.nextAt === Infinity) watched.isCalled = true;
  else watched.nextAt = 0;
}

/** Where a Stream's answers come from: its host where each is asked by itself, else the platform. */
export function hostOf(stream: StreamRef, batchSize: number): string {
  if (batchSize > 1) return stream.platform;
  return URL.canParse(stream.url) ? new URL(stream.url).host : stream.platform;
}
