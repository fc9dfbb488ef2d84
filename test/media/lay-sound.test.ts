import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scanFmp4 } from '../../src/media/fmp4.ts';
import { readInit } from '../../src/media/fmp4-init.ts';
import { type Material, remuxPart } from '../../src/media/remux.ts';
import { readFmp4Sound, readTsSound } from '../../src/media/sound-frames.ts';
import { openMp4 } from '../../src/media/whole.ts';
import { ffmpeg, makeClip, packetTimes } from './clips.ts';
import { type Fragments, makeFragments } from './fmp4-clips.ts';

const programs = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' };
const { signal } = new AbortController();
let dir: string;
let pictures: Fragments;
let sound: Fragments;
/** The same second and third second of sound and pictures as MPEG-TS, whose clocks begin at 10 s. */
let tsPictures: string;
let tsSound: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aircheck-sound-'));
  pictures = await makeFragments(dir, { name: 'pictures', seconds: 5, audio: [] });
  sound = await makeFragments(dir, { name: 'sound', seconds: 5, video: [] });
  tsPictures = await makeClip(dir, 'pictures.ts', { seconds: 3, hasAudio: false, offsetSeconds: 10 });
  tsSound = await makeClip(dir, 'sound.ts', { seconds: 5, hasVideo: false, offsetSeconds: 9 });
}, 60_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

const bytesOf = (bytes: Buffer | undefined) => async () => Readable.from([Buffer.from(bytes ?? [])]);
const fileOf = (path: string) => async () => createReadStream(path);

async function make(name: string, material: Material) {
  const outPath = join(dir, name);
  const made = await remuxPart({ ...material, outPath, signal, programs });
  return { made, seen: await packetTimes(outPath, 'v:0'), heard: await packetTimes(outPath, 'a:0') };
}

/** Each sound is a frame of AAC behind the one before, but where `holes` are. */
function expectSteps(heard: number[], rate: number, holes = 0): void {
  const steps = heard.slice(1).map((time, index) => time - (heard[index] ?? 0));
  expect(Math.min(...steps)).toBeGreaterThan((1024 / rate) * 0.5);
  expect(steps.filter((step) => step > (1024 / rate) * 1.6)).toHaveLength(holes);
}

describe('frames of sound', () => {
  test('fMP4 tells each frame, where it is heard and how long it lasts', () => {
    const init = readInit(sound.init);
    const frames = sound.segments.flatMap((bytes) => readFmp4Sound(bytes, init));
    // One more is there to start the decoder.
    expect(Math.abs(frames.length - (5 * 48_000) / 1024)).toBeLessThan(3);
    for (const [index, frame] of frames.slice(1).entries())
      expect(Math.abs(frame.at - (frames[index]?.at ?? 0) - 1920)).toBeLessThan(2);
  });

  test('MPEG-TS tells the same, its frames without their headers', async () => {
    const { frames, config } = readTsSound(await readFile(tsSound));
    expect(config).toMatchObject({ sampleRate: 44_100, channels: 1 });
    expect(Math.abs(frames.length - (5 * 44_100) / 1024)).toBeLessThan(3);
    const ticks = (1024 * 90_000) / 44_100;
    for (const [index, frame] of frames.slice(1).entries())
      expect(Math.abs(frame.at - (frames[index]?.at ?? 0) - ticks)).toBeLessThan(ticks / 4);
  });
});

