import { formatDuration } from './duration.ts';
import type { Language } from './model.ts';
import { textOf } from './text/text.ts';

/** A stretch that a person left out of the posts; `isUnsure`: it may stand nevertheless. */
type LeftOut = { atMs: number; lengthMs: number; isUnsure: boolean };

/** What was left out, a line each, under a heading; empty where nothing was. */
export function leftOutLines(language: Language, leftOut: LeftOut[] = []): string[] {
  if (leftOut.length === 0) return [];
  const t = textOf(language).comment;
  const lines = leftOut.map(({ atMs, lengthMs, isUnsure }) =>
    (isUnsure ? t.leftOutUnsure : t.leftOut)(formatDuration(atMs), formatDuration(lengthMs)),
  );
  return [t.leftOutHead, ...lines];
}

/** The text of a comment that did not go out yet, telling what is left out by now. */
export function withLeftOut(language: Language, text: string, leftOut: LeftOut[]): string {
  const { leftOutHead } = textOf(language).comment;
  const blocks = text.split('\n\n').filter((block) => !block.startsWith(leftOutHead));
  return [...blocks, leftOutLines(language, leftOut).join('\n')].filter(Boolean).join('\n\n');
}
