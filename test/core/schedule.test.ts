import { describe, expect, test } from 'vitest';
import { parseDays, parseMoment, parseSchedule } from '../../src/core/schedule.ts';
import { formatInstant, formatStretch, formatTimes, formatWindows } from '../../src/core/schedule-text.ts';
import { lookAround, readTimeZone, resolveMoment } from '../../src/core/week-window.ts';

describe('what is typed', () => {
  test.each([
    ['mon', [1]],
    ['Monday, THU', [1, 4]],
    ['fri-mon', [1, 5, 6, 7]],
    ['пн–пт', [1, 2, 3, 4, 5]],
    ['weekend', [6, 7]],
    ['daily', [1, 2, 3, 4, 5, 6, 7]],
    ['mo', undefined],
    ['mon-', undefined],
    ['mon-tue-wed', undefined],
    ['', undefined],
  ])('days %j', (text, days) => expect(parseDays(text)).toEqual(days));

  test.each([
    ['20:00', { minute: 1200 }],
    ['8:05', { minute: 485 }],
    ['2026-12-24T20:00', { date: '2026-12-24', minute: 1200 }],
    ['2026-12-24 20:00', { date: '2026-12-24', minute: 1200 }],
    ['24:00', undefined],
    ['20', undefined],
    ['2026-02-29T10:00', undefined],
  ])('moment %j', (text, moment) => expect(parseMoment(text)).toEqual(moment));

  test.each([
    ['mon-fri 20:00-23:30, sat 18:00-02:00', 'Mon–Fri 20:00–23:30, Sat 18:00–02:00'],
    ['mon, wed 20:00-21:00', 'Mon, Wed 20:00–21:00'],
    ['sun 10:00-11:00, 20:00-21:00', 'Sun 10:00–11:00, Sun 20:00–21:00'],
    ['08:00-09:00', 'daily 08:00–09:00'],
    ['sat 22:00-24:00; sun 0:00 – 1:00', 'Sat 22:00–24:00, Sun 00:00–01:00'],
    ['fri-mon 1:00-2:00', 'Mon, Fri–Sun 01:00–02:00'],
  ])('schedule %j is shown as %j', (text, shown) => {
    expect(formatWindows(parseSchedule(text) ?? [], 'en')).toBe(shown);
  });

  test.each(['mon', 'mon 20:00', '20:00-21:00, tue', 'mon 20:00-25:00', 'mon 24:00-01:00', 'x 20:00-21:00', ','])(
    'no schedule: %j',
    (text) => expect(parseSchedule(text)).toBeUndefined(),
  );
});

const at = (text: string) => new Date(text);
/** The stretch around a moment: `current`, or what comes `next`. */
function around(schedule: string, zone: string, now: string) {
  const { current, next } = lookAround(parseSchedule(schedule) ?? [], zone, at(now));
  const shown = (stretch = current) => stretch && `${stretch.from.toISOString()} ${stretch.to.toISOString()}`;
  return { current: shown(), next: shown(next)?.slice(0, 16) };
}

