import { Temporal } from 'temporal-polyfill';
import type { Moment, WeekWindow } from './schedule.ts';

/** One occurrence of a window: it holds `from`, not `to`. */
export type Stretch = { from: Date; to: Date };

/** The stretch that holds now, the latest that is over, and the first that is to come. */
export type Around = { current?: Stretch; last?: Stretch; next?: Stretch };

const dayMs = 86_400_000;

/** Whether this is a time zone by its IANA name: `Europe/Berlin`, `UTC`. @returns as it is written properly */
export function readTimeZone(name: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name.trim() }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/**
 * Where now stands among the windows of a week. Where clocks are put forward or back, a time that does not exist is the
 * one as much later, and of one that stands twice the first is meant; a window that would be gone begins as much
 * earlier instead.
 */
export function lookAround(windows: WeekWindow[], timeZone: string, now: Date): Around {
  const key = `${timeZone} ${JSON.stringify(windows)}`;
  const known = looked.get(key);
  if (known && known.from <= now && now < known.to) return known.around;
  const around = compute(windows, timeZone, now);
  const ends = [around.current?.to, around.next?.from].filter((at) => at !== undefined);
  // Orders are looked at every second; what holds until a window begins or ends is worked out once.
  if (looked.size >= mostLooked) looked.clear();
  const to = new Date(Math.min(now.getTime() + dayMs, ...ends.map((at) => at.getTime())));
  looked.set(key, { around, from: now, to });
  return around;
}

const looked = new Map<string, Stretch & { around: Around }>();
const mostLooked = 5_000;

function compute(windows: WeekWindow[], timeZone: string, now: Date): Around {
  const longestMs = Math.max(dayMs, ...windows.map(({ lengthMs = 0 }) => lengthMs));
  const today = toZoned(now, timeZone).toPlainDate();
  const around: Around = {};
  // One week back finds the latest that is over, one ahead the next; more only where windows are longer.
  for (let day = -7 - Math.ceil(longestMs / dayMs); day <= 8; day++) {
    const date = today.add({ days: day });
    for (const window of windows) {
      if (window.days.includes(date.dayOfWeek)) place(around, stretchOf(window, date, timeZone), now);
    }
  }
  return around;
}

/** Of several that hold now the one that ends last is the current one. */
function place(around: Around, stretch: Stretch, now: Date): void {
  if (stretch.to <= now) {
    if (!around.last || stretch.to > around.last.to) around.last = stretch;
  } else if (stretch.from > now) {
    if (!around.next || stretch.from < around.next.from) around.next = stretch;
  } else if (!around.current || stretch.to > around.current.to) around.current = stretch;
}

function stretchOf(window: WeekWindow, date: Temporal.PlainDate, timeZone: string): Stretch {
  const from = instantOf(date, window.fromMinute, timeZone);
  if (window.lengthMs !== undefined) return { from, to: new Date(from.getTime() + window.lengthMs) };
  const { fromMinute, toMinute = 1440 } = window;
  const lastDay = toMinute > fromMinute ? date : date.add({ days: 1 });
  const to = instantOf(lastDay, toMinute, timeZone);
  return from < to ? { from, to } : { from: instantOf(date, fromMinute, timeZone, 'earlier'), to };
}

function instantOf(
  date: Temporal.PlainDate,
  minute: number,
  timeZone: string,
  disambiguation: 'compatible' | 'earlier' = 'compatible',
): Date {
  const time = date.toPlainDateTime().add({ minutes: minute });
  return new Date(time.toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds);
}

const toZoned = (at: Date, timeZone: string) =>
  Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone);

/** When a moment is: on its date, else the next time that clocks of the zone show it. */
export function resolveMoment({ date, minute }: Moment, timeZone: string, now: Date): Date {
  if (date !== undefined) return instantOf(Temporal.PlainDate.from(date), minute, timeZone);
  const today = toZoned(now, timeZone).toPlainDate();
  const at = instantOf(today, minute, timeZone);
  return at > now ? at : instantOf(today.add({ days: 1 }), minute, timeZone);
}
