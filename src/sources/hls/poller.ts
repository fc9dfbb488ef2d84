import { setTimeout as delay } from 'node:timers/promises';
import { TemporaryError } from '../../core/errors.ts';
import type { SourceInput } from '../../core/ports.ts';
import { type Asked, type AskOptions, createAsking, isRefused } from './asking.ts';
import { explainAsking } from './bounds.ts';
import type { MediaPlaylist } from './playlist.ts';

/** `takeRefusals` counts the tries of Media Segments that were refused since it was asked last. */
export type PollOptions = AskOptions & { takeRefusals?: () => number };

/** One answer of a live playlist that differs from the one before. */
export type Answer = Asked;

/** A playlist that cannot be had for this long is lost. The window is gone by then; the caller's grace decides. */
const lostAfterMs = 20_000;
const stalledAfterMs = 10_000;
const firstPauseMs = 300;
const longestPauseMs = 3_000;
const shortestReloadMs = 100;
/** Media Segments that are refused so often between two answers have addresses that ran out. */
const refusalsToRenew = 3;

/**
 * The changes of a live playlist, by the reload rules of RFC 8216 §6.3.4: after the target duration, half of it when
 * nothing changed. Returns after the answer that says ENDLIST.
 *
 * @throws TemporaryError `source_lost` (no good answer for 20 s; `media_refused` where it was 401, 403 or 410), `source_stalled` (nothing new for two target
 *   durations and 10 s)
 */
export async function* pollPlaylist(input: SourceInput, options: PollOptions): AsyncGenerator<Answer> {
  const asking = createAsking(input, options);
  let last: Asked | undefined;
  let changedAt = performance.now();
  for (;;) {
    const askedAt = performance.now();
    const asked = await askUntilGood(asking.ask, options.signal);
    const isNew = last === undefined || listedIn(asked.playlist) !== listedIn(last.playlist);
    if (isNew) changedAt = performance.now();
    if (asked.text !== last?.text) yield asked;
    last = asked;
    const { isEnded, targetMs } = asked.playlist;
    if (isEnded) return;
    if (performance.now() - changedAt > 2 * targetMs + stalledAfterMs) throw new TemporaryError('source_stalled');
    if ((options.takeRefusals?.() ?? 0) >= refusalsToRenew && (await asking.renew())) continue;
    const pauseMs = (isNew ? targetMs : targetMs / 2) - (performance.now() - askedAt);
    await delay(Math.max(shortestReloadMs, pauseMs), undefined, { signal: options.signal });
  }
}

/** What makes a playlist a new one: tokens and remarks change by themselves while the stream stands still. */
function listedIn({ segments, isEnded }: MediaPlaylist): string {
  return `${segments[0]?.sequence}-${segments.at(-1)?.sequence}-${isEnded}`;
}

/** Asks until a media playlist answers. */
async function askUntilGood(ask: () => Promise<Asked>, signal: AbortSignal): Promise<Asked> {
  const deadline = performance.now() + lostAfterMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await ask();
    } catch (caught) {
      const error = explainAsking(caught);
      if (signal.aborted || !(error instanceof TemporaryError)) throw error;
      if (performance.now() + pauseMs > deadline)
        throw new TemporaryError(isRefused(error) ? 'media_refused' : 'source_lost', {
          cause: error,
          detail: error.message,
        });
      await delay(pauseMs, undefined, { signal });
    }
  }
}
