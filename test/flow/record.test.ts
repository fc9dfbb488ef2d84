import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readOutcome, readPostedFiles, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();

test('a watched stream that goes live twice becomes two Sessions with an album each', async () => {
  const t = await flow.web();
  const origin = await flow.origin(30, { window: 6 });
  await t.say(`/watch ${origin.url}`);
  await waitForFrames(t.app, 100);
  origin.end();
  await waitUntilPosted(t.app, 1);
  origin.restart();
  await t.app.bus.tell('streams', 0);
  await waitFor(async () => (await readOutcome(t.app)).sessions.length === 2);
  await waitFor(async () =>
    (await readOutcome(t.app)).segments.some((segment) => segment.takeId > 1 && segment.mediaSequence === 0),
  );
  origin.end();
  await waitUntilPosted(t.app, 2);
  expect((await readOutcome(t.app)).messages.filter((message) => message.kind === 'video')).toHaveLength(2);
});

test('two chats on one stream share one capture, and /stop of one never ends the other', async () => {
  const t = await flow.web();
  const origin = await flow.origin(30, { window: 6 });
  await t.say(`/record ${origin.url}`, 'main');
  await waitForFrames(t.app, 100);
  await t.say(`/record ${origin.url}`, 'other');
  origin.advance(4);
  await waitForFrames(t.app, 200);
  await t.say('/stop', 'other');
  origin.advance(6);
  await waitForFrames(t.app, 350);
  origin.end();
  await waitUntilPosted(t.app, 2);
  const outcome = await readOutcome(t.app);
  expect(outcome.sessions).toHaveLength(1);
  expect(outcome.takes).toHaveLength(1);
  expect(new Set(outcome.segments.map((segment) => segment.sourceSequence)).size).toBe(outcome.segments.length);
  const [mine, others] = outcome.deliveries;
  expect((await readPostedFiles(t.app, mine?.id ?? 0)).frames).toBe(await origin.frames());
  const otherFrames = (await readPostedFiles(t.app, others?.id ?? 0)).frames;
  expect(otherFrames).toBeGreaterThan(0);
  expect(otherFrames).toBeLessThan(await origin.frames());
  const albums = outcome.messages.filter((message) => message.kind === 'video' || message.kind === 'album');
  expect(albums.map((message) => message.chatId).sort()).toEqual(['main', 'other']);
});

test('twelve parts become an album of ten and one of two, in order, none over the limit', async () => {
  const t = await flow.web();
  const origin = await flow.origin(24);
  origin.end();
  const bytes = await Promise.all(Array.from({ length: 24 }, (_, index) => origin.bytes(index)));
  const largestPair = Math.max(...bytes.map((segment, index) => segment.length + (bytes[index + 1]?.length ?? 0)));
  const smallestTwo = Math.min(
    ...Array.from({ length: 21 }, (_, i) => bytes.slice(i, i + 4).reduce((sum, segment) => sum + segment.length, 0)),
  );
  expect(smallestTwo).toBeGreaterThan(largestPair);
  const limit = Math.ceil((largestPair + 64_001) / 0.985);
  await t.say(`/target set here limit=${limit}B`);
  const live = await flow.origin(24);
  try {
    await t.say(`/record ${live.url}`);
    await waitForFrames(t.app, 500);
    live.end();
    await waitUntilPosted(t.app);
    const outcome = await readOutcome(t.app);
    const posted = await readPostedFiles(t.app, outcome.deliveries[0]?.id ?? 0);
    expect(posted.files).toHaveLength(12);
    expect(Math.max(...posted.media.map((item) => item.sizeBytes))).toBeLessThanOrEqual(limit);
    expect(posted.frames).toBe(await live.frames());
    const albums = outcome.messages.filter((message) => message.kind === 'album');
    expect(albums.map((message) => message.media.length)).toEqual([10, 2]);
    expect(posted.media.map((item) => item.key)).toEqual(posted.planned.map((part) => `web/parts/${part.id}.mp4`));
    expect(albums[0]?.content.text).toContain('parts 1–10/12');
  } finally {
    await live.close();
  }
});

test.each([['[x] 100% "%(id)s" 💥 <script>alert(1)</script> **b** ../../etc'], ['超'.repeat(80)]])(
  'a title from hell is recorded and shown verbatim: %s',
  async (title) => {
    const origin = await flow.origin(8, { window: 6 });
    const dir = await mkdtemp(join(tmpdir(), 'aircheck-ytdlp-'));
    try {
      const answer = {
        title,
        is_live: true,
        formats: [{ url: origin.url, protocol: 'm3u8_native', height: 180, vcodec: 'h264', acodec: 'aac' }],
      };
      await writeFile(join(dir, 'answer.json'), JSON.stringify(answer));
      await writeFile(join(dir, 'yt-dlp'), `#!/bin/sh\ncat "$(dirname "$0")/answer.json"\n`, { mode: 0o755 });
      const t = await flow.web({ YTDLP: join(dir, 'yt-dlp') });
      const page = new URL('/some-page', origin.url).href;
      expect((await t.say(`/record ${page}`)).text).toContain(title);
      await waitForFrames(t.app, 100);
      origin.end();
      await waitUntilPosted(t.app);
      const outcome = await readOutcome(t.app);
      expect(outcome.sessions[0]?.title).toBe(title);
      expect(outcome.messages.find((message) => message.kind === 'video')?.content.text).toContain(title);
      expect(outcome.segments.every((segment) => /^[a-z0-9][A-Za-z0-9./-]*$/.test(segment.key))).toBe(true);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
);

test('five streams at once are all recorded whole', async () => {
  const t = await flow.web();
  const origin = await flow.origin(10, { window: 6 });
  const others = await Promise.all(
    [1, 2, 3, 4].map((n) => origin.stream(`s${n}`, { mode: 'manual', segments: 10, window: 6 })),
  );
  const all = [origin, ...others];
  await Promise.all(all.map((live) => t.say(`/record ${live.url}`)));
  // All that each of them listed: none may begin late.
  await waitForFrames(t.app, 5 * 150);
  for (const live of all) {
    live.advance(4);
    live.end();
  }
  await waitUntilPosted(t.app, 5);
  const outcome = await readOutcome(t.app);
  for (const delivery of outcome.deliveries)
    expect((await readPostedFiles(t.app, delivery.id)).frames).toBe(await origin.frames());
});

test('below the disk reserve recording goes on, part files wait with one alert, and it recovers by itself', async () => {
  const t = await flow.web({ DISK_RESERVE_MB: '900000000' });
  const origin = await flow.origin(10, { window: 6 });
  await t.say(`/record ${origin.url}`);
  await waitForFrames(t.app, 100);
  origin.advance(4);
  origin.end();
  await waitFor(async () => (await readOutcome(t.app)).sessions[0]?.state === 'ended');
  await waitFor(async () => (await readOutcome(t.app)).deliveries[0]?.state === 'posting');
  expect((await readOutcome(t.app)).messages.filter((message) => message.kind === 'video')).toHaveLength(0);
  t.app.config.diskReserveMb = 0;
  await waitUntilPosted(t.app);
  const outcome = await readOutcome(t.app);
  expect((await readPostedFiles(t.app, outcome.deliveries[0]?.id ?? 0)).frames).toBe(await origin.frames());
});
