import { expect, test } from 'vitest';
import { chapterName, countTitles, listChapters, listRenames } from '../../src/core/chapters.ts';

const at = (atMs: number, title?: string, category?: string) => ({
  atMs,
  ...(title ? { title } : {}),
  ...(category ? { category } : {}),
});

test('a chapter is called by title and category, as far as they are known', () => {
  expect(chapterName(at(0, 'A', 'B'))).toBe('A · B');
  expect(chapterName(at(0, undefined, 'B'))).toBe('B');
  expect(chapterName({ atMs: 0, title: null, category: null })).toBe('');
});

test('the first begins at 0; equal, unknown, momentary and later ones are none', () => {
  const called = [at(0), at(2_000, 'A'), at(60_000, 'A'), at(90_000, 'B'), at(90_400, 'C'), at(300_000, 'late')];
  expect(listChapters(called, 300_000)).toEqual([at(0, 'A'), at(90_000, 'C')]);
});

test('of what was called so before the window began the last counts', () => {
  expect(listChapters([at(0, 'A'), at(0, 'B'), at(5_000, 'C')], 9_000)).toEqual([at(0, 'B'), at(5_000, 'C')]);
  expect(listChapters([at(0, 'A')], 0)).toEqual([at(0, 'A')]);
});

const moment = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

test('a rename is a new title, not the first one, not a category, not what is not known', () => {
  const called = [null, 'A', 'A', null, 'B', 'A'].map((title, second) => ({ at: moment(second), title }));
  expect(listRenames(called)).toEqual([moment(4), moment(5)]);
  expect(listRenames([])).toEqual([]);
});

test('a Segment has the title that stood when it was kept; one without a keyframe that of the one before', () => {
  const kept = [
    [1, true],
    [3, true],
    [4, false],
    [5, true],
    [6, false],
  ] as const;
  const segments = kept.map(([second, isIndependent]) => ({ keptAt: moment(second), isIndependent }));
  expect(countTitles(segments, [moment(4)])).toEqual([0, 0, 0, 1, 1]);
  expect(countTitles(segments, [moment(2), moment(3)])).toEqual([0, 2, 2, 2, 2]);
});
