import { type Box, boxesIn } from './boxes.ts';
import { lengthOf, type MediaFacts, ticksPerMs } from './facts.ts';
import type { Init, InitTrack } from './fmp4-init.ts';
import { readStretches, samplesOf } from './fragment.ts';

/** What fragments hold. `strayBytes`: behind the last whole box, so that more than 0 is a broken file. */
export type Fmp4Facts = MediaFacts & {
  fragmentCount: number;
  strayBytes: number;
};

/** A track's samples so far, in ticks of 90 kHz. */
type Seen = { count: number; first: number; last: number; end: number; ticks: number };

/** A sample that others are needed for to decode it. Source: ISO/IEC 14496-12 §8.8.3.1, sample_is_non_sync_sample. */
const nonSync = 0x10000;

/**
 * Reads fragments (fMP4 without its initialization section): headers alone, no sample is looked into. What the headers
 * claim is checked against the bytes that are there.
 *
 * @throws TemporaryError `corrupt`
 */
export function scanFmp4(bytes: Buffer, init: Init): Fmp4Facts {
  const seen: Partial<Record<InitTrack['kind'], Seen>> = {};
  let beginsWithKeyframe: boolean | undefined;
  let fragmentCount = 0;
  let claimedBytes = 0;
  let mediaBytes = 0;
  let end = 0;
  const note = (moof: Box): void => {
    for (const stretch of readStretches(bytes, moof, init)) {
      const { track } = stretch;
      for (const sample of samplesOf(bytes, stretch)) {
        claimedBytes += sample.sizeBytes;
        if (track.kind === 'video') beginsWithKeyframe ??= (sample.flags & nonSync) === 0;
        seen[track.kind] = add(seen[track.kind], sample, (ticksPerMs * 1000) / track.timescale);
      }
    }
  };
  for (const box of boxesIn(bytes)) {
    end = box.end;
    if (box.type === 'mdat') mediaBytes += box.end - box.body;
    if (box.type !== 'moof') continue;
    fragmentCount++;
    note(box);
  }
  const strayBytes = bytes.length - end + Math.max(0, claimedBytes - mediaBytes);
  return { ...describe(init, seen, beginsWithKeyframe ?? true), fragmentCount, strayBytes };
}

function add(before: Seen | undefined, sample: { showTime: number; duration: number }, scale: number): Seen {
  const at = sample.showTime * scale;
  const ticks = sample.duration * scale;
  if (!before) return { count: 1, first: at, last: at, end: at + ticks, ticks };
  return {
    count: before.count + 1,
    first: Math.min(before.first, at),
    last: Math.max(before.last, at),
    end: Math.max(before.end, at + ticks),
    ticks: before.ticks + ticks,
  };
}

function describe(
  { tracks }: Init,
  { video, audio }: Partial<Record<InitTrack['kind'], Seen>>,
  beginsWithKeyframe: boolean,
): MediaFacts {
  const picture = tracks.find(({ kind }) => kind === 'video');
  const sound = tracks.find(({ kind }) => kind === 'audio');
  const facts = {
    video: picture?.codec,
    width: picture?.width,
    height: picture?.height,
    audio: sound?.codec,
    sampleRate: sound?.sampleRate,
    frameCount: video?.count ?? 0,
    beginsWithKeyframe,
    videoFirst: video?.first,
    videoLast: video?.last,
    audioFirst: audio?.first,
    audioEnd: audio?.end,
    frameTicks: video ? video.ticks / video.count : 0,
  };
  return { ...facts, lengthMs: lengthOf(facts) };
}
