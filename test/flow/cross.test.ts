import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  readOutcome,
  readPostedFiles,
  startTestApp,
  type TestApp,
  waitForFrames,
  waitUntilPosted,
} from '../support/app.ts';
import { type LiveOrigin, type LiveStream, startLiveOrigin } from '../support/live.ts';
import { waitFor } from '../support/wait.ts';
import { type SeenPlatform, seenPlatform } from './seen-platform.ts';

let t: TestApp;
let origin: LiveOrigin;
let site: SeenPlatform;
const media = { mode: 'manual', segments: 12, window: 6 } as const;
/** What one stream of these holds, by its pitch. */
const open = (name: string, toneHz: number): Promise<LiveStream> => origin.stream(name, { ...media, toneHz });

beforeAll(async () => {
  // Nobody else takes over, however slow the machine is: Takes are counted.
  t = await startTestApp({ MAX_CAPTURES: '1', LEASE_SECONDS: '30' });
  site = seenPlatform(t);
  origin = await startLiveOrigin(media);
});
afterAll(async () => {
  await t.close();
  await origin.close();
});

const sourcesOf = async () => {
  const { takes } = await readOutcome(t.app);
  const names = new Map([
    [await site.idOf('yt'), 'yt'],
    [await site.idOf('tw'), 'tw'],
  ]);
  return takes.map(({ streamId }) => names.get(streamId));
};

test('scenario 13: a pair at one capture at a time: recording begins at the one that is live, goes over and back as they come and go, and is one post that names both', async () => {
  const [yt, tw, foreign] = [await open('yt', 440), await open('tw', 550), await open('foreign', 660)];
  await t.say(`/watch ${foreign.url}`);
  await t.say(`/watch ${yt.url} cross=${tw.url}`);
  site.set('foreign', { state: 'live' });
  // The second of the pair is live first; the pair has one Session, whoever is seen, and however often.
  site.set('tw', { state: 'live' });
  const [id, again] = [await site.see('tw', { title: 'Evening' }), await site.see('tw', { title: 'Evening' })];
  expect(again).toBe(id);
  await waitForFrames(t.app, 6 * 25);
  site.set('yt', { state: 'live' });
  expect(await site.see('yt', { title: 'Other name' })).toBe(id);
  site.set('tw', { state: 'offline' });
  tw.end();
  await waitForFrames(t.app, 12 * 25);
  // The first is back with another broadcast before the second ends.
  const back = await open('tw', 770);
  site.set('tw', { state: 'live' });
  site.set('yt', { state: 'offline' });
  yt.end();
  await waitForFrames(t.app, 18 * 25);
  site.set('tw', { state: 'offline' });
  back.end();
  await waitFor(async () => (await readOutcome(t.app)).sessions[0]?.state === 'reconnecting', { what: 'grace' });
  t.app.config.graceSeconds = 0.1;
  await waitUntilPosted(t.app);

  const { sessions, deliveries, gaps, messages } = await readOutcome(t.app);
  expect(sessions.map((row) => row.id)).toEqual([id]);
  expect(sessions[0]).toMatchObject({ title: 'Evening', endReason: 'grace_over' });
  expect(await sourcesOf()).toEqual(['tw', 'yt', 'tw']);
  expect(gaps.filter(({ lengthMs }) => lengthMs > 0)).toEqual([]);
  expect((await readPostedFiles(t.app, deliveries[0]?.id ?? 0)).frames).toBe(18 * 25);
  const albums = messages.filter(({ kind }) => kind === 'album' || kind === 'video');
  expect(albums).toHaveLength(1);
  expect(albums[0]?.content.text).toContain('tw + yt');
  const card = messages.find(({ kind }) => kind === 'card');
  expect(card?.content.facts).toContainEqual({ label: 'Recorded from', value: 'tw, yt' });
});

test('a pair that was stopped by hand is not recorded again from the other one', async () => {
  const tw = await open('tw', 440);
  site.set('tw', { state: 'live' });
  t.app.config.graceSeconds = 60;
  const id = await site.see('tw', { title: 'Evening' });
  await waitForFrames(t.app, 20 * 25);
  await t.say(`/stop s${id}`);
  expect(await site.see('tw')).toBeUndefined();
  site.set('yt', { state: 'live' });
  expect(await site.see('yt')).toBeUndefined();
  tw.end();
});
