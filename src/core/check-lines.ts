import { formatDuration } from './duration.ts';
import type { Language } from './model.ts';
import { textOf, troubleSentence } from './text/text.ts';

/** Equal looks at a Stream in a row. */
export type LooksInARow = { state: string; reason: string | null; count: number; at: Date; lastAt: Date };

/** Rows are written at least every ten minutes, and a site that does not answer is asked no less often than that. */
const staleAfterMs = 30 * 60_000;
/** What these say is in the state already. */
const plainReasons = new Set(['stream_offline', 'stream_ended']);

/**
 * What looking at a Stream showed lately, newest first, a line each: `not live for 3:12:00 (180 looks)`. A reason and a
 * monitor that stands still are told in sentences of their own.
 */
export function checkLines(language: Language, checks: LooksInARow[], now = new Date()): string[] {
  const t = textOf(language).checks;
  const [last, ...earlier] = checks;
  if (!last) return [t.never];
  const stateOf = ({ state }: LooksInARow) => t.states[state] ?? state;
  const lines = [t.now(stateOf(last), formatDuration(now.getTime() - last.at.getTime()), last.count)];
  if (last.reason !== null && !plainReasons.has(last.reason)) lines.push(troubleSentence(language, last.reason));
  lines.push(...staleLines(language, last, now));
  const lengthOf = ({ at, lastAt }: LooksInARow) => formatDuration(lastAt.getTime() - at.getTime());
  return [...lines, ...earlier.map((check) => t.before(stateOf(check), lengthOf(check), check.count))];
}

/** Tells that nobody looks any more, where that is so. */
export function staleLines(language: Language, { lastAt }: LooksInARow, now: Date): string[] {
  const silentMs = now.getTime() - lastAt.getTime();
  return silentMs > staleAfterMs ? [textOf(language).checks.stale(formatDuration(silentMs))] : [];
}

/** How fast a broadcast was seen and recorded; what is not known is absent. */
export type Detection = { seenAfterMs?: number | undefined; keptAfterMs?: number | undefined };

/** `seen 12 s after it began, first second kept 3 s later`. */
export function detectionLine(language: Language, { seenAfterMs, keptAfterMs }: Detection): string {
  const t = textOf(language).checks;
  const seen = seenAfterMs === undefined ? undefined : t.seenAfter(shortLength(language, seenAfterMs));
  const kept = keptAfterMs === undefined ? t.notKept : t.keptAfter(shortLength(language, keptAfterMs));
  return [seen, kept].filter((part) => part !== undefined).join(', ');
}

function shortLength(language: Language, ms: number): string {
  if (ms >= 100_000) return formatDuration(ms);
  return new Intl.NumberFormat(language, {
    ...{ style: 'unit', unit: 'second', unitDisplay: 'narrow', maximumFractionDigits: ms < 10_000 ? 1 : 0 },
  } as Intl.NumberFormatOptions).format(ms / 1000);
}
