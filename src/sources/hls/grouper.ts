import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClosedSegment } from '../../core/ports.ts';
import { unwrap } from '../../media/ts.ts';
import type { GoodSegment } from './segments.ts';

/** Collects the Media Segments of one track, byte for byte, into Segment files. */
export type Grouper = {
  /** Whether a Media Segment can stand behind what is open; `startsRun`: its timestamps do not go on. */
  canFollow(at: Place): boolean;
  /** Into the Segment that is open, or a new one. */
  append(fetched: GoodSegment, at: Place): Promise<void>;
  /** The Segment that is open is long enough. */
  isFull(): boolean;
  /** Closes what is open, if anything. */
  close(): Promise<ClosedSegment | undefined>;
};

/** `playlist`: identity of the one it was found in. */
export type Place = { playlist: string; startsRun: boolean };

type Open = { file: FileHandle; segment: ClosedSegment; first: GoodSegment };

/** @param dir folder of the spool; @param segmentMs a Segment is full at the first boundary at or past it. */
export function createGrouper(dir: string, segmentMs: number, track: ClosedSegment['track'] = 0): Grouper {
  let current: Open | undefined;
  return {
    canFollow: ({ playlist, startsRun }) => current?.segment.playlist === playlist && !startsRun,
    async append(fetched, at) {
      current ??= await begin({ dir, track, first: fetched, at });
      await append(current, fetched);
    },
    isFull: () => current !== undefined && current.segment.lengthMs >= segmentMs,
    async close() {
      if (!current) return undefined;
      const { file, segment } = current;
      current = undefined;
      await file.close();
      if (segment.sourceCount > 0) return segment;
      await rm(segment.path, { force: true });
      return undefined;
    },
  };
}

type Beginning = { dir: string; track: ClosedSegment['track']; first: GoodSegment; at: Place };

async function begin({ dir, track, first, at }: Beginning): Promise<Open> {
  const extension = first.init ? 'm4s' : first.facts.isPacked ? 'aac' : 'ts';
  const path = join(dir, `${randomUUID()}.${extension}`);
  const segment: ClosedSegment = {
    path,
    track,
    sizeBytes: 0,
    lengthMs: 0,
    isIndependent: first.facts.beginsWithKeyframe,
    startsRun: at.startsRun,
    frameCount: 0,
    sourceSequence: first.segment.sequence,
    sourceCount: 0,
    playlist: at.playlist,
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

/** Where a Media Segment begins, in ticks of 90 kHz; undefined where it has no timestamps. */
export function startTicks({ facts }: GoodSegment): number | undefined {
  return facts.videoFirst ?? facts.audioFirst;
}

/** Where the next Media Segment is expected to begin, in ticks of 90 kHz. */
export function endTicks({ facts }: GoodSegment): number | undefined {
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
