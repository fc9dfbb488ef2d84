import { eq, sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { checks, parts, segments, watches } from '../../src/db/schema.ts';
import { applyRules } from '../../src/monitor/apply-rules.ts';
import { cleanUp } from '../../src/worker/clean.ts';
import { readOutcome, readPostedFiles, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';
import { seenPlatform } from './seen-platform.ts';

const flow = useFlow();

test('a filter that no longer matches ends the recording, which is posted, a Part for each title; when it matches again the next one begins; keep= removes the files', async () => {
  const t = await flow.web();
  const { app } = t;
  const site = seenPlatform(t);
  const origin = await flow.origin(24, { window: 6 });
  await t.say(`/watch ${origin.url} title=/^run/ split=title`);
  const called = (title: string) => site.see('live', { broadcastId: 'b1', title });
  expect(await called('talk before')).toBeUndefined();
  const first = (await called('run 1')) ?? 0;
  await waitForFrames(app, 150);
  expect(await called('run 2')).toBe(first);
  origin.advance(6);
  await waitForFrames(app, 300);
  await called('talk between');
  await waitUntilPosted(app);
  const posted = await readPostedFiles(app, 1);
  const [delivery] = (await readOutcome(app)).deliveries;
  expect(delivery).toMatchObject({ closeReason: 'filtered' });
  expect(posted.files.map((file) => file.frameCount)).toEqual([150, 150]);
  expect(await called('talk between')).toBeUndefined();
  const second = (await called('run 3')) ?? 0;
  expect(second).toBeGreaterThan(first);
  origin.advance(6);
  await waitForFrames(app, 450);
  await t.say('/stop');
  await waitUntilPosted(app, 2);
  const { deliveries } = await readOutcome(app);
  expect(deliveries.map(({ closeReason }) => closeReason)).toEqual(['filtered', 'stopped']);

  const signal = AbortSignal.timeout(60_000);
  const keep = (ms: number) =>
    app.db.update(watches).set({ rules: sql`${watches.rules} || jsonb_build_object('keepMs', ${ms}::float8)` });
  const keptCount = async () => (await app.db.select().from(segments)).length;
  const before = await keptCount();
  await keep(86_400_000);
  await cleanUp(app, signal);
  expect(await keptCount()).toBe(before);
  await keep(1);
  await cleanUp(app, signal);
  expect(await keptCount()).toBe(0);
  expect((await app.db.select().from(parts)).length).toBeGreaterThan(2);
});

test('a window of the week that ends closes the recording of one order, and another goes on', async () => {
  const t = await flow.web();
  const { app } = t;
  const site = seenPlatform(t);
  const origin = await flow.origin(24, { window: 6 });
  await t.say(`/watch ${origin.url} schedule="00:00-24:00"`);
  await t.say(`/watch ${origin.url}`, 'other');
  const session = (await site.see('live', { broadcastId: 'b1', title: 'show' })) ?? 0;
  await waitForFrames(app, 100);
  const [timed] = await app.db.select().from(watches).where(eq(watches.chatId, 'main'));
  const { rules } = timed ?? { rules: {} };
  const yesterday = new Date(Date.now() - 86_400_000).getUTCDay() || 7;
  const outside = { schedule: [{ days: [yesterday], fromMinute: 0, toMinute: 720 }], timeZone: 'UTC' };
  await app.db
    .update(watches)
    .set({ rules: outside })
    .where(eq(watches.id, timed?.id ?? 0));
  await applyRules(app);
  // The Segment that is being captured still belongs to the window.
  origin.advance(6);
  const windows = async () => (await readOutcome(app, session)).deliveries;
  await waitFor(async () => (await windows())[0]?.state === 'done', { what: 'what was kept to be posted' });
  expect((await windows()).map(({ closeReason }) => closeReason)).toEqual(['schedule_over', null]);
  await app.db.insert(checks).values({ streamId: await site.idOf('live'), state: 'live' });
  expect((await t.say('/status w1')).text).toContain('outside its times until');
  await app.db
    .update(watches)
    .set({ rules })
    .where(eq(watches.id, timed?.id ?? 0));
  expect(await site.see('live', { broadcastId: 'b1', title: 'show' })).toBe(session);
  origin.advance(6);
  await waitForFrames(app, 400);
  origin.end();
  await t.say('/stop');
  await t.say('/stop', 'other');
  await waitUntilPosted(app, 3);
  const all = await windows();
  expect(all.map(({ watchId }) => watchId)).toEqual([1, 2, 1]);
  // The two windows of the order lie side by side: nothing is posted twice, and what came between is in neither.
  expect(all[2]?.fromSequence).toBeGreaterThan(all[0]?.toSequence ?? 0);
  expect((await readPostedFiles(app, all[1]?.id ?? 0)).frames).toBeGreaterThanOrEqual(400);
  const cards = (await readOutcome(app)).posts.filter(({ kind }) => kind === 'card');
  // One each; two that are told at once may come in either order.
  expect(cards.map(({ deliveryId }) => deliveryId).toSorted((a, b) => a - b)).toEqual(all.map(({ id }) => id));
});
