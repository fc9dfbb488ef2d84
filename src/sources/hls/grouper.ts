import { randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Codecs } from '../../core/model.ts';
import type { ClosedSegment } from '../../core/ports.ts';
import { unwrap } from '../../media/ts.ts';
import type { FetchedSegment } from './segments.ts';

export type GoodSegment = Extract<FetchedSegment, { isOk: true }>;

/** Collects Media Segments byte for byte into Segment files. */
export type Grouper = {
  /** Appends; closes first where the Media Segment cannot follow, afterwards where the Segment is long enough. */
  add(fetched: GoodSegment, options: { playlist: string; startsRun: boolean }): Promise<ClosedSegment[]>;
  /** Closes what is open, if anything. */
  close(): Promise<ClosedSegment | undefined>;
};

type Open = { file: FileHandle; segment: ClosedSegment };

/** @param dir folder of the spool; @param segmentMs a Segment is closed at the first boundary at or past it. */
export function createGrouper(dir: string, segmentMs: number): Grouper {
  let current: Open | undefined;

  const close = async () => {
    if (!current) return undefined;
    const { file, segment } = current;
    current = undefined;
    await file.close();
    return segment;
  };

  const start = async (fetched: GoodSegment, playlist: string, startsRun: boolean): Promise<Open> => {
    const path = join(dir, `${randomUUID()}.ts`);
    const { segment, facts } = fetched;
    return {
      file: await open(path, 'wx'),
      segment: {
        path,
        track: 0,
        sizeBytes: 0,
        lengthMs: 0,
        isIndependent: facts.beginsWithKeyframe,
        startsRun,
        frameCount: 0,
        sourceSequence: segment.sequence,
        sourceCount: 0,
        playlist,
        hashes: [],
        ...(segment.programDateTime ? { programDateTime: segment.programDateTime } : {}),
      },
    };
  };

  return {
    async add(fetched, { playlist, startsRun }) {
      const closed: ClosedSegment[] = [];
      const follows = current && !startsRun && current.segment.playlist === playlist;
      if (!follows) {
        const before = await close();
        if (before) closed.push(before);
        current = await start(fetched, playlist, startsRun);
      }
      if (!current) return closed;
      await current.file.writev(fetched.chunks);
      const { segment } = current;
      segment.sizeBytes += fetched.sizeBytes;
      segment.lengthMs += lengthOf(fetched);
      segment.frameCount += fetched.facts.frameCount;
      segment.hashes.push(fetched.hash);
      segment.sourceCount = fetched.segment.sequence - segment.sourceSequence + 1;
      if (segment.lengthMs >= segmentMs) {
        const done = await close();
        if (done) closed.push(done);
      }
      return closed;
    },
    close,
  };
}

/** Media time from the bytes; EXTINF where they hold no timestamps. */
function lengthOf({ facts, segment }: GoodSegment): number {
  return facts.lengthMs > 0 ? facts.lengthMs : Math.max(1, segment.lengthMs);
}

/** The codec parameters a Media Segment shows; what it does not show (no SPS inside) is taken from the one before. */
export function codecsOf({ facts }: GoodSegment, before: Codecs | undefined): Codecs {
  const { video, audio, width, height, sampleRate } = facts;
  return {
    container: 'ts',
    ...(video ? { video, width: width ?? before?.width, height: height ?? before?.height } : {}),
    ...(audio ? { audio, sampleRate: sampleRate ?? before?.sampleRate } : {}),
  };
}

/** A jump of timestamps of more than this begins a new Run even where no discontinuity was announced. */
const maxJumpTicks = 90_000;

/** Whether a Media Segment's timestamps go on from those of the one before. */
export function goesOn(before: GoodSegment, next: GoodSegment): boolean {
  if (next.segment.isDiscontinuity) return false;
  const end = before.facts.videoLast ?? before.facts.audioEnd;
  const start = next.facts.videoFirst ?? next.facts.audioFirst;
  if (end === undefined || start === undefined) return true;
  return Math.abs(unwrap(start, end) - end - before.facts.frameTicks) < maxJumpTicks;
}
