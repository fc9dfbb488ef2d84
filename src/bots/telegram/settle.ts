import type { Telegram } from './client.ts';

/** So long after its intent a call that names files by id, or a short text, may still come to pass. */
export const settleMs = 20_000;
/** The call is made in this share of it; the rest is for its way. */
const callShare = 0.5;

/** Milliseconds that are left to begin the call of a post, below 0 where it is too late; other calls have all the time. */
export function leftMs({ intentAt, settleMs: own = 0 }: Pick<Telegram, 'intentAt' | 'settleMs'>): number {
  if (!intentAt) return Number.POSITIVE_INFINITY;
  return intentAt.getTime() + (own > 0 ? own : settleMs) * callShare - Date.now();
}
