import { describe, expect, test } from 'vitest';
import { matches, readPattern } from '../../src/core/filter.ts';
import { closesFor, refusalOf, type WatchRules } from '../../src/core/rules.ts';

const now = new Date('2026-11-23T19:30Z');
const may = (rules: WatchRules, called = {}) => refusalOf(rules, called, now) === undefined;

describe('filters', () => {
  test.each([
    ['speed run', 'Any% SPEED   run!', true],
    ['speed run', 'speedrun', false],
    ['музыка', 'Ночная МУЗЫКА', true],
    ['cafe\u0301', 'Café concerts', true],
    ['a.b*c', 'x a.b*c y', true],
    ['a.b', 'axb', false],
    ['/speed ?run|any%/', 'ANY% attempts', true],
    ['/^day \\d+$/', 'Day 12', true],
    ['/^day \\d+$/', 'Holiday 12', false],
    ['/(?-i)LIVE/', 'live', false],
    ['/\\bкот/', 'наш Кот', false],
    ['/кот/', 'наш Кот', true],
    ['/^.{3}$/', '😀é!', true],
  ])('%s against "%s" is %s', (filter, name, wanted) => {
    expect(readPattern('title', filter).test(name)).toBe(wanted);
    expect(matches(filter, name)).toBe(wanted);
  });

  test('what is excluded counts, and what a site does not tell is neither asked for nor excluded', () => {
    expect(may({ title: 'run', notTitle: '/rerun/' }, { title: 'a run' })).toBe(true);
    expect(may({ title: 'run', notTitle: '/rerun/' }, { title: 'a rerun' })).toBe(false);
    expect(may({ category: 'Chess' }, { title: 'x', category: 'Chess' })).toBe(true);
    expect(may({ notCategory: 'just chatting' }, { category: 'Just Chatting' })).toBe(false);
    expect(may({ title: 'run' }, {})).toBe(false);
    expect(may({ notTitle: 'run' }, { title: null })).toBe(true);
    expect(refusalOf({ title: 'run' }, {}, now)).toEqual({ code: 'filtered', by: 'title', filter: 'run' });
  });

  test('no pattern and no title takes more than linear time', () => {
    for (const filter of ['/(a+)+$/', '/^(a|a?)+$/', '/((((a{1,9}){1,9}){1,9})b)$/']) {
      const pattern = readPattern('title', filter);
      const title = `${'a'.repeat(2_000)}!`;
      const began = process.cpuUsage();
      expect(pattern.test(title)).toBe(false);
      // A backtracking engine would take longer than the universe is old.
      expect(process.cpuUsage(began).user / 1e6).toBeLessThan(20);
    }
  });
});

describe('times', () => {
  const at = { from: '2026-11-23T19:00Z', to: '2026-11-23T21:00Z' };
  const schedule = [{ days: [1], fromMinute: 20 * 60, toMinute: 21 * 60 }];

  test('a window holds its beginning and not its end', () => {
    const [before, begin, end] = ['2026-11-23T18:59:59Z', '2026-11-23T19:00Z', '2026-11-23T21:00Z'].map(
      (text) => new Date(text),
    );
    expect(refusalOf({ at }, {}, before as Date)).toEqual({ code: 'schedule_over', next: begin });
    expect(refusalOf({ at }, {}, begin as Date)).toBeUndefined();
    expect(refusalOf({ at }, {}, end as Date)).toEqual({ code: 'schedule_over' });
  });

  test('the same hour is inside in one zone and outside in another', () => {
    expect(may({ schedule, timeZone: 'Europe/Berlin' })).toBe(true);
    expect(may({ schedule, timeZone: 'UTC' })).toBe(false);
    expect(refusalOf({ schedule, timeZone: 'UTC' }, {}, now)).toEqual({
      code: 'schedule_over',
      next: new Date('2026-11-23T20:00Z'),
    });
  });

  test('a recording without an end goes on past its window, but not past a filter', () => {
    const late = new Date('2026-11-23T22:00Z');
    expect(closesFor({ at }, {}, late)).toBe('schedule_over');
    expect(closesFor({ at, isOpenEnded: true }, {}, late)).toBeUndefined();
    expect(closesFor({ at, isOpenEnded: true, notTitle: 'rerun' }, { title: 'Rerun' }, late)).toBe('filtered');
  });
});
