import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readOutcome, readPostedFiles, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';
import { exitOf, programsOn, startRole } from './acceptance-setup.ts';

const flow = useFlow();
let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
test('a worker is killed in mid-recording: another goes on, nothing is missing, one album stands', async () => {
  const t = await flow.web({ LEASE_SECONDS: '2' }, ['bots', 'monitor', 'web']);
  const origin = await flow.origin(40, { window: 30, initial: 6 });
  const first = startRole(flow, 'worker', t.env);
  await t.say(`/record ${origin.url}`);
  await waitForFrames(t.app, 100);
  origin.advance(3);
  first.kill('SIGKILL');
  await exitOf(first);
  origin.advance(3);
  startRole(flow, 'worker', t.env);
  await waitFor(async () => (await readOutcome(t.app)).takes.length === 2, { what: 'a take-over' });
  origin.advance(3);
  await waitForFrames(t.app, 300);
  origin.end();
  await waitUntilPosted(t.app);
  const outcome = await readOutcome(t.app);
  expect(outcome.gaps).toEqual([]);
  expect((await readPostedFiles(t.app, outcome.deliveries[0]?.id ?? 0)).frames).toBe(await origin.frames());
  expect(outcome.messages.filter((message) => message.kind === 'video')).toHaveLength(1);
});

test('every role as a process of its own over Redis records, and FLUSHALL in between loses nothing', async () => {
  const t = await flow.web({ QUEUE_URL: redis.url }, []);
  const origin = await flow.origin(30, { window: 20, initial: 6 });
  for (const role of ['bots', 'monitor', 'worker', 'web']) startRole(flow, role, t.env);
  const reply = await t.say(`/record ${origin.url}`);
  expect(reply.text).toContain('s1');
  await redis.flushAll();
  await waitForFrames(t.app, 100);
  origin.advance(6);
  await redis.flushAll();
  origin.end();
  await waitUntilPosted(t.app);
  const outcome = await readOutcome(t.app);
  expect(outcome.gaps).toEqual([]);
  expect((await readPostedFiles(t.app, outcome.deliveries[0]?.id ?? 0)).frames).toBe(await origin.frames());
});

test('scenario 14, SIGTERM while recording: no state changes, no program is left, the next start goes on', async () => {
  const t = await flow.web({}, ['bots', 'monitor', 'web']);
  const origin = await flow.origin(30, { window: 20, initial: 6 });
  const worker = startRole(flow, 'worker', t.env);
  await t.say(`/record ${origin.url}`);
  await waitForFrames(t.app, 100);
  worker.kill('SIGTERM');
  expect(await exitOf(worker)).toBe(0);
  expect(await programsOn(t.env.DATA_DIR ?? '')).toEqual([]);
  const between = await readOutcome(t.app);
  expect(between.sessions[0]?.state).toBe('recording');
  expect(between.deliveries[0]?.closedAt).toBeNull();
  const spool = await readdir(join(t.env.DATA_DIR ?? '', 'spool')).catch(() => []);
  for (const owner of spool) expect(await readdir(join(t.env.DATA_DIR ?? '', 'spool', owner))).toEqual([]);
  startRole(flow, 'worker', t.env);
  origin.advance(6);
  origin.end();
  await waitUntilPosted(t.app);
  const outcome = await readOutcome(t.app);
  expect(outcome.gaps).toEqual([]);
  expect((await readPostedFiles(t.app, outcome.deliveries[0]?.id ?? 0)).frames).toBe(await origin.frames());
});

test('a worker is killed in the middle of grace: what has passed counts for the next one, and there is one post', async () => {
  const t = await flow.web({ LEASE_SECONDS: '1', GRACE_SECONDS: '3600' }, ['bots', 'monitor', 'web']);
  const origin = await flow.origin(12, { initial: 6 });
  const first = startRole(flow, 'worker', t.env);
  await t.say(`/record ${origin.url}`);
  await waitForFrames(t.app, 100);
  origin.goOffline();
  const session = async () => (await readOutcome(t.app)).sessions[0];
  // A try that finds nothing does not begin grace anew.
  await waitFor(
    async () => {
      const { state, changedAt, lostAt } = (await session()) ?? {};
      return state === 'reconnecting' && Number(changedAt) - Number(lostAt) > 400;
    },
    { what: 'another try' },
  );
  first.kill('SIGKILL');
  await exitOf(first);
  // As if it had passed.
  await t.app.db.execute(sql`update segments set kept_at = kept_at - interval '2 hours'`);
  await t.app.db.execute(sql`update sessions set lost_at = lost_at - interval '2 hours'`);
  startRole(flow, 'worker', t.env);
  await waitUntilPosted(t.app);
  const outcome = await readOutcome(t.app);
  expect(outcome.sessions.map(({ endReason }) => endReason)).toEqual(['grace_over']);
  expect((await readPostedFiles(t.app, outcome.deliveries[0]?.id ?? 0)).frames).toBe(6 * 25);
});
