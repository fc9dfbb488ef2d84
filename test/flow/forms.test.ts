import { afterEach, expect, test } from 'vitest';
import { run } from '../../src/lib/run.ts';
import {
  readOutcome,
  readPostedFiles,
  startTestApp,
  type TestApp,
  waitForFrames,
  waitUntilPosted,
} from '../support/app.ts';
import { type LiveOptions, type LiveOrigin, startLiveOrigin } from '../support/live.ts';

let t: TestApp | undefined;
let origin: LiveOrigin | undefined;
afterEach(async () => {
  await t?.close();
  await origin?.close();
  t = undefined;
  origin = undefined;
});

/** Records a stream of 10 s, from `/record` to the posted files; `isMaster` by its master playlist. */
async function record(options: LiveOptions, isMaster = false) {
  const app = await startTestApp();
  t = app;
  const stream = await startLiveOrigin({ mode: 'manual', segments: 10, window: 6, ...options });
  origin = stream;
  await app.say(`/record ${isMaster ? stream.masterUrl : stream.url}`);
  await waitForFrames(app.app, 100);
  stream.advance(4);
  await waitForFrames(app.app, 200);
  stream.end();
  await waitUntilPosted(app.app);
  const outcome = await readOutcome(app.app);
  return { app, stream, outcome, posted: await readPostedFiles(app.app, outcome.deliveries[0]?.id ?? 0) };
}

/** Video frames and sounds of the preview, as a player (ffprobe) sees them. */
async function preview(app: TestApp) {
  const url = app.running.web?.url ?? '';
  const login = await fetch(app.running.web?.loginUrl ?? '', { redirect: 'manual' });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  const args = ['-v', 'error', '-headers', `Cookie: ${cookie}\r\n`, '-count_packets', '-show_entries'];
  const asked = [...args, 'stream=codec_type,nb_read_packets', '-of', 'json', `${url}/sessions/1/index.m3u8`];
  const { stdout } = await run('ffprobe', asked, { timeoutMs: 60_000 });
  const { streams } = JSON.parse(stdout) as { streams: { codec_type: string; nb_read_packets: string }[] };
  const countOf = (type: string) => Number(streams.find((each) => each.codec_type === type)?.nb_read_packets ?? 0);
  return { frames: countOf('video'), sounds: countOf('audio') };
}

test('fMP4 becomes Parts with every frame, and a preview that plays', async () => {
  const { app, stream, outcome, posted } = await record({ format: 'fmp4' });
  const frames = await stream.frames();
  expect(frames).toBe(250);
  expect(outcome.takes).toMatchObject([{ codecs: { container: 'fmp4' }, initKey: expect.stringContaining('init-') }]);
  expect(outcome.segments.reduce((sum, { frameCount }) => sum + frameCount, 0)).toBe(frames);
  expect(posted.frames).toBe(frames);
  for (const file of posted.files) expect(Math.abs(file.audioOffsetMs)).toBeLessThanOrEqual(40);
  const seen = await preview(app);
  expect(seen.frames).toBe(frames);
  expect(seen.sounds).toBeGreaterThan(400);
}, 120_000);
