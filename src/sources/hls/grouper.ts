import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClosedSegment } from '../../core/ports.ts';
import { unwrap } from '../../media/ts.ts';
import type { GoodSegment } from './segments.ts';

/** Collects Media Segments byte for byte into Segment files. */
export type Grouper = {
  /** Appends; closes first where the Media Segment cannot follow, afterwards where the Segment is long enough. */
  add(fetched: GoodSegment, options: { playlist: string; startsRun: boolean }): Promise<ClosedSegment[]>;
  /** Closes what is open, if anything. */
  close(): Promise<ClosedSegment | undefined>;
};

type Open = { file: FileHandle; segment: ClosedSegment; first: GoodSegment };

/** @param dir folder of the spool; @param segmentMs a Segment is closed at the first boundary at or past it. */
export function createGrouper(dir: string, segmentMs: number): Grouper {
  let current: Open | undefined;

  const close = async () => {
    if (!current) return undefined;
    const { file, segment } = current;
    current = undefined;
    await file.close();
    if (segment.sourceCount > 0) return segment;
    await rm(segment.path, { force: true });
    return undefined;
  };

  return {
    async add(fetched, { playlist, startsRun }) {
      const closed: ClosedSegment[] = [];
      const follows = current !== undefined && !startsRun && current.segment.playlist === playlist;
      if (!follows) {
        const before = await close();
        if (before) closed.push(before);
      }
      current ??= await begin(dir, fetched, playlist, startsRun);
      await append(current, fetched);
      if (current.segment.lengthMs < segmentMs) return closed;
      const done = await close();
      if (done) closed.push(done);
      return closed;
    },
    close,
  };
}

async function begin(dir: string, first: GoodSegment, playlist: string, startsRun: boolean): Promise<Open> {
  const path = join(dir, `${randomUUID()}.${first.init ? 'm4s' : 'ts'}`);
  const segment: ClosedSegment = {
    path,
    track: 0,
    sizeBytes: 0,
    lengthMs: 0,
    isIndependent: first.facts.beginsWithKeyframe,
    startsRun,
    frameCount: 0,
    sourceSequence: first.segment.sequence,
    sourceCount: 0,
    playlist,
    hashes: [],
    programDateTime: first.segment.programDateTime,
  };
  return { file: await open(path, 'wx'), segment, first };
}

async function append(into: Open, fetched: GoodSegment): Promise<void> {
  const { file, segment, first } = into;
  await write(file, fetched, segment.sizeBytes);
  const { facts } = fetched;
  segment.sizeBytes += fetched.sizeBytes;
  segment.frameCount += facts.frameCount;
  segment.hashes.push(fetched.hash);
  segment.sourceCount = fetched.segment.sequence - segment.sourceSequence + 1;
  const start = startTicks(first);
  const end = endTicks(fetched);
  // From the first timestamp to the last end, so that no rounding adds up; EXTINF where there are no timestamps.
  if (start === undefined || end === undefined) segment.lengthMs += Math.max(1, fetched.segment.durationMs);
  else segment.lengthMs = Math.max(1, (unwrap(end, start) - start) / 90);
}

/** All or nothing: a disk that fills up in the middle must not leave half a Media Segment behind. */
async function write(file: FileHandle, { chunks, sizeBytes }: GoodSegment, before: number): Promise<void> {
  try {
    const { bytesWritten } = await file.writev(chunks);
    if (bytesWritten < sizeBytes) await file.writeFile(Buffer.concat(chunks).subarray(bytesWritten));
  } catch (error) {
    await file.truncate(before);
    throw error;
  }
}

function startTicks({ facts }: GoodSegment): number | undefined {
  return facts.videoFirst ?? facts.audioFirst;
}

/** Where the next Media Segment is expected to begin, in ticks of 90 kHz. */
function endTicks({ facts }: GoodSegment): number | undefined {
  return facts.videoLast === undefined ? facts.audioEnd : facts.videoLast + facts.frameTicks;
}

/** A jump of timestamps of more than a second begins a new Run even where no discontinuity was announced. */
const maxJumpTicks = 90_000;

/** Whether a Media Segment's timestamps go on from those of the one before. */
export function goesOn(before: GoodSegment, next: GoodSegment): boolean {
  if (next.segment.discontinuity) return false;
  const end = endTicks(before);
  const start = startTicks(next);
  if (end === undefined || start === undefined) return true;
  return Math.abs(unwrap(start, end) - end) < maxJumpTicks;
}
