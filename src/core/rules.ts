import { matches } from './filter.ts';
import type { AdPolicy, Engine } from './model.ts';
import type { WeekWindow } from './schedule.ts';
import { type Around, lookAround } from './week-window.ts';

/** What a Watch asks for beyond stream and quality; every key optional. */
export type WatchRules = {
  /** End the window this long after its first Segment (`for=2h`). */
  maxLengthMs?: number;
  /** New Part at least this often (`split=30m`); `splitAtTitles` (`core/parts.ts`): where the title changes. */
  splitMs?: number;
  /** What is done with ad breaks (`ads=drop`); absent: kept. */
  ads?: AdPolicy;
  /** Who gets the bytes (`engine=yt-dlp`); absent: the Source that fits best. */
  engine?: Engine;
  /** Filters as they were typed (`core/filter.ts`): what the title and category must hold, and must not. */
  title?: string;
  notTitle?: string;
  category?: string;
  notCategory?: string;
  /** When it records (`schedule=`, `every=`), on the clock of `timeZone`. */
  schedule?: WeekWindow[];
  /** IANA name; stands with `schedule`, and follows the chat's. */
  timeZone?: string;
  /** The one stretch in which it records (`at=`), as ISO instants. */
  at?: { from: string; to: string };
  /** A recording may begin in the windows above and goes on until the broadcast ends (`at=` without `for=`). */
  isOpenEnded?: boolean;
  /** The chat is told of a window that passes without a broadcast (`at=`, `every=`). */
  tellsMissed?: boolean;
  /** Its files are kept this long after they were posted (`keep=30d`); absent: as the operator set it. */
  keepMs?: number;
  /** Announced and renamed broadcasts make a card before they begin (`waiting=on`). */
  waiting?: boolean;
  /** The Stream is a server: those of its streams that are named so are watched (`core/names.ts`), each by itself. */
  auto?: string;
};

/** What a broadcast is called, as far as its site tells. */
export type Called = { title?: string | null | undefined; category?: string | null | undefined };

/** Which filter a broadcast does not pass; `name` is what it is called, absent where the site does not tell. */
export type Filtered = {
  code: 'filtered';
  by: 'title' | 'notTitle' | 'category' | 'notCategory';
  filter: string;
  name?: string;
};

/** Why a Watch does not record now; its code is what a window that was open is closed for. */
export type Refusal =
  | Filtered
  /** Outside its times; `next` is when they begin, absent where there are no more. */
  | { code: 'schedule_over'; next?: Date };

/**
 * Why the rules of a Watch do not let it record this broadcast now; undefined where they do. What a site does not tell
 * is not what a filter asks for, and is nothing that a filter leaves out.
 */
export function refusalOf(rules: WatchRules, called: Called, now: Date): Refusal | undefined {
  return outsideOf(rules, now) ?? filteredBy(rules, called);
}

/** Why a window that is open is to close now; a recording that was to go on until the broadcast ends does so. */
export function closesFor(rules: WatchRules, called: Called, now: Date): Refusal['code'] | undefined {
  return (rules.isOpenEnded ? filteredBy(rules, called) : refusalOf(rules, called, now))?.code;
}

function filteredBy(rules: WatchRules, called: Called): Filtered | undefined {
  for (const [by, kind, isWanted] of filters) {
    const filter = rules[by];
    const name = called[kind] ?? undefined;
    if (filter === undefined || (name === undefined ? !isWanted : matches(filter, name) === isWanted)) continue;
    return { code: 'filtered', by, filter, ...(name === undefined ? {} : { name }) };
  }
  return undefined;
}

const filters = [
  ['title', 'title', true],
  ['notTitle', 'title', false],
  ['category', 'category', true],
  ['notCategory', 'category', false],
] as const;

function outsideOf(rules: WatchRules, now: Date): Refusal | undefined {
  const around = timesAround(rules, now);
  if (!around || around.current) return undefined;
  return { code: 'schedule_over', ...(around.next ? { next: around.next.from } : {}) };
}

/** Where now stands among the times of an order; undefined where it has none: it records at any time. */
export function timesAround({ at, schedule, timeZone = 'UTC' }: WatchRules, now: Date): Around | undefined {
  if (schedule) return lookAround(schedule, timeZone, now);
  if (!at) return undefined;
  const stretch = { from: new Date(at.from), to: new Date(at.to) };
  if (stretch.to <= now) return { last: stretch };
  return stretch.from > now ? { next: stretch } : { current: stretch };
}
