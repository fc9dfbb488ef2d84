import type { Arg } from './command.ts';
import { parseDuration, parseSize } from './duration.ts';
import type { UserError } from './errors.ts';
import { readPattern } from './filter.ts';
import { readNames } from './names.ts';
import { parseDays, parseMoment, parseSchedule } from './schedule.ts';
import { parseStreamUrl } from './url.ts';

/** Smallest Part limit: below this, what `planParts` keeps in reserve leaves nothing. */
const leastLimitBytes = 100_000;

/**
 * The value of an argument as it is used: durations in ms, sizes in bytes, URLs canonical; the rest as it was typed,
 * once it is known to be good.
 *
 * @throws UserError what `bad` makes of what is wanted; `bad_url`, `bad_pattern`, `pattern_too_long`,
 *   `bad_names`
 */
export function readArgument({ name, type }: Arg, value: string, bad: (wanted: string) => UserError): string | number {
  const need = <T>(found: T | undefined, wanted: string): T => {
    if (found === undefined) throw bad(wanted);
    return found;
  };
  const same = (isGood: boolean) => (isGood ? value : undefined);
  switch (type) {
    case 'url':
      return parseStreamUrl(value).href;
    case 'duration':
      return need(parseDuration(value), '2h, 90m or 1:30:00');
    case 'split':
      return need(value.toLowerCase() === 'title' ? 'title' : parseDuration(value), '30m, or title');
    case 'size':
      return need(atLeast(leastLimitBytes, parseSize(value)), '50MB or 1.9GB');
    case 'number':
      return need(/^[1-9]\d{0,6}$/.test(value) ? Number(value) : undefined, 'a number from 1');
    case 'pattern':
      return readPattern(name, value).text;
    case 'names':
      return readNames(value).text;
    case 'schedule':
      return need(same(parseSchedule(value) !== undefined), 'mon-fri 20:00-23:30, sat 18:00-02:00');
    case 'moment':
      return need(same(parseMoment(value) !== undefined), '20:00 or 2026-12-24T20:00');
    case 'days':
      return need(same(parseDays(value) !== undefined), 'mon,thu or mon-fri');
    case 'ref':
    case 'text':
      return value.slice(0, 2000);
    default:
      return need(
        type.find((choice) => choice === value.toLowerCase()),
        type.join(', '),
      );
  }
}

const atLeast = (least: number, value = 0) => (value >= least ? value : undefined);
