import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  readOutcome,
  readPostedFiles,
  startTestApp,
  type TestApp,
  waitForFrames,
  waitUntilPosted,
} from '../support/app.ts';
import { type LiveOrigin, startLiveOrigin } from '../support/live.ts';
import { waitFor } from '../support/wait.ts';
import { type SeenPlatform, seenPlatform } from './seen-platform.ts';

let t: TestApp;
let origin: LiveOrigin;
let site: SeenPlatform;
const media = { mode: 'manual', segments: 48, window: 40 } as const;

beforeAll(async () => {
  // Nobody else takes over, however slow the machine is: Takes are counted.
  t = await startTestApp({ LEASE_SECONDS: '30' });
  site = seenPlatform(t);
  origin = await startLiveOrigin(media);
});
afterAll(async () => {
  await t.close();
  await origin.close();
});

const take = async (ordinal: number) => (await readOutcome(t.app)).takes.find((row) => row.ordinal === ordinal);
const isLost = async () => (await readOutcome(t.app)).sessions[0]?.state === 'reconnecting';

test('scenario 11: a genuine short last piece is posted, a judged phantom is kept and told', async () => {
  await t.say(`/watch ${origin.url}`);
  await site.see('live');
  origin.end();
  await waitForFrames(t.app, 40 * 25);
  await waitFor(isLost, { what: 'the end of the first piece' });
  // Three seconds of something new, and it is over.
  const short = await origin.stream('live', { ...media, toneHz: 880, initial: 3 });
  short.end();
  await waitForFrames(t.app, 43 * 25);
  await waitFor(isLost, { what: 'the end of the short piece' });
  // The server shows what it showed long ago, under other numbers.
  const repetition = await origin.stream('live', { ...media, initial: 8 });
  repetition.end();
  await waitFor(async () => (await take(2))?.withheldReason === 'phantom', { what: 'the verdict on the repetition' });
  t.app.config.graceSeconds = 0.1;
  await waitUntilPosted(t.app);

  const { takes, gaps, segments, messages, deliveries } = await readOutcome(t.app);
  expect(takes.map(({ withheldReason, probationUntil }) => ({ withheldReason, probationUntil }))).toEqual([
    { withheldReason: null, probationUntil: null },
    { withheldReason: null, probationUntil: null },
    { withheldReason: 'phantom', probationUntil: null },
  ]);
  const { frames, planned, media: media0 } = await readPostedFiles(t.app, deliveries[0]?.id ?? 0);
  expect(frames).toBe(43 * 25);
  const kept = segments.filter(({ takeId }) => takeId === takes[2]?.id);
  expect(kept.reduce((sum, row) => sum + row.frameCount, 0)).toBe(8 * 25);
  for (const { key } of kept) expect(await t.app.storage.stat(key)).toBeDefined();
  const withheld = gaps.filter(({ kind }) => kind === 'withheld');
  expect(withheld).toHaveLength(1);
  const lengthOf = (rows: { lengthMs: number }[]) => rows.reduce((sum, row) => sum + row.lengthMs, 0);
  expect(withheld[0]?.lengthMs).toBeCloseTo(lengthOf(kept));
  // All that is kept is in a Part, or withheld.
  expect(Math.abs(lengthOf(planned) + lengthOf(withheld) - lengthOf(segments))).toBeLessThan(3 * 40);
  const shown = JSON.stringify(messages.map(({ content }) => content));
  expect(shown).toContain('1 piece, 0:08, kept: it repeats what came before');
  expect(shown).toContain('0:43: 0:08 (repeats what came before)');

  const { db } = t.app;
  await db.execute(sql`update gaps set length_ms = length_ms + 5000 where kind = 'withheld'`);
  const retry = async () => (await t.say(`/retry s${deliveries[0]?.sessionId} withheld`)).text;
  expect(await retry()).toContain('removed already');
  await db.execute(sql`update gaps set length_ms = length_ms - 5000 where kind = 'withheld'`);
  // A person knows better: it is posted behind what stands, once.
  expect(await retry()).toContain('Posting 0:08');
  expect(await retry()).toContain('held back');
  await waitUntilPosted(t.app);
  const after = await readPostedFiles(t.app, deliveries[0]?.id ?? 0);
  expect(after.frames).toBe((43 + 8) * 25);
  expect(after.media.slice(0, planned.length).map(({ key }) => key)).toEqual(media0.map(({ key }) => key));
  const now = await readOutcome(t.app);
  expect(now.gaps.filter(({ kind }) => kind === 'withheld')).toEqual([]);
});
