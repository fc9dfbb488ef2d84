import { expect, test } from 'vitest';
import { renditions } from '../../src/db/schema.ts';
import { run } from '../../src/lib/run.ts';
import { readOutcome, readPostedFiles, type TestApp, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { makeClip } from '../support/clip.ts';
import { startFileOrigin } from '../support/file-origin.ts';
import { startRtmpServer } from '../support/media-servers.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();

/** Each kept frame is in what was posted, once, with its sound beside it. */
async function expectAllPosted(app: TestApp['app']): Promise<number> {
  const outcome = await readOutcome(app);
  const kept = outcome.segments.reduce((sum, segment) => sum + segment.frameCount, 0);
  const posted = await readPostedFiles(app, outcome.deliveries[0]?.id ?? 0);
  expect(posted.frames).toBe(kept);
  for (const file of posted.files) expect(Math.abs(file.audioOffsetMs)).toBeLessThanOrEqual(40);
  return kept;
}

test('a WebM file is recorded to its end, once, with the codecs it has', async () => {
  const clip = await makeClip('webm', 6);
  const origin = await startFileOrigin(clip.bytes, { type: 'video/webm' });
  flow.closes(origin.close);
  const t = await flow.web();
  await t.say(`/watch ${origin.url}`);
  await waitUntilPosted(t.app);
  expect(await expectAllPosted(t.app)).toBe(clip.frames);
  const outcome = await readOutcome(t.app);
  expect(outcome.takes[0]?.codecs).toMatchObject({ container: 'fmp4', video: 'vp9', audio: 'opus' });
  expect(outcome.sessions).toMatchObject([{ endReason: 'source_ended' }]);
  const posted = await readPostedFiles(t.app, outcome.deliveries[0]?.id ?? 0);
  expect(posted.files[0]).toMatchObject({ videoCodec: 'vp9', audioCodec: 'opus' });
});

test('HTTP-FLV whose encoder drops: the 404 of its server is waited out, not taken for the end', async () => {
  const clip = await makeClip('flv', 12);
  const origin = await startFileOrigin(clip.bytes, { type: 'video/x-flv', isEndless: true, released: 0.9 });
  flow.closes(origin.close);
  const t = await flow.web();
  await t.say(`/watch ${origin.url}`);
  await waitForFrames(t.app, 75);
  origin.lose();
  const trouble = async () => (await t.app.db.select().from(renditions))[0]?.trouble === 'stream_removed';
  await waitFor(trouble, { what: 'yt-dlp to say that it is not there' });
  expect((await readOutcome(t.app)).sessions).toMatchObject([{ state: 'reconnecting', endReason: null }]);
  await t.say('/stop');
  await waitUntilPosted(t.app);
  await expectAllPosted(t.app);
});

test('RTMP: recorded while somebody broadcasts, stopped by hand, every kept frame posted', async () => {
  const clip = await makeClip('flv', 12);
  const server = await startRtmpServer();
  flow.closes(server.close);
  const t = await flow.web();
  expect(await t.say(`/record ${server.url}`)).toMatchObject({ isError: true });
  const publisher = server.publish(clip.path, { isLooped: true });
  flow.closes(publisher.stop);
  await t.say(`/watch ${server.url}`);
  await waitForFrames(t.app, 75);
  await t.say('/stop');
  await waitUntilPosted(t.app);
  expect(await expectAllPosted(t.app)).toBeGreaterThanOrEqual(75);
});

test('engine=yt-dlp: its own capture, and nothing of it lives when the worker stops', async () => {
  const origin = await flow.origin(60, { mode: 'clock', window: 6 });
  const t = await flow.web();
  await t.say(`/record ${origin.url} engine=yt-dlp`);
  await waitForFrames(t.app, 75);
  const list = async () => (await run('ps', ['-eo', 'args', '-ww'])).stdout.split('\n');
  expect((await list()).filter((line) => line.includes('--hls-use-mpegts')).length).toBeGreaterThan(0);
  await t.say('/stop');
  await waitUntilPosted(t.app);
  await expectAllPosted(t.app);
  await t.stop();
  expect((await list()).filter((line) => line.includes(new URL(origin.url).host))).toEqual([]);
});
