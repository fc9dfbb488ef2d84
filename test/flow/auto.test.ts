import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { segments, streams } from '../../src/db/schema.ts';
import { readOutcome, readPostedFiles, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { makeClip } from '../support/clip.ts';
import { startMediamtx } from '../support/mediamtx.ts';
import { startRtspServer } from '../support/rtsp-server.ts';
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
  const waitForFramesOf = (session: number, count: number) =>
    waitFor(async () => (await framesOf(session)) >= count, { what: `${count} frames of s${session}` });

  await t.say(`/watch ${site.root} auto=web-*`);
  await waitForFramesOf(1, 100);
  site.set('web-2', true);
  await waitForFramesOf(2, 100);
  site.setFault('gone');
  await app.bus.tell('streams', 0);
  await waitFor(async () => (await t.say('/status w1')).text.includes('not known for'), { what: 'an outage' });
  for (const each of web) each.advance(6);
  await waitForFramesOf(1, 250);
  await waitForFramesOf(2, 250);
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

test('by RTSP, which a MediaMTX has unless it is turned off, with the login of the link', async () => {
  const site = await startMediamtx();
  flow.closes(site.close);
  const media = await startRtspServer();
  flow.closes(media.close);
  site.configure({ rtspAddress: `:${new URL(media.url).port}` });
  site.setLogin({ user: 'admin', pass: 'secret' });
  site.set('web-1', true);
  const clip = await makeClip('mp4', 30);
  const t = await flow.web();
  const publisher = media.publish(clip.path);
  flow.closes(publisher.stop);
  await t.say(`/watch ${site.root.replace('//', '//admin:secret@')} auto=web-?`);
  await waitForFrames(t.app, 75);
  expect((await t.say('/stop w1')).text).toContain('Stopping s1:');
  await waitUntilPosted(t.app);
  const { segments: kept, deliveries } = await readOutcome(t.app);
  expect((await readPostedFiles(t.app, deliveries[0]?.id ?? 0)).frames).toBeGreaterThanOrEqual(75);
  expect(kept.map(({ key }) => key).join()).not.toContain('secret');
}, 120_000);
