import { expect, test } from 'vitest';
import { cleanTitle } from '../../src/core/title.ts';

test.each([
  ['A talk 2026-11-21 03:04', 'A talk'],
  ['The clock strikes 2026-12-31 23:59 2026-11-21 03:04', 'The clock strikes 2026-12-31 23:59'],
  ['20:00 news', '20:00 news'],
  ['News of 2026-11-21', 'News of 2026-11-21'],
  ['Новости 20:00 2026-11-21 20:00', 'Новости 20:00'],
  ['(live) from the hall 2026-11-21 03:04', '(live) from the hall'],
])('%s is called %s', (told, title) => {
  expect(cleanTitle(told)).toBe(title);
});
