import { formatDuration } from './duration.ts';
import type { Language } from './model.ts';
import { textOf } from './text/text.ts';

/** A stretch that is kept and not posted, and why: a code of `causes` in `core/text`. */
export type Withheld = { atMs: number; lengthMs: number; cause: string };

/** The line of a card about it; undefined where nothing is withheld. */
export function withheldLine(language: Language, withheld: Withheld[]): string | undefined {
  if (withheld.length === 0) return undefined;
  const lengthMs = withheld.reduce((sum, one) => sum + one.lengthMs, 0);
  return textOf(language).card.withheldCount(withheld.length, formatDuration(lengthMs));
}

/** What is withheld, a line each, under a heading; empty where nothing is. */
export function withheldLines(language: Language, withheld: Withheld[] = []): string[] {
  if (withheld.length === 0) return [];
  const { comment: t, causes } = textOf(language);
  const lines = withheld.map(({ atMs, lengthMs, cause }) =>
    t.withheld(formatDuration(atMs), formatDuration(lengthMs), causes[cause] ?? cause),
  );
  return [t.withheldHead, ...lines];
}
