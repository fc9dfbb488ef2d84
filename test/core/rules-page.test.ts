import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseCommand } from '../../src/core/command.ts';
import { matches } from '../../src/core/filter.ts';
import { readNames } from '../../src/core/names.ts';
import { parseSchedule } from '../../src/core/schedule.ts';
import { formatWindows } from '../../src/core/schedule-text.ts';

/** `docs/rules.md` promises that each of its commands is one and that its tables hold. */
const page = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');

/** Cells between backticks of the table whose first heading is this. */
function rowsOf(heading: string): string[][] {
  const [table = ''] = page.split(`| ${heading} |`)[1]?.split('\n\n') ?? [];
  return table
    .split('\n')
    .slice(2)
    .map((line) => [...line.matchAll(/`([^`]*)`|\| (yes|no) /g)].map(([, code, word]) => code ?? word ?? ''));
}

test('each command of the page is one', () => {
  const blocks = [...page.matchAll(/```\n([^`]*)```/g)].flatMap(([, block = '']) => block.trim().split('\n'));
  expect(blocks.length).toBeGreaterThan(10);
  for (const line of blocks) expect(parseCommand(line)?.name, line).toMatch(/^(watch|record|timezone)$/);
});

test('its filters hold what it says, and its schedules are shown so', () => {
  const filters = rowsOf('filter');
  expect(filters.length).toBeGreaterThan(5);
  for (const [filter = '', title = '', holds] of filters)
    expect([filter, title, matches(filter, title)]).toEqual([filter, title, holds === 'yes']);
  const names = rowsOf('names');
  expect(names.length).toBeGreaterThan(4);
  for (const [typed = '', name = '', wanted] of names)
    expect([typed, name, readNames(typed).test(name)]).toEqual([typed, name, wanted === 'yes']);
  const schedules = rowsOf('typed');
  expect(schedules.length).toBeGreaterThan(4);
  for (const [typed = '', shown] of schedules) expect(formatWindows(parseSchedule(typed) ?? [], 'en')).toBe(shown);
});
