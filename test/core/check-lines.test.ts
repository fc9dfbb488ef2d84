import { expect, test } from 'vitest';
import { checkLines, detectionLine } from '../../src/core/check-lines.ts';

const now = new Date('2026-11-21T12:00:00Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

test('the last looks at a stream are told newest first, each with how long it held', () => {
  const rows = [
    { state: 'offline', reason: 'stream_offline', count: 180, at: ago(192), lastAt: ago(1) },
    { state: 'live', reason: null, count: 61, at: ago(252), lastAt: ago(192) },
  ];
  expect(checkLines('en', rows, now)).toEqual([
    'not live for 3:12:00 (180 looks)',
    'before: live for 1:00:00 (61 looks)',
  ]);
  expect(checkLines('ru', rows, now)[0]).toBe('не в эфире уже 3:12:00 (180 проверок)');
});

test('why nothing is known is a sentence, and so is a monitor that stands still', () => {
  const row = { state: 'unknown', reason: 'timeout', count: 1, at: ago(45), lastAt: ago(40) };
  expect(checkLines('en', [row], now)).toEqual([
    'not known whether live for 45:00 (1 look)',
    expect.stringContaining('did not answer in time'),
    expect.stringContaining('40:00'),
  ]);
  expect(checkLines('en', [], now)).toEqual(['Nobody has looked at it yet.']);
});

test('detection is told in seconds; what is not known is left out', () => {
  expect(detectionLine('en', { seenAfterMs: 12_400, keptAfterMs: 3_240 })).toBe(
    'seen 12s after it began, first second kept 3.2s later',
  );
  expect(detectionLine('ru', { seenAfterMs: 240_000 })).toBe(
    'замечен через 4:00 после начала, пока ничего не сохранено',
  );
});
