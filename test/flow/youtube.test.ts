import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { checks, sessions, streams } from '../../src/db/schema.ts';
import { startAnsweringYtdlp } from '../support/answering-ytdlp.ts';
import { readOutcome, readPostedFiles, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';
import { startYoutube } from '../support/youtube/server.ts';

const flow = useFlow();

test('a YouTube channel with a name of other letters: announced, live, recorded, posted; the next broadcast is another Session', async () => {
  const [site, ytdlp, origin] = await Promise.all([
    startYoutube(),
    startAnsweringYtdlp(),
    flow.origin(30, { window: 6 }),
  ]);
  flow.closes(site.close);
  flow.closes(ytdlp.close);
  const scheduledFor = new Date(Date.now() + 3_600_000);
  site.setChannel('@имя', { videoId: 'firstVideo1', title: 'Первый эфир 20:00', state: 'upcoming', scheduledFor });
  const t = await flow.web({ YOUTUBE_ROOT: site.root, YTDLP: ytdlp.path });
  await t.say('/watch youtube.com/@Имя');
  await t.say('/watch https://m.youtube.com/@%D0%B8%D0%BC%D1%8F/live');
  const rows = await t.app.db.select().from(streams);
  expect(rows).toMatchObject([{ platform: 'youtube', channel: '@имя' }]);
  const streamId = rows[0]?.id ?? 0;
  await waitFor(async () => {
    const seen = await t.app.db.select().from(checks).where(eq(checks.streamId, streamId));
    return seen.some(({ state }) => state === 'scheduled');
  });
  expect(await t.app.db.select().from(sessions)).toEqual([]);

  const formats = [{ url: origin.url, protocol: 'm3u8_native', height: 720 }];
  const goLive = async (videoId: string, title: string) => {
    await ytdlp.answer({ id: videoId, title: `${title} 2026-11-21 12:00`, is_live: true, formats });
    site.setChannel('@имя', { videoId, title, state: 'live' });
    await t.app.bus.tell('streams', streamId);
  };
  await goLive('firstVideo1', 'Первый эфир 20:00');
  await waitForFrames(t.app, 100);
  origin.end();
  site.setChannel('@имя', { videoId: 'firstVideo1', state: 'ended' });
  await waitUntilPosted(t.app, 1);
  const { segments, deliveries } = await readOutcome(t.app);
  const { frames } = await readPostedFiles(t.app, deliveries[0]?.id ?? 0);
  expect(frames).toBe(segments.reduce((sum, { frameCount }) => sum + frameCount, 0));
  expect((await readOutcome(t.app)).sessions).toMatchObject([
    { broadcastId: 'firstVideo1', title: 'Первый эфир 20:00', endReason: 'source_ended' },
  ]);

  origin.restart();
  await goLive('secondVideo', 'Второй');
  await waitFor(async () => (await readOutcome(t.app)).sessions.length === 2);
  expect((await readOutcome(t.app)).sessions[1]).toMatchObject({ broadcastId: 'secondVideo', title: 'Второй' });
  await t.say('/cancel s2');
});
