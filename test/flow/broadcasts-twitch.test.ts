import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sessions, streams } from '../../src/db/schema.ts';
import { type AnsweringYtdlp, startAnsweringYtdlp } from '../support/answering-ytdlp.ts';
import { readOutcome, startTestApp, type TestApp, waitForFrames } from '../support/app.ts';
import { type LiveOrigin, startLiveOrigin } from '../support/live.ts';
import { startTwitch, type TwitchServer } from '../support/twitch/server.ts';
import { waitFor } from '../support/wait.ts';

let twitch: TwitchServer;
let ytdlp: AnsweringYtdlp;
let origin: LiveOrigin;
let t: TestApp;

beforeAll(async () => {
  twitch = await startTwitch();
  twitch.add('alice');
  ytdlp = await startAnsweringYtdlp();
  origin = await startLiveOrigin({ mode: 'manual', segments: 30, window: 6 });
  // Nobody else takes over, however slow the machine is: Takes are counted.
  t = await startTestApp({ ...twitch.env, YTDLP: ytdlp.path, LEASE_SECONDS: '30' });
  const formats = [{ url: origin.url, protocol: 'm3u8_native', height: 180 }];
  await ytdlp.answer({ title: 'alice (live)', is_live: true, live_status: 'is_live', formats });
});
afterAll(async () => {
  await t.close();
  await origin.close();
  await ytdlp.close();
  await twitch.close();
});

/** The monitor is asked to look again, as it does each minute. */
async function look(): Promise<void> {
  const [alice] = await t.app.db.select().from(streams);
  await t.app.bus.tell('streams', alice?.id ?? 0);
}
const states = async () => (await readOutcome(t.app)).sessions.map(({ state }) => state);
const become = (wanted: string[]) =>
  waitFor(async () => JSON.stringify(await states()) === JSON.stringify(wanted), { what: wanted.join(', ') });

test('scenario 8 on Twitch: an end that the playlist tells is waited out, another broadcast inside grace is the same recording, and what is live after it is recorded within one look', async () => {
  await t.say('/watch twitch.tv/alice');
  // Its page lies here: nothing of a test goes out.
  await t.app.db.update(streams).set({ url: origin.page('alice', '<html></html>') });
  twitch.goLive('alice', { title: 'Morning', category: 'Chess', broadcastId: '1' });
  await look();
  await waitForFrames(t.app, 6 * 25);
  origin.end();
  twitch.goOffline('alice');
  await look();
  await become(['reconnecting']);
  twitch.goLive('alice', { title: 'Second try', broadcastId: '2' });
  origin.restart();
  await look();
  await waitForFrames(t.app, 12 * 25);
  origin.end();
  twitch.goOffline('alice');
  await become(['reconnecting']);
  t.app.config.graceSeconds = 0.1;
  await waitFor(async () => (await states())[0] !== 'reconnecting', { what: 'the end of grace' });
  t.app.config.graceSeconds = 60;
  // Twitch has forgotten the number of the last broadcast, or gives it again.
  twitch.goLive('alice', { title: 'Noon', broadcastId: '1' });
  origin.restart();
  await look();
  await waitForFrames(t.app, 18 * 25);
  const [first, second] = await t.app.db.select().from(sessions).orderBy(sessions.id);
  expect(first).toMatchObject({ broadcastId: '1', title: 'Second try', endReason: 'grace_over' });
  expect(second).toMatchObject({ broadcastId: '1', title: 'Noon', continuesId: first?.id });
  const { takes, deliveries } = await readOutcome(t.app);
  expect(takes).toHaveLength(3);
  expect(deliveries.map(({ sessionId }) => sessionId)).toEqual([first?.id, second?.id]);
  const [alice] = await t.app.db.select().from(streams).where(eq(streams.channel, 'alice'));
  expect(alice?.platformId).toBe(twitch.find('alice').id);
});
