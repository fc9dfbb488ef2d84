import { UserError } from '../core/errors.ts';
import type { AdPolicy, Engine } from '../core/model.ts';
import { splitAtTitles } from '../core/parts.ts';
import type { WatchRules } from '../core/rules.ts';
import { parseDays, parseMoment, parseSchedule } from '../core/schedule.ts';
import { resolveMoment } from '../core/week-window.ts';
import type { Args } from './context.ts';

/** Who orders `at=` a time without `for=` is waited for so long from then on. */
const waitMs = 6 * 3_600_000;

/**
 * The rules of a Watch that options order. `timeZone` is the chat's.
 *
 * @throws UserError `every_needs_at`, `at_needs_no_date`, `at_is_past`
 */
export function rulesOf(args: Args, timeZone: string, now: Date): WatchRules {
  const rules: WatchRules = timesOf(args, timeZone, now);
  if (typeof args.split === 'number') rules.splitMs = args.split;
  if (args.split === 'title') rules.splitMs = splitAtTitles;
  if (typeof args.keep === 'number') rules.keepMs = args.keep;
  if (args.ads !== undefined) rules.ads = args.ads as AdPolicy;
  if (args.engine !== undefined) rules.engine = args.engine as Engine;
  if (args.title !== undefined) rules.title = String(args.title);
  if (args['not-title'] !== undefined) rules.notTitle = String(args['not-title']);
  if (args.category !== undefined) rules.category = String(args.category);
  if (args['not-category'] !== undefined) rules.notCategory = String(args['not-category']);
  if (args.waiting !== undefined) rules.waiting = args.waiting === 'on';
  if (args.auto !== undefined) rules.auto = String(args.auto);
  return rules;
}

function timesOf(args: Args, timeZone: string, now: Date): WatchRules {
  const schedule = args.schedule === undefined ? undefined : parseSchedule(String(args.schedule));
  if (schedule) return { schedule, timeZone };
  const at = args.at === undefined ? undefined : parseMoment(String(args.at));
  const days = args.every === undefined ? undefined : parseDays(String(args.every));
  if (days && !at) throw new UserError('every_needs_at');
  const lengthMs = typeof args.for === 'number' ? args.for : undefined;
  if (!at) return lengthMs === undefined ? {} : { maxLengthMs: lengthMs };
  const open = { ...(lengthMs === undefined ? { isOpenEnded: true } : {}), tellsMissed: true };
  if (days) {
    if (at.date) throw new UserError('at_needs_no_date');
    return { schedule: [{ days, fromMinute: at.minute, lengthMs: lengthMs ?? waitMs }], timeZone, ...open };
  }
  const from = resolveMoment(at, timeZone, now);
  const to = new Date(from.getTime() + (lengthMs ?? waitMs));
  if (to <= now) throw new UserError('at_is_past', { at: String(args.at) });
  return { at: { from: from.toISOString(), to: to.toISOString() }, ...open };
}
