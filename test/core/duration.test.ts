import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/core/duration.ts';

test.each([
  ['2h', 7_200_000],
  ['1h30m', 5_400_000],
  ['90m', 5_400_000],
  ['45s', 45_000],
  ['1H2M3S', 3_723_000],
  ['1:30:00', 5_400_000],
  ['2:03', 123_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '0', '0s', '0:00', '5', 'm5', '-5m', '1.5h', '1:2:3:4', '1:99', '2 h', 'h'])(
  '%j is no duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

test('whole seconds are read back as they are written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 360_000 }), (seconds) => {
      expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000);
    }),
  );
});

test.each([
  [0, '0:00'],
  [-5, '0:00'],
  [123_000, '2:03'],
  [3_723_000, '1:02:03'],
  [59_999, '1:00'],
])('%d ms are written %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('sizes are read and written in units of 1000', () => {
  expect(parseSize('50MB')).toBe(50_000_000);
  expect(parseSize('1.5 GB')).toBe(1_500_000_000);
  expect(parseSize('20MiB')).toBe(20_971_520);
  expect(parseSize('123')).toBe(123);
  for (const text of ['', 'MB', '5TB', '-1MB', '1e3', '1,5GB']) expect(parseSize(text)).toBeUndefined();
  expect(formatSize(48_230_000)).toBe('48.2 MB');
  expect(formatSize(1_234_000_000)).toBe('1.23 GB');
  expect(formatSize(900)).toBe('1 kB');
});
