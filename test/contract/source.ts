import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { AdPolicy } from '../../src/core/model.ts';
import type { ClosedSegment, ResumePoint, Source, SourceInput, SourceItem } from '../../src/core/ports.ts';
import { createTsScanner } from '../../src/media/ts.ts';
import { programs } from '../support/programs.ts';

/** A stream that a Source can be tried on. */
export type SourceSubject = {
  input: SourceInput;
  /** A protocol the Source does not speak; default `srt`. */
  foreign?: SourceInput['protocol'];
  /** Publishes a few more seconds of media. */
  publish(): void;
  /** The stream says that it ended. */
  end(): void;
  /** Everything is unreachable until the end of the test. */
  lose(): void;
  /** Video frames of all that was published. */
  frames(): Promise<number>;
  close(): Promise<void>;
};

export type Reading = {
  items: SourceItem[];
  segments: ClosedSegment[];
  /** Resolves when the iteration returns, rejects when it throws. */
  done: Promise<void>;
  abort(): void;
  /** Resolves when there are so many Segments. */
  hasSegments(count: number): Promise<void>;
};

const dirs: string[] = [];

/** Reads a Source into lists, in a folder of its own. */
export async function read(
  source: Source,
  input: SourceInput,
  from?: ResumePoint,
  segmentMs = 2_000,
  ads: AdPolicy = 'keep',
): Promise<Reading> {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-source-'));
  dirs.push(dir);
  const stop = new AbortController();
  const items: SourceItem[] = [];
  const segments: ClosedSegment[] = [];
  const go = async () => {
    const options = { dir, segmentMs, signal: stop.signal, allowPrivate: true, programs, ads };
    for await (const item of source.open(input, from, options)) {
      items.push(item);
      if (item.kind === 'segment') segments.push(item.segment);
    }
  };
  const done = go();
  done.catch(() => undefined);
  const hasSegments = (count: number) => until(() => segments.length >= count, `${count} segments`);
  return { items, segments, done, abort: () => stop.abort(), hasSegments };
}

/** Waits for a condition, 120 s at most. */
export async function until(isTrue: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The ResumePoint that rows of these Segments give. */
export function resumeAfter(segments: ClosedSegment[]): ResumePoint {
  const last = segments.at(-1);
  if (!last) throw new Error('no segments');
  const { sourceSequence, sourceCount, playlist, programDateTime, lengthMs } = last;
  return {
    sequence: sourceSequence + sourceCount - 1,
    playlist,
    programDateTime: programDateTime && new Date(programDateTime.getTime() + lengthMs),
    hashes: segments.flatMap(({ hashes }) => hashes).slice(-30),
  };
}

/** Video frames of Segments, as they say themselves. */
export const frameSum = (segments: ClosedSegment[]) => segments.reduce((sum, { frameCount }) => sum + frameCount, 0);

/** Looks into each file: it holds exactly what its Segment says. */
export async function expectTrue(segments: ClosedSegment[]): Promise<void> {
  for (const segment of segments) {
    const bytes = await readFile(segment.path);
    const scanner = createTsScanner();
    scanner.push(bytes);
    const facts = scanner.finish();
    expect(bytes.length).toBe(segment.sizeBytes);
    expect(facts.frameCount).toBe(segment.frameCount);
    expect(facts.beginsWithKeyframe).toBe(segment.isIndependent);
    expect(Math.abs(facts.lengthMs - segment.lengthMs)).toBeLessThan(50);
    expect(segment.hashes).toHaveLength(segment.sourceCount);
    if (segment.sourceCount === 1) expect(segment.hashes).toEqual([createHash('sha256').update(bytes).digest('hex')]);
  }
}

/** What every Source keeps to; `start` gives a fresh stream that is live and has published a few seconds. */
export function sourceContract(source: Source, start: () => Promise<SourceSubject>): void {
  const withSubject = async (use: (subject: SourceSubject) => Promise<void>) => {
    const subject = await start();
    try {
      await use(subject);
    } finally {
      await subject.close();
    }
  };
  afterAll(async () => {
    for (const dir of dirs) await rm(dir, { recursive: true, force: true });
  });

  test.concurrent('can take its input, and no other protocol', () =>
    withSubject(async ({ input, foreign = 'srt' }) => {
      expect(source.priority(input)).toBeGreaterThan(0);
      expect(source.priority({ ...input, protocol: foreign })).toBe(0);
    }));

  test.concurrent('every frame of a stream that ends is in a Segment, and the iteration returns', () =>
    withSubject(async (subject) => {
      const reading = await read(source, subject.input);
      await reading.hasSegments(1);
      subject.publish();
      subject.end();
      await reading.done;
      expect(frameSum(reading.segments)).toBe(await subject.frames());
      await expectTrue(reading.segments);
    }));

  test.concurrent('the first item is a Take, and the first Segment starts a Run with a keyframe', () =>
    withSubject(async (subject) => {
      const reading = await read(source, subject.input);
      await reading.hasSegments(1);
      reading.abort();
      await reading.done;
      expect(reading.items[0]).toMatchObject({ kind: 'take', joined: true, codecs: { video: 'h264', audio: 'aac' } });
      expect(reading.segments[0]).toMatchObject({ startsRun: true, isIndependent: true });
    }));

  test.concurrent('the next owner goes on right after the last Segment: nothing twice, nothing missing', () =>
    withSubject(async (subject) => {
      const first = await read(source, subject.input);
      await first.hasSegments(1);
      first.abort();
      await first.done;
      const second = await read(source, subject.input, resumeAfter(first.segments));
      subject.publish();
      subject.end();
      await second.done;
      const all = [...first.segments, ...second.segments];
      expect(frameSum(all)).toBe(await subject.frames());
      expect(second.items.filter(({ kind }) => kind === 'gap')).toEqual([]);
      const hashes = all.flatMap((segment) => segment.hashes);
      expect(new Set(hashes).size).toBe(hashes.length);
    }));

  test.concurrent('a lost stream throws a TemporaryError after yielding what was held', () =>
    withSubject(async (subject) => {
      const reading = await read(source, subject.input, undefined, 60_000);
      await until(() => reading.items.length > 0, 'the take');
      subject.lose();
      await expect(reading.done).rejects.toMatchObject({ name: 'TemporaryError' });
      expect(frameSum(reading.segments)).toBeGreaterThan(0);
      await stat(reading.segments[0]?.path ?? '');
    }));

  // By itself: it is measured.
  test('an abort yields what is held and returns within two seconds', () =>
    withSubject(async (subject) => {
      const reading = await read(source, subject.input, undefined, 60_000);
      await until(() => reading.items.length > 0, 'the take');
      const abortedAt = performance.now();
      reading.abort();
      await reading.done;
      expect(performance.now() - abortedAt).toBeLessThan(2_000);
      expect(reading.segments).toHaveLength(1);
      await expectTrue(reading.segments);
    }));
}
