import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { streams } from '../../src/db/schema.ts';
import { type AnsweringYtdlp, startAnsweringYtdlp } from '../support/answering-ytdlp.ts';
import {
  readOutcome,
  readPostedFiles,
  startTestApp,
  type TestApp,
  waitForFrames,
  waitUntilPosted,
} from '../support/app.ts';
import { type LiveOrigin, type LiveStream, startLiveOrigin } from '../support/live.ts';
import { startTwitch, type TwitchServer } from '../support/twitch/server.ts';
import { waitFor } from '../support/wait.ts';
import { startYoutube, type YoutubeServer } from '../support/youtube/server.ts';

let twitch: TwitchServer;
let youtube: YoutubeServer;
let ytdlp: AnsweringYtdlp;
let origin: LiveOrigin;
let t: TestApp;
const media = { mode: 'manual', segments: 6, window: 6 } as const;

beforeAll(async () => {
  twitch = await startTwitch();
  twitch.add('alice', 'stranger');
  youtube = await startYoutube();
  ytdlp = await startAnsweringYtdlp();
  origin = await startLiveOrigin(media);
  t = await startTestApp({ ...twitch.env, YOUTUBE_ROOT: youtube.root, YTDLP: ytdlp.path, MAX_CAPTURES: '1' });
});
afterAll(async () => {
  await t.close();
  await origin.close();
  await ytdlp.close();
  await youtube.close();
  await twitch.close();
});

/** What yt-dlp finds on any page from now on. */
const show = ({ url }: LiveStream) =>
  ytdlp.answer({ is_live: true, live_status: 'is_live', formats: [{ url, protocol: 'm3u8_native', height: 180 }] });

async function look(): Promise<void> {
  for (const { id } of await t.app.db.select().from(streams)) await t.app.bus.tell('streams', id);
}

const cardIs = (state: string) =>
  waitFor(
    async () =>
      (await readOutcome(t.app)).messages.find(({ kind, content }) => kind === 'card' && content.state === state),
    { what: `a card that is ${state}` },
  );

test('scenario 13: YouTube paired with Twitch: it is waited for, recorded from YouTube, goes on at Twitch and nowhere else when YouTube ends, and is one post that names both', async () => {
  const broadcast = { videoId: 'abcdefghijk', title: 'The show' };
  youtube.setChannel('@show', { ...broadcast, state: 'upcoming', scheduledFor: new Date('2030-07-01T18:00:00Z') });
  await t.say('/watch https://www.youtube.com/@show waiting=on cross=https://www.twitch.tv/alice');
  const announced = await cardIs('waiting');
  expect(announced.content.text).toBe('The show');
  const [yt, tw] = [await origin.stream('yt', media), await origin.stream('tw', { ...media, toneHz: 880 })];
  await show(yt);
  // Twitch's page lies here: nothing of a test goes out.
  const page = origin.page('alice', '<html></html>');
  await t.app.db.update(streams).set({ url: page }).where(eq(streams.channel, 'alice'));
  twitch.goLive('stranger', { title: 'Somebody else' });
  youtube.setChannel('@show', { ...broadcast, state: 'live' });
  await look();
  await waitForFrames(t.app, 6 * 25);
  await show(tw);
  twitch.goLive('alice', { title: 'The show, on Twitch' });
  youtube.setChannel('@show', undefined);
  yt.end();
  await waitForFrames(t.app, 12 * 25);
  twitch.goOffline('alice');
  tw.end();
  await waitFor(async () => (await readOutcome(t.app)).sessions[0]?.state === 'reconnecting', { what: 'grace' });
  t.app.config.graceSeconds = 0.1;
  await waitUntilPosted(t.app);
  const { sessions, deliveries, messages } = await readOutcome(t.app);
  expect(sessions).toHaveLength(1);
  expect(sessions[0]).toMatchObject({ broadcastId: 'abcdefghijk', endReason: 'grace_over' });
  expect((await readPostedFiles(t.app, deliveries[0]?.id ?? 0)).frames).toBe(12 * 25);
  const albums = messages.filter(({ kind }) => kind === 'album' || kind === 'video');
  expect(albums).toHaveLength(1);
  expect(albums[0]?.content.text).toContain('@show + alice');
  expect((await cardIs('posted')).id).toBe(announced.id);
});
