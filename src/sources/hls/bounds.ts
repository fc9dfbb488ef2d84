import { FatalError, TemporaryError, UserError } from '../../core/errors.ts';
import type { MediaPlaylist, MediaSegment } from './playlist.ts';

/** A master of more entries than this is none: real ones have some dozens, and reading takes the square of them. */
const mostMasterEntries = 500;
const masterEntry = /^#EXT-X-(STREAM-INF|I-FRAME-STREAM-INF|MEDIA|SESSION-DATA|SESSION-KEY):/gm;

/** Refuses a playlist that could not be read in a moment. @throws UserError `playlist_too_long` */
export function assertReadable(text: string): void {
  let entries = 0;
  for (const _ of text.matchAll(masterEntry))
    if (++entries > mostMasterEntries) throw new UserError('playlist_too_long');
}

/** What a failed look at a playlist means: too much of it will not get less, all else may pass. */
export function explainAsking(error: unknown): unknown {
  if (!(error instanceof FatalError)) return error;
  if (error.code === 'body_too_big') return new UserError('playlist_too_long', {}, { cause: error });
  return new TemporaryError(error.code, { cause: error });
}

/** A Media Segment of more than this is none; it sets how long we wait for one. */
const longestSegmentMs = 600_000;
/** Times before and after are none of a live stream, and not all of them can be written down. */
const clockBounds = { first: Date.UTC(2000, 0), last: Date.UTC(2200, 0) };

/** What is believed of a media playlist. @throws TemporaryError `bad_playlist` where its numbers cannot be counted with */
export function boundPlaylist(playlist: MediaPlaylist): MediaPlaylist {
  const segments = playlist.segments.map((segment): MediaSegment => {
    const { sequence, durationMs, programDateTime } = segment;
    if (!Number.isSafeInteger(sequence) || sequence < 0)
      throw new TemporaryError('bad_playlist', { detail: `media sequence ${sequence}` });
    const told = programDateTime?.getTime() ?? Number.NaN;
    const isBelieved = told >= clockBounds.first && told < clockBounds.last;
    return {
      ...segment,
      durationMs: Math.min(longestSegmentMs, Math.max(0, durationMs)),
      programDateTime: isBelieved ? programDateTime : undefined,
    };
  });
  return { ...playlist, segments };
}
