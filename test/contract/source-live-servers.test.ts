import { expect, onTestFinished, test } from 'vitest';
import type { SourceInput } from '../../src/core/ports.ts';
import { run } from '../../src/lib/run.ts';
import { createFfmpegSource, ffmpegSource } from '../../src/sources/ffmpeg/source.ts';
import { makeClip } from '../support/clip.ts';
import { startRtmpServer, startSrtServer } from '../support/media-servers.ts';
import { startRtspServer } from '../support/rtsp-server.ts';
import { waitFor } from '../support/wait.ts';
import { expectTrue, frameSum, type Reading, read, resumeAfter } from './source.ts';

const inputOf = (url: string, protocol: SourceInput['protocol']): SourceInput => ({
  url,
  headers: {},
  protocol,
  quality: 'best',
});

/** It breaks off as a lost stream, and every Segment is what it says. */
async function expectLost(reading: Reading): Promise<void> {
  await expect(reading.done).rejects.toMatchObject({ name: 'TemporaryError' });
  expect(reading.items[0]).toMatchObject({ kind: 'take', codecs: { container: 'ts', video: 'h264', audio: 'aac' } });
  expect(reading.segments[0]).toMatchObject({ startsRun: true, isIndependent: true });
  expect(reading.segments.slice(1).every(({ startsRun }) => !startsRun)).toBe(true);
  await expectTrue(reading.segments);
}

test('RTMP by nginx: every frame; the key stands in no process list; a broadcast that begins again is a new Take', async () => {
  const clip = await makeClip('flv', 6);
  const server = await startRtmpServer();
  onTestFinished(server.close);
  // nginx goes on silently when the broadcaster leaves, for whoever was there before it came.
  const patient = createFfmpegSource({ stallMs: 12_000 });
  const reading = await read(patient, inputOf(server.url, 'rtmp'));
  // Whoever comes after the first picture begins with the next one that stands alone, a second later.
  await server.hasReaders(1);
  const first = server.publish(clip.path);
  await reading.hasSegments(1);
  const list = (await run('ps', ['-eo', 'args', '-ww'])).stdout.split('\n');
  expect(list.filter((line) => line.includes('pipe:1') && line.includes('secret'))).toEqual([]);
  await first.ended;
  await expectLost(reading);
  expect(frameSum(reading.segments)).toBe(clip.frames);

  const next = await read(ffmpegSource, inputOf(server.url, 'rtmp'), resumeAfter(reading.segments));
  const second = server.publish((await makeClip('flv', 6, '160x90')).path);
  await next.hasSegments(1);
  expect(next.items.slice(0, 2)).toMatchObject([
    { kind: 'take', joined: false, codecs: { width: 160, height: 90 } },
    { kind: 'gap', cause: 'reconnect' },
  ]);
  next.abort();
  await next.done;
  await second.stop();
});

test('SRT: every frame, though the address would have us listen', async () => {
  const clip = await makeClip('ts', 6);
  const server = await startSrtServer(clip.path);
  onTestFinished(server.close);
  const url = `${server.url}&mode=listener&localport=1`;
  const reading = await waitFor(async () => {
    const tried = await read(ffmpegSource, inputOf(url, 'srt'));
    await Promise.race([tried.hasSegments(1), tried.done]);
    return tried;
  });
  await expectLost(reading);
  expect(frameSum(reading.segments)).toBeGreaterThan(clip.frames - 25);
});

test('RTSP: a camera whose sound no MP4 holds is heard all the same', async () => {
  const clip = await makeClip('camera', 12);
  const server = await startRtspServer();
  onTestFinished(server.close);
  const publisher = server.publish(clip.path, { isLooped: true });
  onTestFinished(publisher.stop);
  const reading = await waitFor(async () => {
    const tried = await read(ffmpegSource, inputOf(server.url, 'rtsp'));
    await Promise.race([tried.hasSegments(1), tried.done]);
    return tried;
  });
  expect(reading.items[0]).toMatchObject({ kind: 'take', codecs: { container: 'ts', video: 'h264', audio: 'aac' } });
  reading.abort();
  await reading.done;
  await expectTrue(reading.segments);
});

test('RTSP: interleaved in one connection', async () => {
  const clip = await makeClip('flv', 8);
  const server = await startRtspServer();
  const publisher = server.publish(clip.path, { isLooped: true });
  const reading = await waitFor(async () => {
    const tried = await read(ffmpegSource, inputOf(server.url, 'rtsp'));
    await Promise.race([tried.hasSegments(1), tried.done]);
    return tried;
  });
  await waitFor(() => frameSum(reading.segments) > 50, { what: 'frames' });
  await publisher.stop();
  await server.close();
  await expectLost(reading);
});
