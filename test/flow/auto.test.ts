import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { segments, streams } from '../../src/db/schema.ts';
import { readOutcome, readPostedFiles, waitUntilPosted } from '../support/app.ts';
import { startMediamtx } from '../support/mediamtx.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();

test('auto=web-*: streams of a MediaMTX come and go, each is a recording with its own card and post; its API may be away', async () => {
  const site = await startMediamtx();
  flow.closes(site.close);
  const origin = await flow.origin(12, { window: 6 });
  const web = [await origin.stream('web-1', { initial: 6 }), await origin.stream('web-2', { initial: 6 })] as const;
  site.configure({ rtsp: false, hlsAddress: `:${new URL(origin.url).port}` });
  site.set('web-1', true);
  site.set('web-2', false);
  site.set('other', true);
  const t = await flow.web({ GRACE_SECONDS: '2' });
  const { app } = t;
  const framesOf = async (session: number) =>
    (await app.db.select().from(segments).where(eq(segments.renditionId, session))).reduce(
      (sum, { frameCount }) => sum + frameCount,
      0,
    );
  const waitForFrames = (session: number, count: number) =>
    waitFor(async () => (await framesOf(session)) >= count, { what: `${count} frames of s${session}` });

  await t.say(`/watch ${site.root} auto=web-*`);
  await waitForFrames(1, 100);
  site.set('web-2', true);
  await waitForFrames(2, 100);
  site.setFault('gone');
  await app.bus.tell('streams', 0);
  await waitFor(async () => (await t.say('/status w1')).text.includes('not known for'), { what: 'an outage' });
  for (const each of web) each.advance(6);
  await waitForFrames(1, 250);
  await waitForFrames(2, 250);
  site.set('web-1', false);
  site.set('web-2', false);
  site.setFault(undefined);
  for (const each of web) each.end();
  await waitUntilPosted(app, 2);

  const { sessions, deliveries, posts } = await readOutcome(app);
  expect(sessions.map(({ title, endReason }) => [title, endReason])).toEqual([
    ['web-1', 'grace_over'],
    ['web-2', 'grace_over'],
  ]);
  const frames = await Promise.all(deliveries.map(async ({ id }) => (await readPostedFiles(app, id)).frames));
  expect(frames).toEqual([300, 300]);
  const cards = posts.filter(({ kind }) => kind === 'card');
  expect(cards.map(({ content }) => content.text.split('\n')[0])).toEqual(['web-1', 'web-2']);
  const known = await app.db.select({ name: streams.platformId }).from(streams);
  expect(known.map(({ name }) => name)).not.toContain('other');
}, 120_000);
