import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { TemporaryError, UserError } from '../../src/core/errors.ts';
import { scanFmp4 } from '../../src/media/fmp4.ts';
import { type Init, readInit } from '../../src/media/fmp4-init.ts';
import { layFragments } from '../../src/media/fmp4-lay.ts';
import { maxSamples } from '../../src/media/fragment.ts';
import { readProgram } from '../../src/media/program.ts';
import { layEndToEnd, type OpenFile, type Run } from '../../src/media/restamp.ts';
import { createTsScanner, packetBytes, type TsFacts } from '../../src/media/ts.ts';
import { goesOn } from '../../src/sources/hls/grouper.ts';
import { makeMedia, usualMedia } from '../support/live/media.ts';
import { changes, cuts, fuzzing, inPieces, mutate } from './mutate.ts';

const small = { ...usualMedia, segments: 3, size: '64x36', fps: 10, segmentSeconds: 1 };
let ts: Buffer;
let fragment: Buffer;
let initBytes: Buffer;
let init: Init;

beforeAll(async () => {
  ts = await readFile((await makeMedia(small)).main.files[1] ?? '');
  const { main } = await makeMedia({ ...small, format: 'fmp4' });
  fragment = await readFile(main.files[1] ?? '');
  initBytes = await readFile(main.init ?? '');
  init = readInit(initBytes);
});

const opened =
  (bytes: Buffer): OpenFile =>
  async () =>
    Readable.from([Buffer.from(bytes)]);
const runOf = (...files: Buffer[]): Run => ({ files: files.map(opened) });

function scan(pieces: Buffer[]): TsFacts {
  const scanner = createTsScanner();
  for (const piece of pieces) scanner.push(piece);
  return scanner.finish();
}

/** What it says can be counted with, and is not more than there is. */
function expectBounded(facts: TsFacts, sizeBytes: number): void {
  const numbers = [facts.packetCount, facts.strayBytes, facts.frameCount, facts.frameTicks, facts.lengthMs];
  expect(numbers.every((number) => Number.isFinite(number) && number >= 0)).toBe(true);
  expect(facts.packetCount * packetBytes + facts.strayBytes).toBeLessThanOrEqual(sizeBytes);
  expect(facts.frameCount).toBeLessThanOrEqual(facts.packetCount);
}

/** What it gives; undefined where it says in a foreseen way that the bytes cannot be read. */
function unlessCorrupt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof TemporaryError || error instanceof UserError) return undefined;
    throw error;
  }
}

async function sizeOf(laid: AsyncIterable<Buffer>): Promise<number> {
  let sizeBytes = 0;
  for await (const piece of laid) sizeBytes += piece.length;
  return sizeBytes;
}

describe('media that were spoiled', { timeout: 180_000 }, () => {
  test('MPEG-TS is scanned whatever it holds, and pieces make no difference', () => {
    fc.assert(
      fc.property(changes, cuts, (list, at) => {
        const bytes = mutate(ts, list);
        const facts = scan([bytes]);
        expectBounded(facts, bytes.length);
        expect(scan(inPieces(bytes, at))).toEqual(facts);
      }),
      { ...fuzzing, numRuns: 400 },
    );
  });

  test('bytes that never were MPEG-TS are scanned as well', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4_000 }), fc.boolean(), (noise, isSynced) => {
        const bytes = Buffer.from(noise);
        if (isSynced) for (let at = 0; at < bytes.length; at += packetBytes) bytes[at] = 0x47;
        expectBounded(scan([bytes]), bytes.length);
        readProgram(bytes);
      }),
      { ...fuzzing, numRuns: 1_000 },
    );
  });

  test('spoiled MPEG-TS can be laid end to end, and is not longer for it', async () => {
    await fc.assert(
      fc.asyncProperty(changes, changes, async (one, other) => {
        const [a, b] = [mutate(ts, one), mutate(ts, other)];
        expect(await sizeOf(layEndToEnd([runOf(a, b), runOf(b), runOf(a)]))).toBe(2 * (a.length + b.length));
      }),
      { ...fuzzing, numRuns: 150 },
    );
  });

  test('whatever timestamps say, it is known whether a Media Segment goes on', () => {
    const segment = { sequence: 1, url: 'http://x/', durationMs: 1_000, discontinuity: false, isGap: false };
    fc.assert(
      fc.property(changes, changes, (one, other) => {
        const [before, next] = [mutate(ts, one), mutate(ts, other)].map((bytes) => {
          const held = { chunks: [bytes], sizeBytes: bytes.length, hash: '', facts: scan([bytes]) };
          return { segment, isOk: true as const, ...held };
        });
        if (before && next) expect(typeof goesOn(before, next)).toBe('boolean');
      }),
      { ...fuzzing, numRuns: 200 },
    );
  });

  test('fragments are scanned whatever they hold', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const bytes = mutate(fragment, list);
        const facts = unlessCorrupt(() => scanFmp4(bytes, init));
        for (const number of facts ? [facts.strayBytes, facts.frameCount, facts.lengthMs] : [])
          expect(Number.isFinite(number) && number >= 0).toBe(true);
      }),
      { ...fuzzing, numRuns: 1_500 },
    );
  });

  test('headers of fragments alone are scanned whatever they hold', () => {
    const moofBytes = Math.min(fragment.length, 2_000);
    fc.assert(
      fc.property(changes, (list) => {
        const bytes = Buffer.concat([mutate(fragment.subarray(0, moofBytes), list), fragment.subarray(moofBytes)]);
        expect(unlessCorrupt(() => scanFmp4(bytes, init))?.frameCount ?? 0).toBeLessThanOrEqual(maxSamples);
      }),
      { ...fuzzing, numRuns: 3_000 },
    );
  });

  test('an initialization section is read or refused', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const read = unlessCorrupt(() => readInit(mutate(initBytes, list)));
        if (read) unlessCorrupt(() => scanFmp4(fragment, read));
      }),
      { ...fuzzing, numRuns: 3_000 },
    );
  });

  test('spoiled fragments can be laid end to end or are refused', async () => {
    await fc.assert(
      fc.asyncProperty(changes, changes, async (one, other) => {
        const [a, b] = [mutate(fragment, one), mutate(fragment, other)];
        try {
          const sizeBytes = await sizeOf(layFragments([runOf(a, b), runOf(b)], opened(initBytes)));
          expect(sizeBytes).toBeLessThanOrEqual(initBytes.length + 2 * (a.length + 2 * b.length));
        } catch (error) {
          if (!(error instanceof TemporaryError)) throw error;
        }
      }),
      { ...fuzzing, numRuns: 400 },
    );
  });
});
