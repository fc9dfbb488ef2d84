import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checks, renditions } from '../../src/db/schema.ts';
import { readOutcome, startTestApp, type TestApp, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { type LiveOrigin, startLiveOrigin } from '../support/live.ts';
import { waitFor } from '../support/wait.ts';
import { type SeenPlatform, seenPlatform } from './seen-platform.ts';

let t: TestApp;
let origin: LiveOrigin;
let site: SeenPlatform;

beforeAll(async () => {
  t = await startTestApp({ GRACE_SECONDS: '1' });
  site = seenPlatform(t);
  origin = await startLiveOrigin({ mode: 'manual', segments: 12, window: 6 });
  await t.say(`/watch ${origin.url} mode=notify`);
});
afterAll(async () => {
  await t.close();
  await origin.close();
});

const said = async () =>
  (await readOutcome(t.app)).messages.filter(({ kind }) => kind !== 'command' && kind !== 'reply');
const over = (state: string) =>
  waitFor(async () => (await readOutcome(t.app)).sessions.every((row) => row.state === state), { what: state });

async function goOffline(): Promise<void> {
  const [streamId, at] = [await site.idOf('live'), new Date(Date.now() - 60_000)];
  await t.app.db.insert(checks).values({ streamId, state: 'offline', at, lastAt: at });
}

test('mode=notify tells once of each broadcast, by whomever and however often it is seen, and records nothing', async () => {
  const facts = { broadcastId: 'b1', title: 'Morning' };
  await Promise.all([1, 2, 3].map(() => site.see('live', facts)));
  await waitUntilPosted(t.app);
  await site.see('live', facts);
  const shown = origin.url.replace(/\?.*$/, '');
  expect((await said()).map(({ kind, content }) => [kind, content.text, content.url])).toEqual([
    ['link', 'live is live: Morning', shown],
  ]);
  expect(origin.playlistRequests()).toBe(0);
  expect((await readOutcome(t.app)).sessions.map(({ state }) => state)).toEqual(['starting']);
  await goOffline();
  await over('ended');
  // The site had only forgotten it for a while: it is the same broadcast.
  await site.see('live', facts);
  await goOffline();
  await over('ended');
  await site.see('live', { broadcastId: 'b2', title: 'Noon' });
  await waitUntilPosted(t.app, 2);
  expect((await said()).map(({ content }) => content.text)).toEqual(['live is live: Morning', 'live is live: Noon']);
  const { deliveries } = await readOutcome(t.app);
  expect(deliveries).toHaveLength(2);
});

test('who records later joins the broadcast that others only heard of', async () => {
  await t.say(`/watch ${origin.url}`, 'other');
  await site.see('live', { broadcastId: 'b2', title: 'Noon' });
  await waitForFrames(t.app, 100);
  origin.end();
  await waitUntilPosted(t.app, 3);
  const { sessions } = await readOutcome(t.app);
  const kinds = await t.app.db
    .select()
    .from(renditions)
    .where(eq(renditions.sessionId, sessions.at(-1)?.id ?? 0));
  expect(kinds.map(({ kind }) => kind).sort()).toEqual(['captured', 'noticed']);
  expect(sessions.at(-1)?.state).toBe('ended');
  expect((await said()).filter(({ kind }) => kind === 'link')).toHaveLength(2);
});
