import { RE2JS } from 're2js';
import { UserError } from './errors.ts';

/** Which names of a server's streams are wanted. */
export type Names = {
  /** As it was typed, without blanks: `web-*,!web-test`. */
  text: string;
  test(name: string): boolean;
};

/** Longer ones are no list that a person could read again. */
const mostChars = 200;
/** What names are made of, with `*` and `?`. Source: MediaMTX, `IsValidPathName` in internal/conf/path.go. */
const pattern = /^[!-]?[\w.~:/*?][\w.~:/*?-]*$/;

/**
 * Reads the names that `auto=` asks for: patterns between commas, where `*` is any characters (slashes too) and `?` is
 * one; large and small letters differ, as they do for servers. What begins with `!` or `-` is left out; where there is
 * nothing else, all others are wanted. Looking takes time in proportion to the name, whatever is typed.
 *
 * @throws UserError `bad_names`
 */
export function readNames(typed: string): Names {
  const patterns = typed.split(',').map((each) => each.trim());
  if (typed.length > mostChars || !patterns.every((each) => pattern.test(each)))
    throw new UserError('bad_names', { value: typed.slice(0, 60) });
  const isLeftOut = (each: string) => /^[!-]/.test(each);
  const out = patterns.filter(isLeftOut).map((each) => compile(each.slice(1)));
  const wanted = patterns.filter((each) => !isLeftOut(each)).map(compile);
  return {
    text: patterns.join(','),
    test: (name) =>
      (wanted.length === 0 || wanted.some((each) => each.matches(name))) && !out.some((each) => each.matches(name)),
  };
}

const compile = (text: string): RE2JS =>
  RE2JS.compile(text.replaceAll('.', String.raw`\.`).replaceAll('*', '.*').replaceAll('?', '.'));
