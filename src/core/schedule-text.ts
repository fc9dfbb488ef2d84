import type { Language } from './model.ts';
import type { WatchRules } from './rules.ts';
import type { WeekWindow } from './schedule.ts';
import { textOf } from './text/text.ts';
import { lookAround, type Stretch } from './week-window.ts';

/** `Mon 23 Nov 20:00` on the clock of a zone; with the year where that is not this one. */
export function formatInstant(at: Date, timeZone: string, language: Language, now = new Date()): string {
  const parts = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, {
    ...{ timeZone, weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  }).formatToParts(at);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? '';
  const isSoon = Math.abs(at.getTime() - now.getTime()) < 300 * 86_400_000;
  const date = [part('weekday'), part('day'), part('month'), ...(isSoon ? [] : [part('year')])].join(' ');
  return `${date} ${part('hour')}:${part('minute')}`;
}

/** `Mon 23 Nov 20:00–22:00 Europe/Berlin`; with the date of its end where that is another day. */
export function formatStretch({ from, to }: Stretch, timeZone: string, language: Language, now = new Date()): string {
  const [begin, end] = [from, to].map((at) => formatInstant(at, timeZone, language, now));
  const isOneDay = begin?.slice(0, -5) === end?.slice(0, -5);
  return `${begin}–${isOneDay ? end?.slice(-5) : end} ${timeZone}`;
}

/** `Mon–Fri 20:00–23:30, Sat 18:00–02:00`. */
export function formatWindows(windows: WeekWindow[], language: Language): string {
  return windows.map((window) => `${formatDays(window.days, language)} ${formatHours(window)}`).join(', ');
}

function formatHours({ fromMinute, toMinute, lengthMs }: WeekWindow): string {
  // Open ends are told beside it, and lengths of a day and more have no hour to end at.
  if (toMinute === undefined && (lengthMs === undefined || lengthMs >= 86_400_000)) return clockOf(fromMinute);
  const end = toMinute ?? (fromMinute + Math.round((lengthMs ?? 0) / 60_000)) % 1440;
  return `${clockOf(fromMinute)}–${clockOf(end)}`;
}

const clockOf = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** Runs of three and more days as a range: `Mon–Fri, Sun`. */
function formatDays(days: number[], language: Language): string {
  const { days: names, daily } = textOf(language).schedule;
  if (days.length === 7) return daily;
  const runs: number[][] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run && run.at(-1) === day - 1) run.push(day);
    else runs.push([day]);
  }
  const name = (day = 0) => names[day - 1] ?? '';
  return runs
    .map((run) => (run.length > 2 ? `${name(run[0])}–${name(run.at(-1))}` : run.map((day) => name(day)).join(', ')))
    .join(', ');
}

/** When an order records, in full: `Mon–Fri 20:00–23:30 Europe/Berlin, next: Mon 23 Nov 20:00`; undefined: always. */
export function formatTimes(rules: WatchRules, timeZone: string, language: Language, now: Date): string | undefined {
  const t = textOf(language).schedule;
  const end = rules.isOpenEnded ? t.openEnded : undefined;
  if (rules.at) {
    const stretch = { from: new Date(rules.at.from), to: new Date(rules.at.to) };
    if (!end) return formatStretch(stretch, timeZone, language, now);
    return `${formatInstant(stretch.from, timeZone, language, now)} ${timeZone}, ${end}`;
  }
  if (!rules.schedule) return undefined;
  const zone = rules.timeZone ?? timeZone;
  const { next } = lookAround(rules.schedule, zone, now);
  const shown = rules.isOpenEnded
    ? rules.schedule.map((window) => ({ ...window, lengthMs: 86_400_000 }))
    : rules.schedule;
  const follows = next && t.next(formatInstant(next.from, zone, language, now));
  return [`${formatWindows(shown, language)} ${zone}`, end, follows].filter(Boolean).join(', ');
}