describe('windows of real zones', () => {
  test('over midnight, and over the end of the week', () => {
    const schedule = 'sun 22:00-02:00';
    const stretch = '2026-11-22T21:00:00.000Z 2026-11-23T01:00:00.000Z';
    expect(around(schedule, 'Europe/Berlin', '2026-11-22T20:59Z')).toEqual({
      current: undefined,
      next: '2026-11-22T21:00',
    });
    for (const now of ['2026-11-22T21:00Z', '2026-11-23T00:59:59Z'])
      expect(around(schedule, 'Europe/Berlin', now)).toEqual({ current: stretch, next: '2026-11-29T21:00' });
    expect(around(schedule, 'Europe/Berlin', '2026-11-23T01:00Z').current).toBeUndefined();
  });

  test('an hour of the evening stays where the clock shows it, summer and winter', () => {
    const schedule = 'daily 20:00-21:00';
    expect(around(schedule, 'Europe/Berlin', '2026-03-28T19:30Z').current).toContain('2026-03-28T19:00');
    expect(around(schedule, 'Europe/Berlin', '2026-03-29T18:30Z').current).toContain('2026-03-29T18:00');
    expect(around(schedule, 'America/New_York', '2026-11-01T01:30Z').next).toBe('2026-11-02T01:00');
    // Half an hour of summer time.
    expect(around(schedule, 'Australia/Lord_Howe', '2026-04-04T09:30Z').current).toContain('2026-04-04T09:00');
    expect(around(schedule, 'Australia/Lord_Howe', '2026-04-05T09:40Z').current).toContain('2026-04-05T09:30');
  });

  test.each([
    // 29 March 2026, 02:00 CET becomes 03:00 CEST in Berlin.
    ['begins in the hour that is missing', 'sun 02:15-04:00', '2026-03-29T01:15', '2026-03-29T02:00'],
    ['ends in the hour that is missing', 'sun 01:00-02:30', '2026-03-29T00:00', '2026-03-29T01:30'],
    ['would be gone with the hour that is missing', 'sun 02:30-03:30', '2026-03-29T00:30', '2026-03-29T01:30'],
    // 25 October 2026, 03:00 CEST becomes 02:00 CET.
    ['begins in the hour that stands twice', 'sun 02:15-04:00', '2026-10-25T00:15', '2026-10-25T03:00'],
    ['lies in the hour that stands twice', 'sun 02:15-02:45', '2026-10-25T00:15', '2026-10-25T00:45'],
    ['goes over the hour that stands twice', 'sat 23:00-03:00', '2026-10-24T21:00', '2026-10-25T02:00'],
  ])('one that %s', (_, schedule, from, to) => {
    const inside = at(`${from}:01Z`).toISOString();
    expect(around(schedule, 'Europe/Berlin', inside).current).toBe(`${from}:00.000Z ${to}:00.000Z`);
  });

  test('a length is real time, and the latest that is over is known', () => {
    const windows = [{ days: [7], fromMinute: 90, lengthMs: 2 * 3_600_000 }];
    expect(lookAround(windows, 'Europe/Berlin', at('2026-03-29T01:30Z')).current).toEqual({
      from: at('2026-03-29T00:30Z'),
      to: at('2026-03-29T02:30Z'),
    });
    expect(lookAround(windows, 'Europe/Berlin', at('2026-03-29T02:30Z')).last?.to).toEqual(at('2026-03-29T02:30Z'));
    const days = [{ days: [5], fromMinute: 0, lengthMs: 3 * 86_400_000 }];
    expect(lookAround(days, 'UTC', at('2026-11-22T12:00Z')).current?.from).toEqual(at('2026-11-20T00:00Z'));
  });

  test('a moment is the next one that clocks there show', () => {
    const now = at('2026-11-21T19:30Z');
    expect(resolveMoment({ minute: 1200 }, 'UTC', now)).toEqual(at('2026-11-21T20:00Z'));
    expect(resolveMoment({ minute: 1200 }, 'Europe/Berlin', now)).toEqual(at('2026-11-22T19:00Z'));
    const eve = { date: '2026-12-24', minute: 1200 };
    expect(resolveMoment(eve, 'Asia/Kolkata', now)).toEqual(at('2026-12-24T14:30Z'));
  });
});

test('time zones are known by their names', () => {
  expect(readTimeZone('europe/berlin')).toBe('Europe/Berlin');
  expect(readTimeZone(' UTC ')).toBe('UTC');
  for (const name of ['Berlin', 'MEZ+1', '', '../etc']) expect(readTimeZone(name)).toBeUndefined();
});

test('times are shown in full', () => {
  const now = at('2026-11-21T12:00Z');
  const schedule = parseSchedule('mon-fri 20:00-23:30') ?? [];
  const rules = { schedule, timeZone: 'Europe/Berlin' };
  expect(formatTimes(rules, 'UTC', 'en', now)).toBe('Mon–Fri 20:00–23:30 Europe/Berlin, next: Mon 23 Nov 20:00');
  expect(formatTimes(rules, 'UTC', 'ru', now)).toMatch(/^пн–пт 20:00–23:30 Europe\/Berlin, ближайшее: пн 23 нояб/);
  const stretch = { from: '2026-12-24T19:00:00Z', to: '2026-12-24T21:00:00Z' };
  expect(formatTimes({ at: stretch }, 'Europe/Berlin', 'en', now)).toBe('Thu 24 Dec 20:00–22:00 Europe/Berlin');
  expect(formatTimes({ at: stretch, isOpenEnded: true }, 'UTC', 'en', now)).toBe(
    'Thu 24 Dec 19:00 UTC, until the broadcast ends',
  );
  const every = [{ days: [1, 4], fromMinute: 1200, lengthMs: 6 * 3_600_000 }];
  expect(formatTimes({ schedule: every, timeZone: 'UTC', isOpenEnded: true }, 'UTC', 'en', now)).toBe(
    'Mon, Thu 20:00 UTC, until the broadcast ends, next: Mon 23 Nov 20:00',
  );
  expect(formatTimes({}, 'UTC', 'en', now)).toBeUndefined();
  const night = { from: at('2026-11-21T22:00Z'), to: at('2026-11-22T02:00Z') };
  expect(formatStretch(night, 'UTC', 'en', now)).toBe('Sat 21 Nov 22:00–Sun 22 Nov 02:00 UTC');
  expect(formatInstant(at('2028-01-02T03:04Z'), 'UTC', 'en', now)).toBe('Sun 2 Jan 2028 03:04');
});
