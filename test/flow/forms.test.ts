import { expect, test } from 'vitest';
import { run } from '../../src/lib/run.ts';
import { packetTimes } from '../media/clips.ts';
import { readOutcome, readPostedFiles, type TestApp, waitForFrames, waitUntilPosted } from '../support/app.ts';
import type { LiveOptions } from '../support/live.ts';
import { useFlow } from '../support/use-flow.ts';

const flow = useFlow();

/** Records a stream of 10 s, from `/record` to the posted files; `isMaster` by its master playlist. */
async function record(options: LiveOptions, { isMaster = false, setUp = '' } = {}) {
  const app = await flow.web();
  const stream = await flow.origin(10, { window: 6, ...options });
  if (setUp) await app.say(setUp);
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
});

for (const format of ['ts', 'fmp4'] as const) {
  test(`sound that lies apart (${format}) is in the Parts, in step with the pictures, none twice`, async () => {
    const media = { format, isSplit: true, segments: 12 };
    const { app, stream, outcome, posted } = await record(media, {
      isMaster: true,
      setUp: '/target set here limit=260000B',
    });
    const frames = await stream.frames();
    expect(outcome.gaps).toEqual([]);
    expect(outcome.takes).toMatchObject([{ codecs: { container: format, audioContainer: format, audio: 'aac' } }]);
    expect(posted.frames).toBe(frames);
    expect(posted.files.length).toBeGreaterThan(1);
    let sounds = 0;
    for (const [index, file] of posted.files.entries()) {
      expect(file.audioCodec).toBe('aac');
      expect(Math.abs(file.audioOffsetMs)).toBeLessThanOrEqual(40);
      const heard = await packetTimes(posted.path(posted.media[index]?.key ?? ''), 'a:0');
      const seen = await packetTimes(posted.path(posted.media[index]?.key ?? ''), 'v:0');
      sounds += heard.length;
      expect(Math.abs((heard.at(-1) ?? 0) - (seen.at(-1) ?? 0))).toBeLessThanOrEqual(0.04);
      const steps = heard.slice(1).map((time, at) => time - (heard[at] ?? 0));
      expect(Math.max(...steps)).toBeLessThan(0.03);
    }
    // 44 100 samples a second in frames of 1024; one may begin before the first picture, or end after the last.
    const wanted = ((frames / 25) * 44_100) / 1024;
    expect(Math.abs(sounds - wanted)).toBeLessThan(3);
    const shown = await preview(app);
    expect(shown.frames).toBe(frames);
    expect(shown.sounds).toBeGreaterThan(wanted * 0.9);
  });
}
