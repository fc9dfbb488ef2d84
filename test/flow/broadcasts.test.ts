import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renditions } from '../../src/db/schema.ts';
import { readOutcome, readPostedFiles, startTestApp, type TestApp, waitForFrames } from '../support/app.ts';
import { type LiveOrigin, startLiveOrigin } from '../support/live.ts';
import { waitFor } from '../support/wait.ts';
import { type SeenPlatform, seenPlatform } from './seen-platform.ts';

let t: TestApp;
let origin: LiveOrigin;
let site: SeenPlatform;
const live = { mode: 'manual', segments: 30, window: 6 } as const;

beforeAll(async () => {
  t = await startTestApp();
  site = seenPlatform(t);
  origin = await startLiveOrigin(live);
});
afterAll(async () => {
  await t.close();
  await origin.close();
});

const sessionOf = async (id: number) => (await readOutcome(t.app)).sessions.find((row) => row.id === id);
const stateOf = async (id: number) => (await sessionOf(id))?.state;

async function endGrace(id: number): Promise<void> {
  const { graceSeconds } = t.app.config;
  t.app.config.graceSeconds = 0.1;
  await waitFor(async () => (await stateOf(id)) === 'ended', { what: 'the end of grace' });
  t.app.config.graceSeconds = graceSeconds;
}

test('one broadcast: seen by four at once it starts once; an end that is none is waited out; what comes inside grace belongs to it, whatever the site calls it; after grace the same broadcast goes on in the next Session', async () => {
  await t.say(`/watch ${origin.url}`);
  const all = await Promise.all([1, 2, 3, 4].map(() => site.see('live', { broadcastId: 'b1', title: 'Morning' })));
  expect(new Set(all).size).toBe(1);
  const [first = 0] = all;
  await waitForFrames(t.app, 100);
  origin.end();
  await waitFor(async () => (await stateOf(first)) === 'reconnecting', { what: 'grace' });
  const [rendition] = await t.app.db.select().from(renditions).where(eq(renditions.sessionId, first));
  expect(rendition?.trouble).toBe('source_paused');
  // The site says offline meanwhile: that ends nothing early.
  expect(await site.see('live', { broadcastId: 'b2' })).toBe(first);
  origin.restart();
  await waitForFrames(t.app, 250);
  origin.end();
  await waitFor(async () => (await stateOf(first)) === 'reconnecting', { what: 'grace again' });
  await endGrace(first);
  expect(await sessionOf(first)).toMatchObject({ endReason: 'grace_over', title: 'Morning' });
  const frames = 12 * 25;
  const posted = await waitFor(async () => {
    const files = await readPostedFiles(t.app, first);
    return files.frames > 0 ? files : undefined;
  });
  expect(posted.frames).toBe(frames);
  origin.restart();
  const next = await site.see('live', { broadcastId: 'b1' });
  expect(await sessionOf(next ?? 0)).toMatchObject({ continuesId: first, broadcastId: 'b1', title: 'Morning' });
  await waitForFrames(t.app, frames + 50);
  origin.end();
  await endGrace(next ?? 0);
});

test('404 after go-live: the playlist is asked for again and again inside grace, and nobody is alarmed', async () => {
  const late = await origin.stream('late', live);
  late.failPlaylist(404);
  await t.say(`/watch ${late.url}`);
  const id = (await site.see('late', { broadcastId: 'l1' })) ?? 0;
  const owned = async () => (await t.app.db.select().from(renditions).where(eq(renditions.sessionId, id)))[0];
  await waitFor(() => late.playlistRequests() >= 4, { what: 'the playlist to be asked for again and again' });
  expect(await stateOf(id)).toBe('starting');
  expect((await owned())?.trouble).toBeNull();
  late.failPlaylist(undefined);
  await waitFor(async () => (await stateOf(id)) === 'recording', { what: 'the recording' });
  late.end();
  await endGrace(id);
});
