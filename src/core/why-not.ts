import type { LooksInARow } from './check-lines.ts';
import type { Language, WatchMode } from './model.ts';
import { type Called, type Refusal, refusalOf, type WatchRules } from './rules.ts';
import { formatInstant } from './schedule-text.ts';
import { stoppedReasons } from './session.ts';
import { textOf } from './text/text.ts';

/** What is known of an order that is asked why it does not record. */
export type OrderNow = {
  watch: { rules: WatchRules; mode: WatchMode; pausedAt: Date | null; createdAt: Date };
  /** It has an open window. */
  isRecording: boolean;
  /** Its last window, closed or not. */
  lastWindow?: { closedAt: Date | null; closeReason: string | null } | undefined;
  /** The last looks at its Stream, newest first. */
  looks: LooksInARow[];
  /** What the Stream is called, as last seen. */
  called: Called;
};

export type WhyNot =
  | { why: 'recording' | 'paused' | 'stopped' | 'notify' | 'starting' }
  /** The looks themselves say it: offline, announced, not known, not asked yet. */
  | { why: 'notLive' }
  | { why: 'refused'; refusal: Refusal };

/** Why an order records nothing at the moment: the first reason that would have to go away. */
export function whyNotRecording({ watch, isRecording, lastWindow, looks, called }: OrderNow, now: Date): WhyNot {
  if (isRecording) return { why: 'recording' };
  if (watch.pausedAt) return { why: 'paused' };
  const refusal = refusalOf(watch.rules, called, now);
  if (refusal?.code === 'schedule_over') return { why: 'refused', refusal };
  if (looks[0]?.state !== 'live') return { why: 'notLive' };
  if (isStopped(lastWindow, watch.createdAt, looks)) return { why: 'stopped' };
  if (refusal) return { why: 'refused', refusal };
  return { why: watch.mode === 'notify' ? 'notify' : 'starting' };
}

function isStopped(last: OrderNow['lastWindow'], orderedAt: Date, looks: LooksInARow[]): boolean {
  const closedAt = last?.closedAt;
  if (!closedAt || !stoppedReasons.includes(last.closeReason ?? '') || orderedAt > closedAt) return false;
  return !looks.some(({ state, lastAt }) => (state === 'offline' || state === 'ended') && lastAt > closedAt);
}

/** Whose order it is: its id, and the zone that its chat's times are shown in. */
export type Asked = { id: string; timeZone: string; language: Language };

/** The sentence of it; undefined where the looks, or the recording itself, say it already. */
export function whySentence({ id, timeZone, language }: Asked, reason: WhyNot, now = new Date()): string | undefined {
  const t = textOf(language).whyNot;
  if (reason.why === 'notLive' || reason.why === 'recording') return undefined;
  if (reason.why === 'paused') return t.paused(id);
  if (reason.why !== 'refused') return t[reason.why];
  const { refusal } = reason;
  if (refusal.code === 'schedule_over')
    return t.outside(refusal.next ? `${formatInstant(refusal.next, timeZone, language, now)} ${timeZone}` : '');
  const { by, filter, name } = refusal;
  if (name !== undefined) return t[by](name, filter);
  return by === 'category' ? t.noCategory(filter) : t.noTitle(filter);
}
