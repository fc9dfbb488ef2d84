import { type LooksInARow, staleLines } from './check-lines.ts';
import { formatDuration } from './duration.ts';
import type { Language } from './model.ts';
import { textOf, troubleSentence } from './text/text.ts';

/** More streams of one server are not watched for one order: a server gone wild fills no disk. */
export const mostChildren = 100;

/** An order on the streams of a server: the names it asks for, and how many streams are watched for it. */
export type ServerNow = { auto: string; childCount: number; looks: LooksInARow[] };

/** What is told of a server that is watched, a line each: which of its streams are, or why none is. */
export function serverLines(language: Language, { auto, childCount, looks }: ServerNow, now = new Date()): string[] {
  const { server: t, checks } = textOf(language);
  const [last] = looks;
  if (!last) return [checks.never];
  const lengthMs = now.getTime() - last.at.getTime();
  const isSilent = last.state === 'unknown';
  const silent = isSilent ? [t.silent(formatDuration(lengthMs), troubleSentence(language, last.reason ?? ''))] : [];
  const watched = childCount < mostChildren ? t.live(childCount) : t.full(mostChildren);
  const none = isSilent ? [] : [t.none(auto)];
  return [...silent, ...staleLines(language, last, now), ...(childCount > 0 ? [watched] : none)];
}
