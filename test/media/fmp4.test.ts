import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scanFmp4 } from '../../src/media/fmp4.ts';
import { readInit } from '../../src/media/fmp4-init.ts';
import { isFaststart, probe } from '../../src/media/probe.ts';
import { remuxPart } from '../../src/media/remux.ts';
import type { Run } from '../../src/media/restamp.ts';
import { frameHashes, packetTimes } from './clips.ts';
import { type Fragments, makeFragments } from './fmp4-clips.ts';

const programs = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' };
const { signal } = new AbortController();
let dir: string;
let plain: Fragments;
let later: Fragments;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aircheck-fmp4-'));
  plain = await makeFragments(dir, { name: 'plain' });
  later = await makeFragments(dir, { name: 'later', seconds: 2, offsetSeconds: 1000 });
}, 60_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

const runOf = (...segments: Buffer[]): Run => ({
  files: segments.map((each) => async () => Readable.from([Buffer.from(each)])),
});
const partOf = async (name: string, { initPath }: Fragments, runs: Run[]) => {
  const outPath = join(dir, name);
  const openInit = async () => createReadStream(initPath);
  return { outPath, made: await remuxPart({ runs, openInit, outPath, signal, programs }) };
};
const original = async (name: string, { init, segments }: Fragments) => {
  const path = join(dir, name);
  await writeFile(path, Buffer.concat([init, ...segments]));
  return path;
};

describe('facts of fMP4', () => {
  test('an initialization section tells its tracks', () => {
    expect(readInit(plain.init).tracks).toMatchObject([
      { kind: 'video', codec: 'h264', width: 160, height: 90 },
      { kind: 'audio', codec: 'aac', sampleRate: 48_000 },
    ]);
    expect(readInit(later.init).identity).toBe(readInit(plain.init).identity);
  });

  test('each Media Segment has its frames, begins with a keyframe and ends where the next begins', async () => {
    const init = readInit(plain.init);
    const facts = plain.segments.map((bytes) => scanFmp4(bytes, init));
    expect(facts.map(({ frameCount }) => frameCount)).toEqual([25, 25, 25, 25]);
    for (const [index, each] of facts.entries()) {
      expect(each).toMatchObject({ strayBytes: 0, beginsWithKeyframe: true, width: 160 });
      expect(Math.abs(each.lengthMs - 1_000)).toBeLessThan(1);
      const next = facts[index + 1];
      if (!next) continue;
      expect(Math.abs((each.videoLast ?? 0) + each.frameTicks - (next.videoFirst ?? 0))).toBeLessThan(90);
      expect(Math.abs((each.audioEnd ?? 0) - (next.audioFirst ?? 0))).toBeLessThan(90);
    }
    // As ffprobe sees the whole.
    const probed = await probe(await original('whole.mp4', plain), { ffprobe: 'ffprobe', countPackets: true });
    expect(probed.frameCount).toBe(100);
    const offsetMs = ((facts[0]?.audioFirst ?? 0) - (facts[0]?.videoFirst ?? 0)) / 90;
    expect(Math.abs(offsetMs - probed.audioOffsetMs)).toBeLessThan(25);
  });

  test('what was cut off is no whole file', () => {
    const init = readInit(plain.init);
    const bytes = plain.segments[0] as Buffer;
    expect(scanFmp4(bytes.subarray(0, bytes.length - 10), init).strayBytes).toBeGreaterThan(0);
  });

  test('headers that lie are told or thrown as corrupt, quickly', () => {
    const init = readInit(plain.init);
    const bytes = plain.segments[0] as Buffer;
    const moofBytes = bytes.readUInt32BE(bytes.indexOf('moof', 0, 'latin1') - 4);
    const change = fc.record({ at: fc.nat(moofBytes + 100), value: fc.integer({ min: 0, max: 255 }) });
    const changes = fc.array(change, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(changes, (all) => {
        const mutated = Buffer.from(bytes);
        for (const { at, value } of all) mutated[at] = value;
        try {
          const facts = scanFmp4(mutated, init);
          expect(facts.frameCount).toBeLessThan(200_000);
        } catch (error) {
          expect(error).toMatchObject({ code: 'corrupt' });
        }
      }),
      { numRuns: 400, seed: 4 },
    );
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(plain.init.length - 1), value: fc.nat(255) }), { minLength: 1, maxLength: 8 }),
        (all) => {
          const mutated = Buffer.from(plain.init);
          for (const { at, value } of all) mutated[at] = value;
          try {
            readInit(mutated);
          } catch (error) {
            expect(['bad_init', 'hls_drm']).toContain((error as { code: string }).code);
          }
        },
      ),
      { numRuns: 400, seed: 5 },
    );
  });
});

