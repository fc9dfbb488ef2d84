import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isFaststart, probe } from '../../src/media/probe.ts';
import { remuxPart } from '../../src/media/remux.ts';
import { makeThumbnail } from '../../src/media/thumbnail.ts';
import { ffmpeg, makeClip } from './clips.ts';

const programs = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' };
const never = new AbortController().signal;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aircheck-thumbnail-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function makeVideo(name: string, size: string): Promise<string> {
  const path = join(dir, name);
  const source = ['-f', 'lavfi', '-i', `testsrc=size=${size}:rate=10:duration=1`];
  await ffmpeg([...source, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', path]);
  return path;
}

test.each([
  ['1280x720', 320, 180],
  ['360x640', 180, 320],
  ['160x120', 160, 120],
])('a picture of %s becomes a JPEG of %i x %i', async (size, width, height) => {
  const path = await makeVideo(`${size}.mp4`, size);
  const outPath = join(dir, `${size}.jpg`);
  expect(await makeThumbnail({ path, outPath, lengthMs: 1_000, signal: never, programs })).toBe(true);
  const found = await probe(outPath, { ffprobe: 'ffprobe' });
  expect(found).toMatchObject({ width, height, videoCodec: 'mjpeg' });
  expect((await stat(outPath)).size).toBeLessThan(200_000);
  expect((await readFile(outPath)).subarray(0, 2).toString('hex')).toBe('ffd8');
});

test('a Part that is sound alone, or no media at all, goes without', async () => {
  const sound = await makeClip(dir, 'sound.ts', { hasVideo: false });
  const path = join(dir, 'sound.mp4');
  const runs = [{ files: [async () => createReadStream(sound)] }];
  await remuxPart({ runs, outPath: path, signal: never, programs });
  const noise = join(dir, 'noise.mp4');
  await writeFile(noise, 'x'.repeat(10_000));
  for (const input of [path, noise]) {
    const outPath = `${input}.jpg`;
    expect(await makeThumbnail({ path: input, outPath, lengthMs: 2_000, signal: never, programs })).toBe(false);
  }
  expect((await readdir(dir)).filter((name) => name.endsWith('.mp4.jpg'))).toEqual([]);
});

test('an abort ends it', async () => {
  const path = await makeVideo('aborted.mp4', '160x120');
  const abort = new AbortController();
  const making = makeThumbnail({ path, outPath: join(dir, 'a.jpg'), lengthMs: 1_000, signal: abort.signal, programs });
  abort.abort();
  await expect(making).rejects.toThrow();
});

test('an abort before ffmpeg is started ends it as soon as it is', async () => {
  const path = await makeVideo('early.mp4', '160x120');
  const program = join(dir, 'slow-ffmpeg');
  // Says what it can do as ffmpeg does, and would never end with the picture.
  const script = '#!/bin/sh\ncase "$*" in *-formats*|*-encoders*) exec ffmpeg "$@";; esac\nexec sleep 600\n';
  await writeFile(program, script, { mode: 0o755 });
  const abort = new AbortController();
  const making = makeThumbnail({
    path,
    outPath: join(dir, 'early.jpg'),
    lengthMs: 1_000,
    signal: abort.signal,
    programs: { ffmpeg: program, ffprobe: 'ffprobe' },
  });
  const startedAt = performance.now();
  abort.abort();
  await expect(making).rejects.toThrow();
  // Not by its limit of 60 s.
  expect(performance.now() - startedAt).toBeLessThan(30_000);
});

test('a probe tells what a file holds, and an error where it is none', async () => {
  const path = await makeClip(dir, 'clip.ts', { seconds: 2 });
  expect(await probe(path, { ffprobe: 'ffprobe', countPackets: true })).toMatchObject({
    width: 160,
    height: 120,
    frameCount: 50,
    videoCodec: 'h264',
    audioCodec: 'aac',
  });
  await writeFile(join(dir, 'none.mp4'), 'nothing');
  await expect(probe(join(dir, 'none.mp4'), { ffprobe: 'ffprobe' })).rejects.toMatchObject({ code: 'probe_failed' });
});

test('an index at the end is told from one at the beginning', async () => {
  const late = await makeVideo('late.mp4', '160x120');
  const early = join(dir, 'early.mp4');
  await ffmpeg(['-i', late, '-c', 'copy', '-movflags', '+faststart', early]);
  expect([await isFaststart(late), await isFaststart(early)]).toEqual([false, true]);
  expect(await isFaststart(join(dir, 'none.mp4'))).toBe(false);
});
