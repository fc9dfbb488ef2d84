import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { like, sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { leases } from '../../src/db/schema.ts';
import { readOutcome, readPostedFiles, type TestApp, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { openCutOff } from '../support/cut-off.ts';
import type { LiveOrigin } from '../support/live.ts';
import { startRedis } from '../support/redis.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';
import { exitOf, startRole } from './acceptance-setup.ts';

const flow = useFlow();
/** Media Segments a playlist shows: what is not captured within so many seconds is lost. */
const window = 4;

/** Media sequences of all Segments that wait in spools, or waited. */
async function spooled(t: TestApp): Promise<number[]> {
  const root = join(t.env.DATA_DIR ?? '', 'spool');
  const names = await readdir(root, { recursive: true }).catch(() => []);
  const logs = names.filter((name) => name.endsWith('items.jsonl'));
  const text = (await Promise.all(logs.map((name) => readFile(join(root, name), 'utf8').catch(() => '')))).join('');
  const counts = [...text.matchAll(/"sourceSequence":(\d+),"sourceCount":(\d+)/g)];
  return counts.flatMap(([, from, count]) => Array.from({ length: Number(count) }, (_, at) => Number(from) + at));
}

/** Publishes as many as leave the window, and waits until they are closed in the spool. */
async function slideOn(t: TestApp, origin: LiveOrigin, times: number): Promise<void> {
  for (let round = 0; round < times; round++) {
    origin.advance(window - 1);
    // The newest one may stand in a Segment that is still open.
    const newest = origin.last() - 1;
    await waitFor(async () => (await spooled(t)).includes(newest), { what: `${newest} in the spool` });
  }
}

/** Up to the end: every frame is posted once, and nothing is missing. */
async function expectWhole(t: TestApp, origin: LiveOrigin): Promise<void> {
  origin.end();
  await waitUntilPosted(t.app);
  const outcome = await readOutcome(t.app);
  expect(outcome.gaps).toEqual([]);
  const hashes = outcome.segments.flatMap((segment) => segment.hashes);
  expect(new Set(hashes).size).toBe(hashes.length);
  expect((await readPostedFiles(t.app, outcome.deliveries[0]?.id ?? 0)).frames).toBe(await origin.frames());
  expect(outcome.messages.filter(({ kind }) => kind === 'video')).toHaveLength(1);
}

const captureLeases = (t: TestApp) =>
  t.app.db
    .select({ isOver: sql<boolean>`${leases.until} < now()` })
    .from(leases)
    .where(like(leases.what, 'capture:%'));

const storageOf = (t: TestApp) => join(t.env.DATA_DIR ?? '', 'storage');

test('a worker is killed while Storage is away: the next one keeps what waited, though the playlist moved on', async () => {
  const t = await flow.web({ LEASE_SECONDS: '1' }, ['bots', 'monitor', 'web']);
  const origin = await flow.origin(40, { window });
  const first = startRole(flow, 'worker', t.env);
  await t.say(`/record ${origin.url}`);
  await waitForFrames(t.app, 50);
  await rename(storageOf(t), `${storageOf(t)}.away`);
  await slideOn(t, origin, 3);
  const kept = (await readOutcome(t.app)).segments.length;
  first.kill('SIGKILL');
  await exitOf(first);
  await rename(`${storageOf(t)}.away`, storageOf(t));
  origin.advance(1);
  startRole(flow, 'worker', t.env);
  await waitForFrames(t.app, (origin.last() - 1) * 25);
  expect(kept).toBeLessThan(5);
  await expectWhole(t, origin);
});

test('Storage is away, and the stream breaks off meanwhile: what was captured waits and is kept in order', async () => {
  const t = await flow.web();
  const origin = await flow.origin(40, { window });
  await t.say(`/record ${origin.url}`);
  await waitForFrames(t.app, 50);
  await rename(storageOf(t), `${storageOf(t)}.away`);
  await slideOn(t, origin, 2);
  origin.goOffline();
  await waitFor(async () => (await readOutcome(t.app)).sessions[0]?.state === 'reconnecting');
  origin.goLive();
  await slideOn(t, origin, 2);
  await rename(`${storageOf(t)}.away`, storageOf(t));
  await waitForFrames(t.app, (origin.last() - 1) * 25);
  await expectWhole(t, origin);
});

test('Postgres is away for longer than a lease: what was captured waits, is kept, and the owner goes on', async () => {
  const t = await flow.web({ LEASE_SECONDS: '1' }, ['bots', 'monitor', 'web']);
  const way = await openCutOff(t.env.DATABASE_URL ?? '');
  flow.closes(() => way.cut());
  const worker = startRole(flow, 'worker', { ...t.env, DATABASE_URL: way.url });
  const origin = await flow.origin(40, { window });
  await t.say(`/record ${origin.url}`);
  await waitForFrames(t.app, 50);
  await way.cut();
  await slideOn(t, origin, 3);
  await waitFor(async () => (await captureLeases(t))[0]?.isOver, { what: 'the end of the lease' });
  await way.restore();
  await waitForFrames(t.app, (origin.last() - 1) * 25);
  await expectWhole(t, origin);
  expect((await readOutcome(t.app)).takes).toHaveLength(1);
  expect(worker.exitCode).toBeNull();
});

test('Redis is away and comes back empty: recording, planning and posting go on', async () => {
  let redis = await startRedis();
  flow.closes(() => redis.stop());
  const t = await flow.web({ QUEUE_URL: redis.url });
  const origin = await flow.origin(40, { window });
  await t.say(`/record ${origin.url}`);
  await waitForFrames(t.app, 50);
  await redis.stop();
  await slideOn(t, origin, 3);
  await waitForFrames(t.app, (origin.last() - 1) * 25);
  redis = await startRedis(Number(new URL(redis.url).port));
  await expectWhole(t, origin);
});

test('a worker that slept longer than its lease and woke writes nothing into what another owns', async () => {
  const t = await flow.web({ LEASE_SECONDS: '1' }, ['bots', 'monitor', 'web']);
  const origin = await flow.origin(40, { window: 12 });
  const sleeper = startRole(flow, 'worker', t.env);
  await t.say(`/record ${origin.url}`);
  await waitForFrames(t.app, 50);
  sleeper.kill('SIGSTOP');
  startRole(flow, 'worker', t.env);
  origin.advance(4);
  await waitFor(async () => (await readOutcome(t.app)).takes.length === 2, { what: 'a take-over' });
  await waitForFrames(t.app, (origin.last() - 1) * 25);
  const before = await readOutcome(t.app);
  const [slept] = before.takes;
  sleeper.kill('SIGCONT');
  origin.advance(4);
  await waitForFrames(t.app, (origin.last() - 1) * 25);
  // It hands over what it believes to hold.
  sleeper.kill('SIGTERM');
  expect(await exitOf(sleeper)).toBe(0);
  await expectWhole(t, origin);
  const after = await readOutcome(t.app);
  const rowsOf = ({ segments }: typeof after) => segments.filter(({ takeId }) => takeId === slept?.id).length;
  expect(rowsOf(after)).toBe(rowsOf(before));
});
