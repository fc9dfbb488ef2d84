import { TemporaryError } from '../../core/errors.ts';
import type { ResumePoint, SourceItem, SourceOptions } from '../../core/ports.ts';
import type { MediaFacts } from '../../media/facts.ts';
import { unwrap } from '../../media/ts.ts';
import { assemble } from '../hls/assemble.ts';
import type { Found, Prefetched } from '../hls/prefetch.ts';
import type { Missing } from '../hls/window.ts';
import type { CutContainer } from './cut-args.ts';
import { cutMp4 } from './mp4-units.ts';
import { openPipeline, type Step, tailOf } from './pipeline.ts';
import { cutTs } from './ts-units.ts';
import type { Unit } from './unit.ts';

/** What a Source of programs captures. */
export type ProcessCapture = {
  /** The last one writes the container. */
  steps: Step[];
  container: CutContainer;
  /** Names the stream among those of the Rendition: its address without what may be secret. */
  identity: string;
  /** Length of a file that is the same at each reading; absent: live, what was missed is gone. */
  fileMs?: number | undefined;
  stallMs?: number;
  /** What programs before the steps said, for the reason. */
  complaint?: () => Promise<string>;
};

/** A stream that gives no byte for this long is lost. Players give up after as long. */
export const usualStallMs = 30_000;
/** How much of a file's told length may be missing at its end: containers round. */
const endToleranceMs = 1_000;

/**
 * Runs the steps and yields Takes, Gaps and Segments. A program that exits, even with 0, proves no end: only a file
 * whose whole length was seen returns.
 *
 * @throws TemporaryError `source_lost` with what the programs complained, `source_stalled`; UserError `program_missing`
 */
export async function* captureProcess(
  capture: ProcessCapture,
  from: ResumePoint | undefined,
  options: SourceOptions,
): AsyncGenerator<SourceItem> {
  // Sound comes with the picture in one stream.
  const assembling = { ...options, sound: () => undefined };
  yield* assemble(readUnits(capture, from, options), assembling);
}

async function* readUnits(
  { steps, container, identity, fileMs, stallMs = usualStallMs, complaint }: ProcessCapture,
  from: ResumePoint | undefined,
  { signal }: SourceOptions,
): AsyncGenerator<Prefetched> {
  const pipeline = await openPipeline(steps, { signal, stallMs });
  const join = fileMs === undefined ? joinLive(from, identity) : joinFile(from, identity);
  const seen = measure();
  let index = 0;
  const { chunks } = pipeline;
  const units = container === 'ts' ? cutTs(chunks, { isLive: fileMs === undefined }) : cutMp4(chunks);
  for await (const unit of units) {
    // What was cut off by our own abort is read again by the next owner of a file.
    if (fileMs !== undefined && signal.aborted) return;
    seen.add(unit.facts);
    const found = join(unit, index++);
    if (found) yield { found, fetched: { segment: found.segment, isOk: true, ...unit } };
  }
  const isWhole = fileMs !== undefined && seen.lengthMs() >= fileMs - endToleranceMs;
  if (isWhole || signal.aborted) return;
  const detail = [await complaint?.(), await tailOf(pipeline.ended())].filter(Boolean).join('; ');
  throw new TemporaryError('source_lost', { detail });
}

/** From the first timestamp to the last end, of the longer track: what a container calls its length. */
function measure() {
  let start: number | undefined;
  let end = 0;
  return {
    add({ videoFirst, audioFirst, videoLast, audioEnd, frameTicks }: MediaFacts): void {
      const first = videoFirst ?? audioFirst;
      if (first === undefined) return;
      start ??= first;
      for (const ticks of [videoLast === undefined ? undefined : videoLast + frameTicks, audioEnd])
        if (ticks !== undefined) end = Math.max(end, unwrap(ticks, Math.max(end, start)));
    },
    lengthMs: () => (start === undefined ? 0 : (end - start) / 90),
  };
}

/** @returns undefined for what is kept already */
type Join = (unit: Unit, index: number) => Found | undefined;

/** A live stream shows no past: what lies between is missing, as long as the clock says. */
function joinLive(from: ResumePoint | undefined, playlist: string): Join {
  const first = from ? from.sequence + 1 : 0;
  return (unit, index) => {
    const segment = describe(unit, first + index, unit.arrivedAt);
    if (index > 0) return { segment, playlist };
    return { segment, playlist, opensTake: { joined: from === undefined }, missing: missedSince(from, unit.arrivedAt) };
  };
}

function missedSince(from: ResumePoint | undefined, at: Date): Missing | undefined {
  if (!from) return undefined;
  const lengthMs = from.programDateTime ? Math.max(0, at.getTime() - from.programDateTime.getTime()) : 0;
  return { lengthMs, cause: 'reconnect' };
}

/** A file is cut in the same way each time: what is kept is passed over, if its last Unit is the same. */
function joinFile(from: ResumePoint | undefined, playlist: string): Join {
  const isSame = from?.playlist === playlist;
  const kept = isSame ? from.sequence : -1;
  let isOther = false;
  return (unit, index) => {
    if (index === kept) isOther = from?.hashes.at(-1) !== unit.hash;
    if (index <= kept) return undefined;
    const segment = describe(unit, index);
    if (index > kept + 1) return { segment, playlist };
    const isJoined = from === undefined || (isSame && !isOther);
    const missing: Missing | undefined = isJoined ? undefined : { lengthMs: 0, cause: 'unjoined' };
    return { segment, playlist, opensTake: { joined: isJoined }, missing };
  };
}

/** A Unit in the words of a playlist. */
function describe({ facts }: Unit, sequence: number, programDateTime?: Date): Found['segment'] {
  const when = programDateTime ? { programDateTime } : {};
  return { sequence, url: '', durationMs: Math.round(facts.lengthMs), discontinuity: false, isGap: false, ...when };
}
