/** A stretch of the week, on the clock of a time zone. */
export type WeekWindow = {
  /** Days it begins on: 1 Monday … 7 Sunday. */
  days: number[];
  /** Minute of the day it begins at, 0–1439. */
  fromMinute: number;
  /** Minute of the day it ends at, 1–1440: of the next day where that is not after `fromMinute`. */
  toMinute?: number;
  /** In place of `toMinute`: how long it is, whatever clocks do meanwhile. */
  lengthMs?: number;
};

const dayNames = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const russianNames = ['пн', 'вт', 'ср', 'чт', 'пт', 'сб', 'вс'];
const everyDay = [1, 2, 3, 4, 5, 6, 7];
const wordsOfDays: Record<string, number[]> = {
  daily: everyDay,
  day: everyDay,
  weekdays: [1, 2, 3, 4, 5],
  weekend: [6, 7],
};

/** `mon,thu`, `fri-mon`, `daily`, `пн-пт` as numbers of days, in order; undefined where it is none of these. */
export function parseDays(text: string): number[] | undefined {
  const days = new Set<number>();
  for (const item of listOf(text)) {
    const found = wordsOfDays[item] ?? rangeOf(item);
    if (!found) return undefined;
    for (const day of found) days.add(day);
  }
  return days.size > 0 ? [...days].toSorted((a, b) => a - b) : undefined;
}

/** `mon-fri`; over the end of the week too: `sat-mon`. */
function rangeOf(item: string): number[] | undefined {
  const [from, to, ...more] = item.split('-').map((name) => dayOf(name.trim()));
  if (from === undefined || more.length > 0) return undefined;
  if (!item.includes('-')) return [from];
  if (to === undefined) return undefined;
  return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, index) => ((from - 1 + index) % 7) + 1);
}

/** `mon`, `monday`, `пн`. */
function dayOf(name: string): number | undefined {
  const index = dayNames.findIndex((day) => name === day || name === day.slice(0, 3));
  const day = (index < 0 ? russianNames.indexOf(name) : index) + 1;
  return day || undefined;
}

/** A moment as it was typed: a minute of the day, on a date (`2026-12-24`) or on the next day that has it. */
export type Moment = { date?: string; minute: number };

/** `20:00`, `2026-12-24T20:00`, `2026-12-24 20:00`; undefined where it is none of these. */
export function parseMoment(text: string): Moment | undefined {
  const [, date, time = ''] = /^(?:(\d{4}-\d\d-\d\d)[T ])?(\d{1,2}:\d\d)$/i.exec(text.trim()) ?? [];
  const minute = minuteOf(time);
  if (minute === undefined || minute === 1440) return undefined;
  if (date === undefined) return { minute };
  const day = new Date(`${date}T00:00Z`);
  return day.getTime() > 0 && day.toISOString().startsWith(date) ? { date, minute } : undefined;
}

/** `20:00` as minutes of the day, up to 1440 for `24:00`. */
function minuteOf(text: string): number | undefined {
  const [, hour = '', minute = ''] = /^(\d{1,2}):([0-5]\d)$/.exec(text) ?? [];
  const all = Number(hour) * 60 + Number(minute);
  return hour !== '' && all <= 1440 ? all : undefined;
}

/** More are no schedule that a person could read again. */
const mostWindows = 20;

/**
 * `mon-fri 20:00-23:30, sat 18:00-02:00` as windows; days may stand in a list before their hours (`mon, wed 20:00-21:00`),
 * hours without days are those of the days before, or of every day. Undefined where it is none.
 */
export function parseSchedule(text: string): WeekWindow[] | undefined {
  const windows: WeekWindow[] = [];
  let waiting: string[] = [];
  for (const item of listOf(text)) {
    const [, names = '', from, to] = /^(.*?)\s*(?:(\d{1,2}:\d\d)\s*-\s*(\d{1,2}:\d\d))?$/.exec(item) ?? [];
    if (names !== '') waiting.push(names);
    if (from === undefined || to === undefined) continue;
    const days = waiting.length > 0 ? parseDays(waiting.join(',')) : (windows.at(-1)?.days ?? everyDay);
    const hours = hoursOf(from, to);
    if (!days || !hours) return undefined;
    windows.push({ days, ...hours });
    waiting = [];
  }
  return windows.length > 0 && windows.length <= mostWindows && waiting.length === 0 ? windows : undefined;
}

function hoursOf(from: string, to: string): { fromMinute: number; toMinute: number } | undefined {
  const [fromMinute, toMinute] = [minuteOf(from), minuteOf(to)];
  if (fromMinute === undefined || toMinute === undefined || fromMinute === 1440) return undefined;
  return { fromMinute, toMinute: toMinute === 0 ? 1440 : toMinute };
}

/** In small letters, with plain hyphens, without what is empty. */
const listOf = (text: string) =>
  text
    .toLowerCase()
    .replace(/[‐-―−]/g, '-')
    .split(/[,;]/)
    .map((item) => item.trim())
    .filter(Boolean);
