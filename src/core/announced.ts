import { type Chapter, chapterName } from './chapters.ts';
import type { Language } from './model.ts';
import { textOf } from './text/text.ts';

/** What is known of a broadcast that is only announced. */
export type Announced = {
  category?: string | undefined;
  /** When it is to begin, as people of the chat read it, with the zone. */
  begins?: string | undefined;
  /** What it was called before, the last first. */
  before: string[];
};

/** More earlier names than this are not shown. */
const mostBefore = 3;

/** What a broadcast was called before what it is called now, the last first; from its chapters, in order. */
export function calledBefore(chapters: Omit<Chapter, 'atMs'>[]): string[] {
  const names = chapters.map((chapter) => chapterName({ atMs: 0, ...chapter })).filter(Boolean);
  const now = names.at(-1);
  return [...new Set(names.reverse())].filter((name) => name !== now);
}

/** The rows of a card that waits. */
export function announcedRows(
  language: Language,
  { category, begins, before }: Announced,
): [string, string | undefined][] {
  const t = textOf(language).card;
  return [
    [t.category, category],
    [t.begins, begins],
    ...before.slice(0, mostBefore).map((name): [string, string] => [t.before, name]),
  ];
}
