import { expect, test } from 'vitest';
import { calledBefore } from '../../src/core/announced.ts';
import { canGoOn, type SessionState } from '../../src/core/session.ts';

const now = new Date('2026-11-21T12:00:00Z');
const ended = (endReason: string, state: SessionState = 'ended', minutesAgo = 1) => ({
  ...{ state, endReason },
  endedAt: new Date(now.getTime() - minutesAgo * 60_000),
});

test.each([
  ['grace ran out', ended('grace_over'), true],
  ['nothing could be had of it just now', ended('grace_over', 'failed'), false],
  ['nothing could be had of it a quarter of an hour ago', ended('grace_over', 'failed', 15), true],
  ['its source said that it is over', ended('source_ended'), false],
  ['it is protected', ended('hls_drm', 'failed'), false],
  ['it was stopped, and is wanted again', ended('stopped'), true],
  ['a rule closed it', ended('filtered'), true],
  ['it was announced and did not begin', ended('not_live', 'failed'), true],
])('where %s, whether the same broadcast goes on in the next Session', (_what, session, expected) => {
  expect(canGoOn(session, now)).toBe(expected);
});

test('what a broadcast was called before is told once, the last first', () => {
  const called = (title: string, category: string | null = null) => ({ title, category });
  expect(calledBefore([called('A'), called('B'), called('A', 'Chess'), called('B'), called('C')])).toEqual([
    ...['B', 'A · Chess', 'A'],
  ]);
  expect(calledBefore([called('A')])).toEqual([]);
});
