import { setTimeout as delay } from 'node:timers/promises';
import { TemporaryError } from '../../core/errors.ts';
import type { SourceInput } from '../../core/ports.ts';
import { fetchText } from '../../lib/net.ts';
import { type MediaPlaylist, parsePlaylist, pickVariant, playlistIdentity } from './playlist.ts';

export type PollOptions = { signal: AbortSignal; allowPrivate: boolean };

/** One answer of a live playlist that differs from the one before. */
export type Answer = { playlist: MediaPlaylist; identity: string };

/** A playlist that cannot be had for this long is lost. The window is gone by then; the caller's grace decides. */
const lostAfterMs = 20_000;
const stalledAfterMs = 10_000;
const requestTimeoutMs = 8_000;
const firstPauseMs = 300;
const longestPauseMs = 3_000;
const shortestReloadMs = 100;

/**
 * The changes of a live playlist, by the reload rules of RFC 8216 §6.3.4: after the target duration, half of it when
 * nothing changed. Returns after the answer that says ENDLIST.
 *
 * @throws TemporaryError `source_lost` (no good answer for 20 s), `source_stalled` (nothing new for two target
 *   durations and 10 s)
 */
export async function* pollPlaylist(input: SourceInput, options: PollOptions): AsyncGenerator<Answer> {
  const asking = createAsking(input, options);
  let lastText = '';
  let lastListed = '';
  let targetMs = 2_000;
  let changedAt = performance.now();
  for (;;) {
    const askedAt = performance.now();
    const { text, playlist, identity } = await askUntilGood(asking, options.signal);
    const listed = listedIn(playlist);
    const isNew = listed !== lastListed;
    if (isNew) changedAt = performance.now();
    if (text !== lastText) yield { playlist, identity };
    lastText = text;
    lastListed = listed;
    targetMs = playlist.targetMs;
    if (playlist.isEnded) return;
    if (performance.now() - changedAt > 2 * targetMs + stalledAfterMs) throw new TemporaryError('source_stalled');
    const pauseMs = (isNew ? targetMs : targetMs / 2) - (performance.now() - askedAt);
    await delay(Math.max(shortestReloadMs, pauseMs), undefined, { signal: options.signal });
  }
}

/** What makes a playlist a new one: tokens and remarks change by themselves while the stream stands still. */
function listedIn({ segments, isEnded }: MediaPlaylist): string {
  return `${segments[0]?.sequence}-${segments.at(-1)?.sequence}-${isEnded}`;
}

type Asked = Answer & { text: string };

/** Asks until a media playlist answers. */
async function askUntilGood(ask: () => Promise<Asked>, signal: AbortSignal): Promise<Asked> {
  const deadline = performance.now() + lostAfterMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await ask();
    } catch (error) {
      if (signal.aborted || !(error instanceof TemporaryError)) throw error;
      if (performance.now() + pauseMs > deadline)
        throw new TemporaryError('source_lost', { cause: error, detail: error.message });
      await delay(pauseMs, undefined, { signal });
    }
  }
}

/** Asks once; a master is resolved to the media playlist of its variant, which is asked from then on. */
function createAsking(input: SourceInput, options: PollOptions): () => Promise<Asked> {
  const { headers, quality } = input;
  let url = input.url;
  let last: Asked | undefined;
  return async () => {
    const answer = await fetchText(url, { ...options, headers, timeoutMs: requestTimeoutMs });
    if (last && answer.text === last.text) return last;
    const parsed = parsePlaylist(answer.text, answer.finalUrl);
    if (parsed.kind === 'media') {
      last = { text: answer.text, playlist: parsed.playlist, identity: playlistIdentity(url) };
      return last;
    }
    const variantUrl = pickVariant(parsed.variants, quality).url;
    const media = await fetchText(variantUrl, { ...options, headers, timeoutMs: requestTimeoutMs });
    const found = parsePlaylist(media.text, media.finalUrl);
    if (found.kind === 'master') throw new TemporaryError('bad_playlist', { detail: 'a master inside a master' });
    url = variantUrl;
    return { text: media.text, playlist: found.playlist, identity: playlistIdentity(url) };
  };
}
