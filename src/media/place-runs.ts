import { TemporaryError } from '../core/errors.ts';
import { boxesIn } from './boxes.ts';
import { ticksPerMs } from './facts.ts';
import { scanFmp4 } from './fmp4.ts';
import { type Init, readInit } from './fmp4-init.ts';
import { readStretches, samplesOf } from './fragment.ts';
import { readPackedSound } from './packed-sound.ts';
import { type OpenFile, type Run, readAll } from './restamp.ts';
import { createTsScanner, unwrap } from './ts.ts';

/**
 * Where a Run of pictures is laid: what is shown from `fromTicks` to `toTicks` of the source's clock is shown
 * `offsetTicks` later. In 90 kHz.
 */
export type Placed = { fromTicks: number; toTicks: number; offsetTicks: number };

/** Pictures are decoded some frames before they are shown: room for them. */
const firstTicks = 10_000 * ticksPerMs;

/**
 * Places Runs end to end so that sound that lies apart can be laid beside them. Only the first and the last Segment of
 * each Run are looked at.
 *
 * @throws TemporaryError `corrupt`
 */
export async function placeRuns(runs: Run[], openInit: OpenFile | undefined): Promise<Placed[]> {
  const init = openInit && readInit(await readAll(await openInit()));
  const placed: Placed[] = [];
  let at = firstTicks;
  for (const { files } of runs) {
    const [head, tail] = [files[0], files.at(-1)];
    if (!head || !tail) throw new TemporaryError('corrupt', { detail: 'a Run without Segments' });
    const first = edges(await readAll(await head()), init);
    const last = head === tail ? first : edges(await readAll(await tail()), init);
    const offsetTicks = at - first.begin;
    placed.push({ fromTicks: first.shown, toTicks: unwrap(last.shownEnd, first.shown), offsetTicks });
    at += unwrap(last.end, first.begin) - first.begin;
  }
  return placed;
}

/** Where a Segment begins and ends: as it is laid (by decode time in fMP4), and as it is shown. */
type Edges = { begin: number; end: number; shown: number; shownEnd: number };

function edges(bytes: Buffer, init: Init | undefined): Edges {
  const facts = init ? scanFmp4(bytes, init) : scanTs(bytes);
  const { videoFirst, videoLast, frameTicks } = facts;
  if (videoFirst === undefined || videoLast === undefined)
    throw new TemporaryError('corrupt', { detail: 'no pictures' });
  const shown = { shown: videoFirst, shownEnd: videoLast + frameTicks };
  if (!init) return { begin: shown.shown, end: shown.shownEnd, ...shown };
  return { ...decodeEdges(bytes, init), ...shown };
}

function scanTs(bytes: Buffer) {
  const scanner = createTsScanner();
  scanner.push(bytes);
  return scanner.finish();
}

function decodeEdges(bytes: Buffer, init: Init): { begin: number; end: number } {
  let begin = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const box of boxesIn(bytes)) {
    if (box.type !== 'moof') continue;
    for (const stretch of readStretches(bytes, box, init)) {
      const scale = (ticksPerMs * 1000) / stretch.track.timescale;
      begin = Math.min(begin, stretch.decodeTime * scale);
      for (const { decodeTime, duration } of samplesOf(bytes, stretch))
        end = Math.max(end, (decodeTime + duration) * scale);
    }
  }
  return { begin, end };
}

/** The same for Runs of sound without a container: each is as long as its frames are. */
export async function placeSound(runs: Run[]): Promise<Placed[]> {
  const placed: Placed[] = [];
  let at = firstTicks;
  for (const { files } of runs) {
    let [from, to]: (number | undefined)[] = [];
    for (const open of files) {
      const { frames } = readPackedSound(await readAll(await open()), to);
      const last = frames.at(-1);
      from ??= frames[0]?.at;
      if (last) to = unwrap(last.at + last.ticks, to ?? last.at);
    }
    if (from === undefined || to === undefined) throw new TemporaryError('corrupt', { detail: 'no sound' });
    placed.push({ fromTicks: from, toTicks: to, offsetTicks: at - from });
    at += to - from;
  }
  return placed;
}
