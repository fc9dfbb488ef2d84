import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readProgram } from '../../src/media/program.ts';
import { layEndToEnd, moveTimestamps } from '../../src/media/restamp.ts';
import { fileName, slug } from '../../src/media/safe-name.ts';
import { createTsScanner, ptsWrap, unwrap } from '../../src/media/ts.ts';
import { makeClip } from './clips.ts';

let dir: string;
let clip: Buffer;
let other: Buffer;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aircheck-restamp-'));
  clip = await readFile(await makeClip(dir, 'a.ts', { seconds: 1 }));
  const muxing = ['-mpegts_start_pid', '0x200', '-mpegts_pmt_start_pid', '0x1100'];
  other = await readFile(await makeClip(dir, 'b.ts', { seconds: 1, offsetSeconds: 77, muxing }));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function scan(bytes: Buffer) {
  const scanner = createTsScanner();
  scanner.push(bytes);
  return scanner.finish();
}
const moved = (bytes: Buffer, ticks: number) => {
  const copy = Buffer.from(bytes);
  moveTimestamps(copy, ticks);
  return copy;
};

describe('moveTimestamps', () => {
  test('moves every timestamp by the same ticks, in 33 bits, and back again to the same bytes', () => {
    const before = scan(clip);
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 34), max: 2 ** 34 }), (ticks) => {
        const there = moved(clip, ticks);
        const after = scan(there);
        for (const track of ['videoFirst', 'audioFirst'] as const) {
          const expected = (before[track] ?? 0) + ticks;
          expect(unwrap(after[track] ?? 0, expected)).toBe(expected);
        }
        expect(after.frameCount).toBe(before.frameCount);
        expect(Math.round(after.lengthMs)).toBe(Math.round(before.lengthMs));
        expect(moved(there, -ticks).equals(clip)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('by nothing, or once around the counter, changes no byte', () => {
    expect(moved(clip, 0).equals(clip)).toBe(true);
    expect(moved(clip, ptsWrap).equals(clip)).toBe(true);
  });

  test('steps over bytes that are no packet', () => {
    const stray = Buffer.alloc(100, 1);
    expect(moved(Buffer.concat([stray, clip]), 900).equals(Buffer.concat([stray, moved(clip, 900)]))).toBe(true);
  });
});

describe('layEndToEnd', () => {
  const lay = async (...files: Buffer[]) => {
    const runs = files.map((bytes) => ({ files: [async () => Readable.from([Buffer.from(bytes)])] }));
    const pieces: Buffer[] = [];
    for await (const piece of layEndToEnd(runs)) pieces.push(piece);
    return pieces;
  };

  test('one Run passes through untouched', async () => {
    expect(Buffer.concat(await lay(clip)).equals(clip)).toBe(true);
  });

  test('the next Run begins where the one before ended, under its packet ids', async () => {
    const [first, second] = await lay(clip, other);
    const before = scan(first as Buffer);
    const end = Math.max((before.videoLast ?? 0) + before.frameTicks, before.audioEnd ?? 0);
    const joined = scan(Buffer.concat([first as Buffer, second as Buffer]));
    expect(joined.frameCount).toBe(50);
    const program = readProgram(clip);
    // The second has no tables of its own any more: those of the first go before it.
    const tables = (first as Buffer).subarray(0, 188 * 3);
    const after = scan(Buffer.concat([tables, second as Buffer]));
    const begin = Math.min(after.videoFirst ?? 0, after.audioFirst ?? 0);
    expect(Math.abs(begin - end)).toBeLessThan(1);
    expect(program).not.toEqual(readProgram(other));
  });
});

describe('names', () => {
  test.each([
    ['Hello, World! 2', 'hello-world-2'],
    ['Café déjà', 'cafe-deja'],
    ['Съешь ещё булок', 'sesh-eshche-bulok'],
    ['日本語', 'stream'],
    ['../../etc/passwd', 'etc-passwd'],
    ['', 'stream'],
  ])('%j is %s', (text, expected) => {
    expect(slug(text)).toBe(expected);
  });

  test('a file name is plain whatever the title', () => {
    expect(fileName('Día 1', new Date('2026-11-21T23:59:00Z'), 7)).toBe('dia-1-2026-11-21-p007.mp4');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(99_999), (title, index) => {
        expect(fileName(title, new Date(0), index)).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}\.mp4$/);
        expect(slug(title, 10).length).toBeLessThanOrEqual(10);
      }),
    );
  });
});
