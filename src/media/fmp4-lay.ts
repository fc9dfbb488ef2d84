import { TemporaryError } from '../core/errors.ts';
import { boxesIn } from './boxes.ts';
import { type Init, readInit } from './fmp4-init.ts';
import { readStretches, type Stretch, samplesOf, writeDecodeTime } from './fragment.ts';
import { type OpenFile, type Run, readAll } from './restamp.ts';

/**
 * Lays Runs of fMP4 end to end as one stream: the initialization section of the first, then each fragment with its
 * decode times moved so that the first Run begins at 0 and each later one where all tracks of the one before had ended.
 * Gaps take no time. One Segment is in memory at a time. All Runs must decode alike (`Init.identity`).
 *
 * @param offsets seconds that each Run is moved by, where that is decided already
 * @throws TemporaryError `corrupt`, `bad_init`
 */
export async function* layFragments(runs: Run[], openInit: OpenFile, offsets?: number[]): AsyncGenerator<Buffer> {
  const init = readInit(await readAll(await openInit()));
  yield init.bytes;
  let endsAt = 0;
  for (const [index, run] of runs.entries()) {
    let offset = offsets?.[index];
    let runEnd = 0;
    for (const open of run.files) {
      const bytes = await readAll(await open());
      const fragments = fragmentsOf(bytes, init);
      const all = fragments.flatMap(({ stretches }) => stretches);
      offset ??= endsAt - Math.min(...all.map(({ decodeTime, track }) => decodeTime / track.timescale));
      if (!Number.isFinite(offset)) throw new TemporaryError('corrupt', { detail: 'a Segment without fragments' });
      runEnd = Math.max(runEnd, ...all.map((stretch) => endOf(bytes, stretch)));
      for (const stretch of all) move(bytes, stretch, offset);
      for (const { from, to } of fragments) yield bytes.subarray(from, to);
    }
    endsAt = runEnd + (offset ?? 0);
  }
}

type Fragment = { from: number; to: number; stretches: Stretch[] };

/** Each `moof` with the `mdat` behind it; boxes that tell about the stream alone are left out. */
function fragmentsOf(bytes: Buffer, init: Init): Fragment[] {
  const fragments: Fragment[] = [];
  for (const box of boxesIn(bytes)) {
    if (box.type === 'moof')
      fragments.push({ from: box.start, to: box.end, stretches: readStretches(bytes, box, init) });
    const last = fragments.at(-1);
    if (box.type === 'mdat' && last) last.to = box.end;
  }
  return fragments;
}

/** When a stretch ends by its decode times, in seconds of the source's clock. */
function endOf(bytes: Buffer, stretch: Stretch): number {
  let ticks = stretch.decodeTime;
  for (const { duration } of samplesOf(bytes, stretch)) ticks += duration;
  return ticks / stretch.track.timescale;
}

function move(bytes: Buffer, { track, decodeTime, timeBox }: Stretch, offsetSeconds: number): void {
  const ticks = decodeTime + Math.round(offsetSeconds * track.timescale);
  // The tracks of a Run need not begin at the very same time; what lies before the first is rounding.
  writeDecodeTime(bytes, timeBox, Math.max(0, ticks));
}
