import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isFaststart } from '../../src/media/probe.ts';
import { remuxPart } from '../../src/media/remux.ts';
import type { Run } from '../../src/media/restamp.ts';
import { openMp4 } from '../../src/media/whole.ts';
import { frameHashes, makeClip, packetTimes } from './clips.ts';

const programs = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' };
let dir: string;
/** Timestamps begin at 10 s; go over the 33-bit wrap inside; are under other packet ids; have only sound. */
let plain: string;
let wrapping: string;
let otherIds: string;
let sound: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aircheck-remux-'));
  plain = await makeClip(dir, 'plain.ts', { offsetSeconds: 10, seconds: 3 });
  // 2^33 ticks are 95 443.7 s; the muxer adds 1.4 s.
  wrapping = await makeClip(dir, 'wrapping.ts', { offsetSeconds: 95_441, seconds: 3 });
  const ids = ['-mpegts_start_pid', '0x200', '-mpegts_pmt_start_pid', '0x1100'];
  otherIds = await makeClip(dir, 'other-ids.ts', { offsetSeconds: 500, muxing: ids });
  sound = await makeClip(dir, 'sound.ts', { hasVideo: false });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const whole = (path: string): Run => ({ files: [async () => createReadStream(path)] });

/** A clip as several Segments: cut between packets. */
async function inPieces(path: string, pieces: number): Promise<Run> {
  const bytes = await readFile(path);
  const step = Math.ceil(bytes.length / 188 / pieces) * 188;
  const starts = Array.from({ length: pieces }, (_, index) => index * step);
  return { files: starts.map((at) => async () => Readable.from([Buffer.from(bytes.subarray(at, at + step))])) };
}

async function make(name: string, runs: Run[], signal = new AbortController().signal) {
  const outPath = join(dir, name);
  return { outPath, made: await remuxPart({ runs, outPath, signal, programs }) };
}

async function hashesOf(...paths: string[]): Promise<string[]> {
  const all: string[] = [];
  for (const path of paths) all.push(...(await frameHashes(path)));
  return all;
}

test('one Run in several Segments: every frame once, index first, sound and picture begin together', async () => {
  const { outPath, made } = await make('one.mp4', [await inPieces(plain, 4)]);
  expect(made).toMatchObject({ width: 160, height: 120, frameCount: 75, videoCodec: 'h264', audioCodec: 'aac' });
  expect(Math.abs(made.audioOffsetMs)).toBeLessThanOrEqual(40);
  expect(Math.abs(made.lengthMs - 3_000)).toBeLessThan(120);
  expect(await isFaststart(outPath)).toBe(true);
  expect(made.sizeBytes).toBe((await readFile(outPath)).length);
  // What planning counts in is the bytes of the Segments.
  expect(made.sizeBytes).toBeLessThan((await readFile(plain)).length);
  expect(await frameHashes(outPath)).toEqual(await frameHashes(plain));
});

test('Runs with a jump, over the wrap and under other packet ids lie end to end with every frame once', async () => {
  const runs = [await inPieces(plain, 3), await inPieces(wrapping, 2), whole(otherIds), whole(plain)];
  const { outPath, made } = await make('many.mp4', runs);
  expect(made.frameCount).toBe(75 + 75 + 50 + 75);
  expect(await frameHashes(outPath)).toEqual(await hashesOf(plain, wrapping, otherIds, plain));
  expect(Math.abs(made.audioOffsetMs)).toBeLessThanOrEqual(40);
  expect(Math.abs(made.lengthMs - 11_000)).toBeLessThan(300);
  const video = await packetTimes(outPath, 'v:0');
  const steps = video.slice(1).map((time, index) => time - (video[index] ?? 0));
  // A frame is 40 ms; at a join the sound of the Run before may end up to 2 sound frames after the picture.
  expect(Math.min(...steps)).toBeGreaterThan(0.03);
  expect(Math.max(...steps)).toBeLessThan(0.13);
});

test('sound stays with the picture after a join', async () => {
  const { outPath } = await make('sync.mp4', [whole(plain), whole(otherIds)]);
  const offsetOf = async (path: string, frames: number, sounds: number) =>
    ((await packetTimes(path, 'v:0'))[frames] ?? 0) - ((await packetTimes(path, 'a:0'))[sounds] ?? 0);
  const soundsAfter = (await packetTimes(otherIds, 'a:0')).length;
  const soundsBefore = (await packetTimes(outPath, 'a:0')).length - soundsAfter;
  const [before, after] = [await offsetOf(outPath, 0, 0), await offsetOf(outPath, 75, soundsBefore)];
  expect(Math.abs(before - after)).toBeLessThan(0.03);
});

test('the whole as a stream that is made while it is read has every frame too', async () => {
  const path = join(dir, 'stream.mp4');
  const { signal } = new AbortController();
  const stream = await openMp4({ runs: [await inPieces(plain, 2), whole(otherIds)] }, { ffmpeg: 'ffmpeg', signal });
  await pipeline(stream, createWriteStream(path));
  expect(await frameHashes(path)).toEqual(await hashesOf(plain, otherIds));
});

test('sound alone becomes a Part too', async () => {
  const { made } = await make('sound.mp4', [whole(sound), whole(sound)]);
  expect(made).toMatchObject({ width: 0, frameCount: 0, videoCodec: undefined, audioCodec: 'aac' });
  expect(made.sizeBytes).toBeLessThan(2 * (await readFile(sound)).length);
  expect(Math.abs(made.lengthMs - 4_000)).toBeLessThan(200);
});

test('a Segment that cannot be read is an error, never a shorter Part', async () => {
  const gone = async () => {
    throw new Error('storage gone');
  };
  const runs = [{ files: [...(await inPieces(plain, 2)).files, gone] }];
  await expect(make('gone.mp4', runs)).rejects.toMatchObject({ name: 'TemporaryError', code: 'remux_failed' });
  await expect(access(join(dir, 'gone.mp4'))).rejects.toThrow('ENOENT');
});

test('bytes that are no media are an error and leave nothing behind', async () => {
  const noise = { files: [async () => Readable.from([Buffer.alloc(100_000, 'x')])] };
  await expect(make('noise.mp4', [noise])).rejects.toMatchObject({ code: 'remux_failed' });
  expect((await readdir(dir)).filter((name) => name.startsWith('noise') || name.endsWith('.making'))).toEqual([]);
});

test('an abort ends it, though a read hangs, and leaves nothing behind', async () => {
  const abort = new AbortController();
  const hangs = () => {
    abort.abort();
    return new Promise<never>(() => undefined);
  };
  const runs = [{ files: [...whole(plain).files, hangs] }];
  await expect(make('aborted.mp4', runs, abort.signal)).rejects.toMatchObject({ code: 'remux_failed' });
  expect((await readdir(dir)).filter((name) => name.startsWith('aborted'))).toEqual([]);
});