describe('Parts of fMP4', () => {
  test('one Run: every frame once, index first, sound and picture begin together', async () => {
    const { outPath, made } = await partOf('one.mp4', plain, [runOf(...plain.segments)]);
    expect(made).toMatchObject({ frameCount: 100, videoCodec: 'h264', audioCodec: 'aac', width: 160 });
    expect(Math.abs(made.audioOffsetMs)).toBeLessThanOrEqual(40);
    expect(Math.abs(made.lengthMs - 4_000)).toBeLessThan(100);
    expect(await isFaststart(outPath)).toBe(true);
    expect(await frameHashes(outPath)).toEqual(await frameHashes(await original('o1.mp4', plain)));
  });

  test('Runs with a jump of the clock lie end to end, each frame once, sound with the picture', async () => {
    const [, second, third] = plain.segments as [Buffer, Buffer, Buffer];
    const runs = [runOf(second, third), runOf(...later.segments), runOf(second)];
    const { outPath, made } = await partOf('many.mp4', plain, runs);
    expect(made.frameCount).toBe(50 + 50 + 25);
    expect(Math.abs(made.lengthMs - 5_000)).toBeLessThan(200);
    const video = await packetTimes(outPath, 'v:0');
    const steps = video.slice(1).map((time, index) => time - (video[index] ?? 0));
    expect(Math.min(...steps)).toBeGreaterThan(0.03);
    expect(Math.max(...steps)).toBeLessThan(0.13);
    const heard = async (path: string) => (await packetTimes(path, 'a:0')).length;
    const before = await heard(await original('before.mp4', { ...plain, segments: [second, third] }));
    const there = await original('later.mp4', later);
    const offsetOf = async (path: string, frames: number, sounds: number) =>
      ((await packetTimes(path, 'v:0'))[frames] ?? 0) - ((await packetTimes(path, 'a:0'))[sounds] ?? 0);
    expect(Math.abs((await offsetOf(outPath, 50, before)) - (await offsetOf(there, 0, 0)))).toBeLessThan(0.03);
    // The jump is no jump any more: what came first after it lies right behind.
    expect(Math.abs((video[50] ?? 0) - (video[49] ?? 0) - 0.04)).toBeLessThan(0.09);
  });

  test.each([
    ['hevc', { video: ['libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none', '-tag:v', 'hvc1'] }, 'aac'],
    ['vp9', { video: ['libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'], audio: ['libopus'] }, 'opus'],
    ['av1', { video: ['libsvtav1', '-preset', '12'], audio: ['libopus'] }, 'opus'],
  ] as const)('%s keeps its codec in a Part', async (codec, coding, audio) => {
    const made = await makeFragments(dir, {
      name: codec,
      seconds: 2,
      video: [...coding.video],
      ...('audio' in coding ? { audio: [...coding.audio] } : {}),
    });
    expect(readInit(made.init).tracks.map((track) => track.codec)).toEqual([codec, audio]);
    const part = await partOf(`${codec}.mp4`, made, [runOf(...made.segments)]);
    expect(part.made).toMatchObject({ videoCodec: codec, audioCodec: audio, frameCount: 50 });
    expect(await readFile(part.outPath)).not.toHaveLength(0);
  });

  test('fragments that are cut off in the middle are an error', async () => {
    const half = (plain.segments[0] as Buffer).subarray(0, 100);
    await expect(partOf('half.mp4', plain, [runOf(half)])).rejects.toMatchObject({ code: 'remux_failed' });
  });
});
