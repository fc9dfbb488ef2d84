import { setTimeout as delay } from 'node:timers/promises';
import { TemporaryError, UserError } from '../../core/errors.ts';
import type { SourceInput } from '../../core/ports.ts';
import { fetchText } from '../../lib/net.ts';
import { chooseVariant, type ParsedPlaylist, parsePlaylist } from './playlist.ts';
import type { PlaylistWindow } from './window.ts';

type MediaAnswer = Extract<ParsedPlaylist, { kind: 'media' }>;
export type PollOptions = { signal: AbortSignal; allowPrivate: boolean };

/** A playlist that cannot be had for this long is lost. The window is gone by then; the caller's grace decides. */
const lostAfterMs = 20_000;
const requestTimeoutMs = 8_000;
const firstPauseMs = 300;
const longestPauseMs = 3_000;

/**
 * The windows of a live playlist, one per change, by the reload rules of RFC 8216 §6.3.4: after the target duration,
 * half of it when nothing changed. Returns after the window that has ended.
 *
 * @throws TemporaryError `source_lost` (no good answer for 20 s), `source_stalled` (nothing new for too long)
 */
export async function* pollPlaylist(input: SourceInput, options: PollOptions): AsyncGenerator<PlaylistWindow> {
  let mediaUrl = input.url;
  let lastSeen = '';
  let changedAt = performance.now();
  while (!options.signal.aborted) {
    const askedAt = performance.now();
    const { answer, url } = await askUntilGood(input, mediaUrl, options);
    mediaUrl = url;
    const { window, targetMs } = answer;
    const seen = `${window.segments[0]?.sequence}-${window.segments.at(-1)?.sequence}-${window.hasEnded}`;
    const isNew = seen !== lastSeen;
    if (isNew) {
      lastSeen = seen;
      changedAt = performance.now();
      yield window;
    }
    if (window.hasEnded) return;
    if (performance.now() - changedAt > 2 * targetMs + 10_000) throw new TemporaryError('source_stalled');
    const spentMs = performance.now() - askedAt;
    await delay(Math.max(100, (isNew ? targetMs : targetMs / 2) - spentMs), undefined, {
      signal: options.signal,
    }).catch(() => undefined);
  }
}

/** Asks until a media playlist answers; a master is resolved to its variant on the way. */
async function askUntilGood(
  input: SourceInput,
  mediaUrl: string,
  options: PollOptions,
): Promise<{ answer: MediaAnswer; url: string }> {
  const deadline = performance.now() + lostAfterMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await ask(input, mediaUrl, options);
    } catch (error) {
      if (options.signal.aborted || !(error instanceof TemporaryError)) throw error;
      if (performance.now() + pauseMs > deadline)
        throw new TemporaryError('source_lost', { cause: error, detail: error.message });
      await delay(pauseMs, undefined, { signal: options.signal });
    }
  }
}

async function ask(
  input: SourceInput,
  url: string,
  options: PollOptions,
): Promise<{ answer: MediaAnswer; url: string }> {
  const { headers, quality } = input;
  const { text, finalUrl } = await fetchText(url, { ...options, headers, timeoutMs: requestTimeoutMs });
  const answer = parsePlaylist(text, finalUrl);
  if (answer.kind === 'media') return { answer, url };
  const variant = chooseVariant(answer.variants, quality);
  if (!variant) throw new UserError('not_a_stream');
  const { text: mediaText, finalUrl: mediaFinalUrl } = await fetchText(variant.url, {
    ...options,
    headers,
    timeoutMs: requestTimeoutMs,
  });
  const media = parsePlaylist(mediaText, mediaFinalUrl);
  if (media.kind === 'master') throw new TemporaryError('playlist_broken', { detail: 'a master inside a master' });
  return { answer: media, url: variant.url };
}
