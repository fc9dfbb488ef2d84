import { describe, expect, onTestFinished, test } from 'vitest';
import type { SourceInput } from '../../src/core/ports.ts';
import { createFfmpegSource, ffmpegSource } from '../../src/sources/ffmpeg/source.ts';
import { streamlinkSource } from '../../src/sources/streamlink/source.ts';
import { ytdlpSource } from '../../src/sources/ytdlp/source.ts';
import { describeItems, expectRow, expectRows } from '../support/capture-table.ts';
import { makeClip } from '../support/clip.ts';
import { startDashOrigin } from '../support/dash-origin.ts';
import { startFileOrigin } from '../support/file-origin.ts';
import { startLiveOrigin } from '../support/live.ts';
import { startRtmpServer } from '../support/media-servers.ts';
import { partsOf } from '../support/parts-of.ts';
import { frameSum, type Reading, read, resumeAfter } from './source.ts';

/* What a fault costs where a program gets the bytes; docs/capture.md is written of this. */

const inputOf = (url: string, protocol: SourceInput['protocol'] = 'http'): SourceInput => ({
  url,
  headers: {},
  protocol,
  quality: 'best',
});

const endOf = ({ done }: Reading) =>
  done.then(
    () => 'ends with the stream',
    (error) => `\`${error.code}\`: looks again until the grace is over`,
  );

/** The Parts hold what the Segments hold, sound with picture. */
async function expectParts({ items, segments }: Reading, mostApartMs = 40): Promise<void> {
  const parts = await partsOf(items);
  expect(parts.reduce((sum, { frames }) => sum + frames, 0)).toBe(frameSum(segments));
  for (const { beginApartMs, endApartMs } of parts) {
    expect(Math.abs(beginApartMs)).toBeLessThanOrEqual(mostApartMs);
    expect(Math.abs(endApartMs)).toBeLessThanOrEqual(mostApartMs);
  }
}

async function expectAll(source: string, fault: string, reading: Reading, published: number): Promise<void> {
  const ends = await endOf(reading);
  await expectParts(reading);
  const kept = frameSum(reading.segments);
  expectRow(source, { fault, ...describeItems(reading.items, { kept, published }), ends });
}

const files = {
  mp4: 'none, MP4 by HTTP',
  'moov-last': 'none, MP4 with its index last',
  flv: 'none, FLV by HTTP',
  webm: 'none, WebM (VP9, Opus)',
  av1: 'none, Matroska (AV1, Opus)',
} as const;
const broken = {
  off: 'a stream without end breaks off',
  still: 'a stream without end stands still',
  handed: 'a file, and the next owner goes on with it',
  rtmp: 'RTMP by nginx, the broadcaster leaves',
};
const byPrograms = { dash: 'live DASH that ends', page: 'the playlist answers 404 for good' };

describe('faults where ffmpeg gets the bytes', { timeout: 120_000 }, () => {
  for (const [kind, fault] of Object.entries(files))
    test(fault, async () => {
      const clip = await makeClip(kind, 6);
      const origin = await startFileOrigin(clip.bytes);
      onTestFinished(origin.close);
      await expectAll('ffmpeg', fault, await read(ffmpegSource, inputOf(origin.url)), clip.frames);
    });

  test(broken.off, async () => {
    const clip = await makeClip('flv', 6);
    const origin = await startFileOrigin(clip.bytes, { isEndless: true });
    onTestFinished(origin.close);
    await expectAll('ffmpeg', broken.off, await read(ffmpegSource, inputOf(origin.url)), clip.frames);
  });

  test(broken.still, async () => {
    const clip = await makeClip('flv', 6);
    const origin = await startFileOrigin(Buffer.concat([clip.bytes, Buffer.alloc(1)]), {
      isEndless: true,
      released: clip.bytes.length / (clip.bytes.length + 1),
    });
    onTestFinished(origin.close);
    const patient = createFfmpegSource({ stallMs: 5_000 });
    const reading = await read(patient, inputOf(origin.url));
    const ends = await endOf(reading);
    await expectParts(reading);
    // What a program holds back to put frames in order is lost with it.
    const lost = clip.frames - frameSum(reading.segments);
    expect(lost).toBeLessThan(25);
    const { told } = describeItems(reading.items, { kept: 0, published: 0 });
    expectRow('ffmpeg', { fault: broken.still, kept: 'all but less than 1 s, 1 Take', told, ends });
  });

  test(broken.handed, async () => {
    const clip = await makeClip('mp4', 8);
    const origin = await startFileOrigin(clip.bytes, { released: 0.7 });
    onTestFinished(origin.close);
    const first = await read(ffmpegSource, inputOf(origin.url));
    await first.hasSegments(1);
    first.abort();
    await first.done;
    origin.release(1);
    const next = await read(ffmpegSource, inputOf(origin.url), resumeAfter(first.segments));
    const ends = await endOf(next);
    const kept = frameSum([...first.segments, ...next.segments]);
    const items = [...first.items, ...next.items];
    expectRow('ffmpeg', { fault: broken.handed, ...describeItems(items, { kept, published: clip.frames }), ends });
  });

  test(broken.rtmp, async () => {
    const clip = await makeClip('flv', 6);
    const server = await startRtmpServer();
    onTestFinished(server.close);
    const patient = createFfmpegSource({ stallMs: 12_000 });
    const reading = await read(patient, inputOf(server.url, 'rtmp'));
    await server.hasReaders(1);
    await server.publish(clip.path).ended;
    await expectAll('ffmpeg', broken.rtmp, reading, clip.frames);
  });

  test('the table holds no line that no test stands behind', () => {
    expectRows('ffmpeg', [...Object.values(files), ...Object.values(broken)]);
  });
});

describe('faults where streamlink or yt-dlp gets the bytes', { timeout: 120_000 }, () => {
  test(byPrograms.dash, async () => {
    const clip = await makeClip('mp4', 10);
    const origin = await startDashOrigin(clip.path);
    onTestFinished(origin.close);
    const reading = await read(streamlinkSource, inputOf(origin.url, 'dash'));
    const ends = await endOf(reading);
    // DASH has its tracks in fragments of their own, which do not end together.
    await expectParts(reading, 80);
    expect(frameSum(reading.segments)).toBeLessThanOrEqual(clip.frames);
    expect(frameSum(reading.segments)).toBeGreaterThan(clip.frames - 75);
    const { told } = describeItems(reading.items, { kept: 0, published: 0 });
    expectRow('streamlink', { fault: byPrograms.dash, kept: 'all but less than 3 s, 1 Take', told, ends });
    expectRows('streamlink', [byPrograms.dash]);
  });

  test(byPrograms.page, async () => {
    const origin = await startLiveOrigin({ mode: 'manual', segments: 20, window: 6 });
    onTestFinished(origin.close);
    origin.failPlaylist(404);
    const reading = await read(ytdlpSource, { ...inputOf(origin.url, 'hls'), engine: 'yt-dlp' });
    const ends = await endOf(reading);
    const row = describeItems(reading.items, { kept: 0, published: 0 });
    expectRow('yt-dlp', { fault: byPrograms.page, ...row, ends });
    expectRows('yt-dlp', [byPrograms.page]);
  });
});
