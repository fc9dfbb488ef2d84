import { RE2JS } from 're2js';
import { UserError } from './errors.ts';

/** What a title or a category is compared with. */
export type Pattern = {
  /** As it was typed: words, or `/…/`. */
  text: string;
  test(name: string): boolean;
};

/** Longer ones are no filter that a person could read again. */
export const mostPatternChars = 200;

/**
 * Reads a filter: words are looked for as they stand, anywhere, large and small letters alike; `/…/` is a regular
 * expression in RE2's syntax, which takes time in proportion to the text whatever is typed. It does not tell large from
 * small letters either, unless it begins with `(?-i)`.
 *
 * Source of the syntax: https://github.com/google/re2/wiki/Syntax
 *
 * @throws UserError `pattern_too_long`, `bad_pattern`
 */
export function readPattern(name: string, typed: string): Pattern {
  const text = typed.trim();
  if (text.length > mostPatternChars)
    throw new UserError('pattern_too_long', { name, count: text.length, most: mostPatternChars });
  if (!text.startsWith('/')) {
    const words = fold(text);
    if (words === '') throw new UserError('bad_pattern', { name, value: typed.slice(0, 60) });
    return { text, test: (title) => fold(title).includes(words) };
  }
  const [, expression] = /^\/(.+)\/i?$/s.exec(text) ?? [];
  const compiled = expression === undefined ? undefined : compile(expression);
  if (!compiled) throw new UserError('bad_pattern', { name, value: text.slice(0, 60) });
  return { text, test: (title) => compiled.matcher(title.normalize('NFC')).find() };
}

/** One spelling of what looks alike: composed letters, small, one space between words. */
const fold = (text: string) => text.normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim();

function compile(expression: string): RE2JS | undefined {
  try {
    return RE2JS.compile(expression.normalize('NFC'), RE2JS.CASE_INSENSITIVE);
  } catch {
    // Not told on: its message speaks of offsets and of Go.
    return undefined;
  }
}

const known = new Map<string, Pattern>();
/** More are read anew each time. */
const mostKnown = 2_000;

/** Whether a title or category is one that a filter of a Watch names. The filter was read before, so it is good. */
export function matches(filter: string, name: string): boolean {
  const pattern = known.get(filter) ?? readPattern('', filter);
  if (known.size < mostKnown) known.set(filter, pattern);
  return pattern.test(name);
}
