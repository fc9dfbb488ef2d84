import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { SourceInput } from '../../src/core/ports.ts';
import { run } from '../../src/lib/run.ts';
import { pickSource } from '../../src/sources/sources.ts';
import { streamlinkSource } from '../../src/sources/streamlink/source.ts';
import { ytdlpSource } from '../../src/sources/ytdlp/source.ts';
import { makeClip } from '../support/clip.ts';
import { manifestOf, startDashOrigin, writeSecretFile } from '../support/dash-origin.ts';
import { startFileOrigin } from '../support/file-origin.ts';
import { startLiveOrigin } from '../support/live.ts';
import { expectTrue, frameSum, read, resumeAfter, until } from './source.ts';

const inputOf = (url: string, more: Partial<SourceInput> = {}): SourceInput => ({
  url,
  headers: {},
  protocol: 'hls',
  quality: 'best',
  ...more,
});

test.concurrent('live DASH by streamlink: every frame once, sound and picture; its end is a loss until the site is asked', async ({
  onTestFinished,
}) => {
  const clip = await makeClip('mp4', 10);
  const origin = await startDashOrigin(clip.path);
  onTestFinished(origin.close);
  const input = inputOf(`${origin.url}?sig=secret`, { protocol: 'dash' });
  expect(pickSource(input).name).toBe('streamlink');
  const reading = await read(streamlinkSource, input);
  await until(() => reading.items.length > 0, 'the take');
  expect((await run('ps', ['-eo', 'args', '-ww'])).stdout.includes('sig=secret')).toBe(false);
  await expect(reading.done).rejects.toMatchObject({ name: 'TemporaryError', code: 'source_lost' });
  expect(reading.items[0]).toMatchObject({ kind: 'take', codecs: { container: 'ts', video: 'h264', audio: 'aac' } });
  expect(frameSum(reading.segments)).toBeLessThanOrEqual(clip.frames);
  expect(frameSum(reading.segments)).toBeGreaterThan(clip.frames - 75);
  await expectTrue(reading.segments);
});

test.concurrent('a page by streamlink or yt-dlp where a person asks for it', async ({ onTestFinished }) => {
  const origin = await startLiveOrigin({ segments: 40, window: 6 });
  onTestFinished(origin.close);
  for (const engine of ['streamlink', 'yt-dlp'] as const) {
    const input = inputOf(origin.url, { engine });
    const source = pickSource(input);
    expect(source.name).toBe(engine);
    const reading = await read(source, input);
    await reading.hasSegments(1);
    reading.abort();
    await reading.done;
    expect(reading.segments[0]).toMatchObject({ startsRun: true, isIndependent: true });
    await expectTrue(reading.segments);
    const next = await read(source, input, resumeAfter(reading.segments));
    await next.hasSegments(1);
    next.abort();
    await next.done;
    expect(next.items.slice(0, 2)).toMatchObject([{ kind: 'take', joined: false }, { cause: 'reconnect' }]);
  }
});

test.concurrent('what a program complains is in the reason, without secrets', async ({ onTestFinished }) => {
  const origin = await startFileOrigin(Buffer.from('<html></html>'), { type: 'text/html' });
  onTestFinished(origin.close);
  const input = inputOf(origin.url, { engine: 'yt-dlp' });
  const reading = await read(ytdlpSource, input);
  const error = await reading.done.catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'source_lost' });
  expect(String(error)).toMatch(/ERROR/);
  expect(String(error)).not.toContain('secret');
});

test.concurrent('a manifest that names a file of this machine gets nothing', async ({ onTestFinished }) => {
  const file = await writeSecretFile();
  onTestFinished(file.remove);
  const clip = await makeClip('mp4', 4);
  const origin = await startDashOrigin(clip.path);
  onTestFinished(origin.close);
  origin.replaceManifest(manifestOf(file.url));
  const reading = await read(streamlinkSource, inputOf(origin.url, { protocol: 'dash' }));
  await expect(reading.done).rejects.toMatchObject({ name: 'TemporaryError' });
  const kept = await Promise.all(reading.segments.map(({ path }) => readFile(path, 'latin1')));
  expect(kept.join('')).not.toContain(file.secret);
});
