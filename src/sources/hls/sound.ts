import { setTimeout as delay } from 'node:timers/promises';
import { TemporaryError, UserError } from '../../core/errors.ts';
import type { AdPolicy } from '../../core/model.ts';
import type { ResumePoint, SourceInput } from '../../core/ports.ts';
import { unwrap } from '../../media/ts.ts';
import { followPlaylist } from './follower.ts';
import { endTicks, startTicks } from './grouper.ts';
import type { PollOptions } from './poller.ts';
import { createPrefetch, type Prefetched } from './prefetch.ts';
import type { FetchedSegment, GoodSegment } from './segments.ts';

/** The sound of a stream that lies in a playlist of its own, kept in step with the pictures. */
export type Sound = {
  /**
   * What is heard before the end of a Media Segment of the pictures and was not taken yet. Waits some seconds for what
   * must be there; what comes later is taken with the next.
   *
   * @throws UserError where it can never be had
   */
  before(pictures: GoodSegment): Promise<Prefetched[]>;
};

export type SoundOptions = { input: SourceInput; options: PollOptions; ads: AdPolicy; onRefused: () => void };

/** Longer than an edge lags, shorter than the window of the pictures is. */
const patienceMs = 8_000;
/** Sound that stays away must not hold up the pictures again and again. */
const latePatienceMs = 100;
const againAfterMs = 2_000;

/** Follows the sound until `options.options.signal`; what is lost is followed again and told as missing. */
export function followSound(options: SoundOptions): Sound {
  const items = followAgain(options);
  let next: Promise<IteratorResult<Prefetched> | undefined> | undefined;
  let isLate = false;
  let broken: unknown;
  const look = () => {
    next ??= items.next().catch((error) => {
      broken = error;
      return undefined;
    });
    return next;
  };
  return {
    async before(pictures) {
      const heard: Prefetched[] = [];
      for (;;) {
        const found = await within(look(), isLate ? latePatienceMs : patienceMs);
        if (broken instanceof UserError) throw broken;
        isLate = found === 'late';
        if (found === 'late' || found === undefined || found.done) return heard;
        if (!isBefore(found.value.fetched, pictures)) return heard;
        heard.push(found.value);
        next = undefined;
      }
    },
  };
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | 'late'> {
  const timer = new AbortController();
  const late = delay(ms, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const);
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

async function* followAgain({ input, options, ads, onRefused }: SoundOptions): AsyncGenerator<Prefetched> {
  let from: ResumePoint | undefined;
  for (;;) {
    const { signal } = options;
    const prefetch = createPrefetch({ ...options, input, isReturn: from !== undefined, onRefused });
    const following = followPlaylist({ input, from, options: { ...options, track: 'sound' }, prefetch, ads });
    try {
      for await (const each of prefetch) {
        from = pointAfter(each) ?? from;
        yield each;
      }
      return;
    } catch (error) {
      if (signal.aborted || !(error instanceof TemporaryError)) throw error;
    }
    await following;
    await delay(againAfterMs, undefined, { signal });
  }
}

function pointAfter({ found, fetched }: Prefetched): ResumePoint | undefined {
  const { sequence, programDateTime, durationMs } = found.segment;
  const endsAt = programDateTime && new Date(programDateTime.getTime() + durationMs);
  const hashes = fetched.isOk ? [fetched.hash] : [];
  return { sequence, playlist: found.playlist, programDateTime: endsAt, hashes };
}

/** Clocks further apart than this are not the same one. */
const sameClockTicks = 30 * 90_000;

/** By the count of discontinuities, then the timestamps, then the playlists' clocks, then the count of Media Segments. */
function isBefore(sound: FetchedSegment, pictures: GoodSegment): boolean {
  const [heard, seen] = [sound.segment, pictures.segment];
  if (heard.discontinuitySequence !== seen.discontinuitySequence)
    return (heard.discontinuitySequence ?? 0) < (seen.discontinuitySequence ?? 0);
  const start = sound.isOk ? startTicks(sound) : undefined;
  const end = endTicks(pictures);
  if (start !== undefined && end !== undefined && Math.abs(unwrap(start, end) - end) < sameClockTicks)
    return unwrap(start, end) < end;
  if (heard.programDateTime && seen.programDateTime)
    return heard.programDateTime.getTime() < seen.programDateTime.getTime() + seen.durationMs;
  return heard.sequence <= seen.sequence;
}