describe('sound that lies apart', () => {
  test('Runs with a hole between them lie end to end, sound with the pictures, from what lies next to them', async () => {
    const [, b, c, d, e] = pictures.segments;
    const all = sound.segments.map(bytesOf);
    const { made, seen, heard } = await make('runs.mp4', {
      runs: [{ files: [bytesOf(b), bytesOf(c)] }, { files: [bytesOf(e)] }],
      openInit: fileOf(pictures.initPath),
      sound: { runs: [{ files: all }, { files: all }], openInit: fileOf(sound.initPath) },
    });
    expect(d).toBeDefined();
    expect(made.frameCount).toBe(75);
    expect(Math.abs(made.audioOffsetMs)).toBeLessThanOrEqual(40);
    expect(Math.abs((heard.at(-1) ?? 0) - (seen.at(-1) ?? 0))).toBeLessThan(0.04);
    expect(Math.abs(heard.length - (3 * 48_000) / 1024)).toBeLessThan(3);
    expectSteps(heard, 48_000);
  });

  test('a Part that is encoded again keeps both, in step', async () => {
    const { made, seen, heard } = await make('again.mp4', {
      runs: [{ files: pictures.segments.slice(1, 3).map(bytesOf) }],
      openInit: fileOf(pictures.initPath),
      sound: { runs: [{ files: sound.segments.map(bytesOf) }], openInit: fileOf(sound.initPath) },
      bitsPerSecond: 200_000,
    } as Material);
    expect(made.frameCount).toBe(50);
    expect(Math.abs((seen[0] ?? 0) - (heard[0] ?? 0))).toBeLessThan(0.05);
    expect(Math.abs((heard.at(-1) ?? 0) - (seen.at(-1) ?? 0))).toBeLessThan(0.06);
  });

  test('a hole in the sound stays where it is', async () => {
    const { made, seen, heard } = await make('hole.mp4', {
      runs: [{ files: pictures.segments.map(bytesOf) }],
      openInit: fileOf(pictures.initPath),
      sound: {
        runs: [{ files: [0, 1, 3, 4].map((index) => bytesOf(sound.segments[index])) }],
        openInit: fileOf(sound.initPath),
      },
    });
    expect(made.frameCount).toBe(125);
    expectSteps(heard, 48_000, 1);
    const at = heard.findIndex((time, index) => time - (heard[index - 1] ?? time) > 0.5);
    const [behind] = readFmp4Sound(sound.segments[3] ?? Buffer.alloc(0), readInit(sound.init));
    const { videoFirst = 0 } = scanFmp4(pictures.segments[0] ?? Buffer.alloc(0), readInit(pictures.init));
    const wanted = ((behind?.at ?? 0) - videoFirst) / 90_000;
    expect(Math.abs((heard[at] ?? 0) - (seen[0] ?? 0) - wanted)).toBeLessThan(0.01);
  });

  test('pictures and sound of MPEG-TS, and one of each', async () => {
    for (const [name, material] of [
      ['ts.mp4', { runs: [{ files: [fileOf(tsPictures)] }], sound: { runs: [{ files: [fileOf(tsSound)] }] } }],
      [
        'mixed.mp4',
        {
          runs: [{ files: [bytesOf(pictures.segments[0]), bytesOf(pictures.segments[1])] }],
          openInit: fileOf(pictures.initPath),
          sound: { runs: [{ files: [fileOf(await shifted())] }] },
        },
      ],
    ] as const) {
      const { made, seen, heard } = await make(name, material as unknown as Material);
      expect(made.audioCodec).toBe('aac');
      expect(Math.abs(made.audioOffsetMs)).toBeLessThanOrEqual(40);
      expect(Math.abs((heard.at(-1) ?? 0) - (seen.at(-1) ?? 0))).toBeLessThan(0.04);
      expectSteps(heard, 44_100);
    }
  });

  test('the whole as a stream has both', async () => {
    const path = join(dir, 'whole.mp4');
    const stream = await openMp4(
      {
        runs: [{ files: pictures.segments.map(bytesOf) }],
        openInit: fileOf(pictures.initPath),
        sound: { runs: [{ files: sound.segments.map(bytesOf) }], openInit: fileOf(sound.initPath) },
      },
      { ffmpeg: 'ffmpeg', signal },
    );
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece as Buffer);
    await writeFile(path, Buffer.concat(pieces));
    expect((await packetTimes(path, 'v:0')).length).toBe(125);
    expect((await packetTimes(path, 'a:0')).length).toBeGreaterThan(220);
  });

  test('sound of a codec that is not cut into frames goes along whole', async () => {
    const path = join(dir, 'ac3.ts');
    await ffmpeg(['-i', tsSound, '-c:a', 'ac3', '-copyts', '-muxdelay', '0', '-f', 'mpegts', path]);
    const { made } = await make('ac3.mp4', {
      runs: [{ files: [fileOf(tsPictures)] }],
      sound: { runs: [{ files: [fileOf(path)] }], isUncut: true },
    });
    expect(made).toMatchObject({ audioCodec: 'ac3', frameCount: 75 });
  });
});

/** The sound of MPEG-TS on the clock of the fragments, which begins at 0. */
async function shifted(): Promise<string> {
  const path = join(dir, 'shifted.ts');
  await ffmpeg(['-i', tsSound, '-c', 'copy', '-muxdelay', '0', '-muxpreload', '0', '-f', 'mpegts', path]);
  return path;
}
