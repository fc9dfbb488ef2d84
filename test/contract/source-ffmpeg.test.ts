import { describe, expect, test } from 'vitest';
import type { SourceInput } from '../../src/core/ports.ts';
import { createFfmpegSource, ffmpegSource } from '../../src/sources/ffmpeg/source.ts';
import { makeClip } from '../support/clip.ts';
import { startFileOrigin } from '../support/file-origin.ts';
import { expectTrue, frameSum, read, resumeAfter, type SourceSubject, sourceContract, until } from './source.ts';

const inputOf = (url: string, more: Partial<SourceInput> = {}): SourceInput => ({
  url,
  headers: {},
  protocol: 'http',
  quality: 'best',
  ...more,
});

/** A file that a server hands out step by step. */
async function startFile(): Promise<SourceSubject> {
  const clip = await makeClip('mp4');
  const origin = await startFileOrigin(clip.bytes, { released: 0.6 });
  return {
    input: inputOf(origin.url),
    foreign: 'dash',
    publish: () => origin.release(0.8),
    end: () => origin.release(1),
    lose: origin.lose,
    frames: async () => clip.frames,
    close: origin.close,
  };
}

describe('a file by HTTP', () => sourceContract(ffmpegSource, startFile));

describe('files and progressive streams', () => {
  test.each(['flv', 'ts', 'moov-last'] as const)('%s: every frame, to its end', async (kind) => {
    const clip = await makeClip(kind, 4);
    const origin = await startFileOrigin(clip.bytes);
    const reading = await read(ffmpegSource, inputOf(origin.url));
    await reading.done;
    expect(frameSum(reading.segments)).toBe(clip.frames);
    await expectTrue(reading.segments);
    await origin.close();
  });

  test.each([
    ['webm', 'vp9'],
    ['av1', 'av1'],
  ] as const)(
    '%s keeps its codecs in fMP4: every frame, to its end, and the next owner goes on',
    async (kind, video) => {
      const clip = await makeClip(kind, 6);
      const origin = await startFileOrigin(clip.bytes, { released: 0.7 });
      const reading = await read(ffmpegSource, inputOf(origin.url));
      await reading.hasSegments(1);
      reading.abort();
      await reading.done;
      origin.release(1);
      const next = await read(ffmpegSource, inputOf(origin.url), resumeAfter(reading.segments));
      await next.done;
      expect(frameSum([...reading.segments, ...next.segments])).toBe(clip.frames);
      expect(next.items[0]).toMatchObject({ joined: true, codecs: { container: 'fmp4', video, audio: 'opus' } });
      expect(next.segments.every(({ isIndependent }) => isIndependent)).toBe(true);
      await origin.close();
    },
  );

  test('sound alone', async () => {
    const clip = await makeClip('mp3', 30);
    const origin = await startFileOrigin(clip.bytes, { type: 'audio/mpeg' });
    const reading = await read(ffmpegSource, inputOf(origin.url));
    await reading.done;
    const lengthMs = reading.segments.reduce((sum, segment) => sum + segment.lengthMs, 0);
    // Its container does not tell how long the last packets are.
    expect(Math.abs(lengthMs - 30_000)).toBeLessThan(500);
    expect(reading.segments.every(({ isIndependent }) => isIndependent)).toBe(true);
    expect(reading.items[0]).toMatchObject({ codecs: { audio: 'mp3' } });
    await origin.close();
  });

  test('a stream without end that breaks off is lost, not over; the next owner tells what it missed', async () => {
    const clip = await makeClip('flv');
    const origin = await startFileOrigin(clip.bytes, { isEndless: true, type: 'video/x-flv' });
    const reading = await read(ffmpegSource, inputOf(origin.url));
    await expect(reading.done).rejects.toMatchObject({ name: 'TemporaryError', code: 'source_lost' });
    expect(frameSum(reading.segments)).toBe(clip.frames);
    const next = await read(ffmpegSource, inputOf(origin.url), resumeAfter(reading.segments));
    await expect(next.done).rejects.toMatchObject({ code: 'source_lost' });
    expect(next.items.slice(0, 2)).toMatchObject([
      { kind: 'take', joined: false },
      { kind: 'gap', cause: 'reconnect' },
    ]);
    expect(next.segments[0]?.sourceSequence).toBe(resumeAfter(reading.segments).sequence + 1);
    await origin.close();
  });

  test('a stream that stands still is lost when it was silent for long enough', async () => {
    const clip = await makeClip('flv');
    const origin = await startFileOrigin(clip.bytes, { isEndless: true, type: 'video/x-flv', released: 0.7 });
    const reading = await read(createFfmpegSource({ stallMs: 3_000 }), inputOf(origin.url));
    await expect(reading.done).rejects.toMatchObject({ name: 'TemporaryError', code: 'source_stalled' });
    expect(frameSum(reading.segments)).toBeGreaterThan(50);
    await expectTrue(reading.segments);
    await origin.close();
  });

  test('a file that is another one now is not joined', async () => {
    const first = await startFileOrigin((await makeClip('mp4')).bytes, { released: 0.6 });
    const reading = await read(ffmpegSource, inputOf(first.url));
    await reading.hasSegments(1);
    reading.abort();
    await reading.done;
    await first.close();
    const other = await startFileOrigin((await makeClip('mp4', 8, '160x90')).bytes);
    const next = await read(ffmpegSource, inputOf(other.url), resumeAfter(reading.segments));
    await next.done;
    expect(next.items.slice(0, 2)).toMatchObject([{ kind: 'take', joined: false }, { cause: 'unjoined' }]);
    await other.close();
  });

  test('cookies and signed addresses stand in no process list', async () => {
    const clip = await makeClip('mp4');
    const origin = await startFileOrigin(clip.bytes, { released: 0.6 });
    const reading = await read(ffmpegSource, inputOf(origin.url, { headers: { Cookie: 'session=kept-to-itself' } }));
    await until(() => reading.items.length > 0, 'the take');
    expect(await processList()).not.toContain('kept-to-itself');
    expect(origin.requests.every(({ headers }) => headers.cookie === 'session=kept-to-itself')).toBe(true);
    reading.abort();
    await reading.done;
    await origin.close();
  });
});

async function processList(): Promise<string> {
  const { run } = await import('../../src/lib/run.ts');
  const { stdout } = await run('ps', ['-eo', 'args', '-ww']);
  expect(stdout).toContain('ffmpeg');
  return stdout;
}
