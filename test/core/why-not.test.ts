import { expect, test } from 'vitest';
import { type OrderNow, whyNotRecording, whySentence } from '../../src/core/why-not.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 23, 12, minute));
const now = at(50);
const looks = (...states: string[]) =>
  states.map((state, index) => ({ state, reason: null, count: 1, at: at(40 - index), lastAt: at(41 - index) }));

const rules = {
  title: 'run',
  schedule: [{ days: [1], fromMinute: 12 * 60, toMinute: 13 * 60 }],
  timeZone: 'UTC',
};
const outside = { ...rules, schedule: [{ days: [1], fromMinute: 0, toMinute: 60 }] };

type Change = Partial<Omit<OrderNow, 'watch'>> & { watch?: Partial<OrderNow['watch']> };
function ask(change: Change): string | undefined {
  const { watch, ...rest } = change;
  const order: OrderNow = {
    ...{ isRecording: false, looks: looks('live'), called: { title: 'a run' }, lastWindow: undefined },
    ...rest,
    watch: { rules, mode: 'record', pausedAt: null, createdAt: at(0), ...watch },
  };
  return whySentence({ id: 'w3', timeZone: 'UTC', language: 'en' }, whyNotRecording(order, now), now);
}

test('the first reason that would have to go away is told', () => {
  const stopped = { closedAt: at(30), closeReason: 'stopped' };
  expect(ask({})).toBe('live; the recording begins');
  expect(ask({ isRecording: true })).toBeUndefined();
  expect(ask({ watch: { pausedAt: at(1), rules: outside } })).toBe('paused; /resume w3 goes on');
  expect(ask({ watch: { rules: outside }, looks: looks('offline') })).toBe(
    'outside its times until Mon 30 Nov 00:00 UTC',
  );
  for (const state of ['offline', 'ended', 'scheduled', 'unknown'])
    expect(ask({ looks: looks(state) })).toBeUndefined();
  expect(ask({ looks: [] })).toBeUndefined();
  expect(ask({ lastWindow: stopped, called: { title: 'a talk' } })).toContain('stopped by hand');
  expect(ask({ called: { title: 'a talk' } })).toBe('filtered: its title "a talk" does not hold run');
  expect(ask({ called: {} })).toContain('tells no title yet, and run is asked for');
  expect(ask({ watch: { mode: 'notify' } })).toBe('live; I only tell of it');
});

test('what was stopped by hand counts until it was offline, or the order was given anew', () => {
  const lastWindow = { closedAt: at(38), closeReason: 'stopped' };
  expect(ask({ lastWindow, looks: looks('live', 'offline') })).toBe('live; the recording begins');
  expect(ask({ lastWindow, looks: looks('live', 'unknown') })).toContain('stopped by hand');
  expect(ask({ lastWindow, watch: { createdAt: at(39) } })).toBe('live; the recording begins');
  expect(ask({ lastWindow: { ...lastWindow, closeReason: 'source_ended' } })).toBe('live; the recording begins');
});
