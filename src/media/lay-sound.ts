import { TemporaryError } from '../core/errors.ts';
import type { AacConfig } from './adts-header.ts';
import { ticksPerMs } from './facts.ts';
import { type Init, readInit } from './fmp4-init.ts';
import { isPackedSound, readPackedSound } from './packed-sound.ts';
import type { Placed } from './place-runs.ts';
import { type OpenFile, readAll } from './restamp.ts';
import { readFmp4Sound, readTsSound, type SoundFrame } from './sound-frames.ts';
import { unwrap } from './ts.ts';
import { type StoredFrame, writeAacInit, writeFragment } from './write-mp4.ts';

/**
 * The sound of a Run: Segments in order, a little more than the pictures at both ends. `openInit`: of fMP4; absent:
 * AAC in MPEG-TS, or without a container.
 */
export type SoundRun = { files: OpenFile[] };

type Laying = { placed: Placed[]; sounds: SoundRun[]; openInit: OpenFile | undefined };
type Track = { id: number; timescale: number; shift: number };

/**
 * The sound that lies apart as one stream of fMP4, each frame where it is heard beside the pictures as they are laid:
 * every frame that begins while a Run is shown, none from before or after it.
 *
 * @throws TemporaryError `corrupt`
 */
export async function* laySound({ placed, sounds, openInit }: Laying): AsyncGenerator<Buffer> {
  const init = openInit && readInit(await readAll(await openInit()));
  let track = init && trackOf(init);
  if (init) yield init.bytes;
  for (const [index, place] of placed.entries()) {
    let lastAt = Number.NEGATIVE_INFINITY;
    let endsAt = place.fromTicks;
    for (const open of sounds[index]?.files ?? []) {
      const bytes = await readAll(await open());
      const { frames, config } = readSound(bytes, init, endsAt);
      const last = frames.at(-1);
      if (last) endsAt = last.at + last.ticks;
      if (!track && config) {
        track = { id: 1, timescale: config.sampleRate, shift: 0 };
        yield writeAacInit(config);
      }
      const wanted = frames
        .map((frame) => ({ ...frame, at: unwrap(frame.at, place.fromTicks) }))
        .filter((frame) => isWithin(frame, place) && frame.at > lastAt);
      lastAt = wanted.at(-1)?.at ?? lastAt;
      if (track) yield* writeAll(wanted, place, track);
    }
  }
  if (!track) throw new TemporaryError('corrupt', { detail: 'sound without a frame of AAC' });
}

/** @param endsAt when the Segment before ended, in ticks: sound without a container may say nothing of its time */
function readSound(
  bytes: Buffer,
  init: Init | undefined,
  endsAt: number,
): { frames: SoundFrame[]; config?: AacConfig | undefined } {
  if (init) return { frames: readFmp4Sound(bytes, init) };
  return isPackedSound(bytes) ? readPackedSound(bytes, endsAt) : readTsSound(bytes);
}

function trackOf({ tracks }: Init): Track | undefined {
  return tracks.find(({ kind }) => kind === 'audio');
}

function isWithin({ at, ticks }: SoundFrame, { fromTicks, toTicks }: Placed): boolean {
  const middle = at + ticks / 2;
  return middle >= fromTicks && middle < toTicks;
}

/** Frames that follow each other share a fragment; a hole stays one. */
function* writeAll(frames: SoundFrame[], { offsetTicks }: Placed, { id, timescale, shift }: Track): Generator<Buffer> {
  const scale = timescale / (ticksPerMs * 1000);
  let open: { start: number; endsAt: number; stored: StoredFrame[] } | undefined;
  const close = () => (open ? [writeFragment(id, open.start, open.stored)] : []);
  for (const { at, ticks, bytes } of frames) {
    const duration = Math.round(ticks * scale);
    const isNext = open && Math.abs(at - open.endsAt) < ticks / 2;
    if (!open || !isNext) {
      yield* close();
      open = { start: Math.max(0, Math.round((at + offsetTicks) * scale - shift)), endsAt: at, stored: [] };
    }
    open.stored.push({ duration, bytes });
    open.endsAt = at + ticks;
  }
  yield* close();
}
