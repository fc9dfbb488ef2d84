import { formatDuration } from './duration.ts';
import type { Language, WatchMode } from './model.ts';
import { splitAtTitles } from './parts.ts';
import type { WatchRules } from './rules.ts';
import { formatTimes } from './schedule-text.ts';
import { textOf } from './text/text.ts';

/** An order as it is told; `timeZone` is the chat's, `crossName` what the paired Stream is called. */
export type ToldOrder = { rules: WatchRules; mode: WatchMode; timeZone: string; crossName?: string | undefined };

/** What an order asks for beyond stream and quality, each in some words; empty where that is nothing. */
export function describeRules(order: ToldOrder, language: Language, now = new Date()): string[] {
  const { rules, mode, timeZone, crossName } = order;
  const t = textOf(language).ruleFacts;
  const told = <T>(value: T | undefined, words: (value: T) => string | undefined) =>
    value === undefined ? undefined : words(value);
  const facts = [
    told(rules.auto, t.auto),
    mode === 'notify' ? t.notify : undefined,
    formatTimes(rules, timeZone, language, now),
    told(rules.title, t.title),
    told(rules.notTitle, t.notTitle),
    told(rules.category, t.category),
    told(rules.notCategory, t.notCategory),
    told(rules.maxLengthMs, (ms) => t.length(formatDuration(ms))),
    told(rules.splitMs, (ms) => (ms === splitAtTitles ? t.splitTitle : t.splitMs(formatDuration(ms)))),
    told(rules.keepMs, (ms) => t.keep(formatDays(ms, language))),
    told(rules.ads, (ads) => t.ads[ads]),
    rules.engine,
    rules.waiting ? t.waiting : undefined,
    told(crossName, t.cross),
  ];
  return facts.filter((fact) => fact !== undefined);
}

/** `30 days`; below two of them `36:00:00`. */
function formatDays(ms: number, language: Language): string {
  const days = ms / 86_400_000;
  if (days < 2) return formatDuration(ms);
  const style = { style: 'unit', unit: 'day', unitDisplay: 'long', maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(language, style).format(days);
}
