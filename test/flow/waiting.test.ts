import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { announceBroadcast, withdrawOverdue } from '../../src/advance.ts';
import { streams } from '../../src/db/schema.ts';
import { readOutcome, startTestApp, type TestApp, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { type LiveOrigin, startLiveOrigin } from '../support/live.ts';
import { waitFor } from '../support/wait.ts';
import { type SeenPlatform, seenPlatform } from './seen-platform.ts';

let t: TestApp;
let origin: LiveOrigin;
let site: SeenPlatform;

beforeAll(async () => {
  t = await startTestApp();
  site = seenPlatform(t);
  origin = await startLiveOrigin({ mode: 'manual', segments: 12, window: 6 });
  await t.say('/timezone Europe/Berlin');
  await t.say(`/watch ${origin.url} waiting=on`);
});
afterAll(async () => {
  await t.close();
  await origin.close();
});

type Announcement = Parameters<typeof announceBroadcast>[2];
const announce = async (announcement: Announcement) => announceBroadcast(t.app, await site.idOf('live'), announcement);
const cards = async () => (await readOutcome(t.app)).messages.filter(({ kind }) => kind === 'card');
const lastSession = async () => (await readOutcome(t.app)).sessions.at(-1);
const cardSays = (state: string, text: string) =>
  waitFor(
    async () => {
      const card = (await cards()).at(-1);
      return card?.content.state === state && JSON.stringify(card.content).includes(text) ? card : undefined;
    },
    { what: `a card that is ${state} and says ${text}` },
  );

test('a channel that is renamed while it is offline has a waiting card, which is edited, keeps what it was called, and becomes the live card', async () => {
  await announce({ title: 'Old news', category: 'Talk' });
  expect(await lastSession()).toBeUndefined();
  await Promise.all([1, 2].map(() => announce({ title: 'Tonight: chess', category: 'Chess', isRenamed: true })));
  const first = await cardSays('waiting', 'Tonight: chess');
  expect(first.content.facts).toEqual([{ label: 'Category', value: 'Chess' }]);
  await announce({ title: 'Tonight: go', category: 'Chess', isRenamed: true });
  const second = await cardSays('waiting', 'Tonight: go');
  expect(second.id).toBe(first.id);
  expect(second.content.facts).toContainEqual({ label: 'Before', value: 'Tonight: chess · Chess' });
  const { id } = (await lastSession()) ?? {};
  // Nothing is captured of what is only announced.
  expect((await t.app.db.select().from(streams)).length).toBe(1);
  expect((await readOutcome(t.app)).takes).toEqual([]);
  expect(await site.see('live', { broadcastId: 'b1', title: 'Live: go' })).toBe(id);
  await waitForFrames(t.app, 100);
  origin.end();
  t.app.config.graceSeconds = 0.1;
  await waitUntilPosted(t.app);
  const { sessions } = await readOutcome(t.app);
  expect(sessions).toHaveLength(1);
  expect(sessions[0]).toMatchObject({ state: 'ended', broadcastId: 'b1', title: 'Live: go' });
  expect((await cardSays('posted', 'Live: go')).id).toBe(first.id);
});

test('a scheduled broadcast says when it begins on the clock of the chat; what does not begin goes, with its card, and does not come back by being seen again', async () => {
  const announcement = { title: 'Premiere', scheduledFor: new Date('2030-07-01T18:00:00Z') };
  await announce(announcement);
  const card = await cardSays('waiting', '1 Jul');
  expect(card.content.facts).toContainEqual({ label: 'Begins', value: expect.stringMatching(/20:00 Europe\/Berlin$/) });
  await withdrawOverdue(t.app, 3600);
  expect((await lastSession())?.state).toBe('waiting');
  await t.app.db.execute(
    sql`update sessions set changed_at = now() - interval '7 hours', scheduled_for = now() - interval '7 hours'
      where state = 'waiting'`,
  );
  await waitFor(async () => (await lastSession())?.state === 'failed', { what: 'the end of waiting' });
  await waitFor(async () => !(await cards()).some(({ id }) => id === card.id), { what: 'its card to go' });
  const { deliveries, sessions } = await readOutcome(t.app);
  expect(deliveries.at(-1)?.state).toBe('cancelled');
  const { title, scheduledFor } = sessions.at(-1) ?? {};
  await announce({ title: title ?? undefined, scheduledFor: scheduledFor ?? undefined });
  expect((await readOutcome(t.app)).sessions).toHaveLength(sessions.length);
});

test('who stops what waits is not waited for', async () => {
  await announce({ title: 'Encore', isRenamed: true });
  await cardSays('waiting', 'Encore');
  const { id } = (await lastSession()) ?? {};
  await t.say(`/stop s${id}`);
  await waitFor(async () => (await lastSession())?.state === 'failed', { what: 'the Session to be given up' });
  await waitFor(async () => !JSON.stringify(await cards()).includes('Encore'), { what: 'its card to go' });
});
