import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { App } from '../../src/app.ts';
import { checks, events, leases, sessions } from '../../src/db/schema.ts';
import { shardCount, shardOf } from '../../src/db/shards.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { waitFor } from '../support/wait.ts';
import { createSite, type Site, startMonitor, type TestMonitor, watchMany } from './setup.ts';

const channels = Array.from({ length: 150 }, (_, index) => `channel${index}`);
const shards = Array.from({ length: shardCount }, (_, shard) => shard);
let running: TestApp;
let app: App;
let ids: Map<string, number>;
let site: Site;
const monitors: TestMonitor[] = [];
beforeAll(async () => {
  running = await startTestApp({ ADMINS: 'telegram:1', SWEEP_SECONDS: '0.2', LEASE_SECONDS: '2' }, []);
  app = running.app;
  ids = await watchMany(app, createSite('many.example').platform(), channels);
});
beforeEach(() => {
  site = createSite('many.example', { everyMs: 2_000 });
});
afterEach(async () => {
  for (const monitor of monitors.splice(0)) await monitor.stop();
  await app.db.delete(leases);
});
afterAll(() => running.close());

function start(by: string): TestMonitor {
  const monitor = startMonitor(app, [site.platform(by)]);
  monitors.push(monitor);
  return monitor;
}

/** How many shards each owner holds, those that ran out left out. */
async function held(): Promise<number[]> {
  const rows = await app.db.execute<{ count: string }>(
    sql`select count(*) from leases where what like 'shard:%' and until > now() group by owner`,
  );
  return rows.map(({ count }) => Number(count)).toSorted((a, b) => a - b);
}

/** Channels that `by` was not asked for since then. */
const missing = (by: string, since: number, of = channels) => {
  const seen = new Set(site.asked.filter((ask) => ask.by === by && ask.at > since).map(({ channel }) => channel));
  return of.filter((channel) => !seen.has(channel));
};
const inShards = (wanted: number[]) => channels.filter((channel) => wanted.includes(shardOf(ids.get(channel) ?? 0)));

test('150 channels: one monitor looks at all in two calls; a second one takes half; all that one had goes to the other', async () => {
  const first = start('first');
  await waitFor(() => missing('first', 0).length === 0, { what: 'looks at all channels' });
  expect(await held()).toEqual([32]);
  const joinedAt = performance.now();
  start('second');
  await waitFor(async () => (await held()).join() === '16,16', { what: 'fair shares' });
  // Each is looked at by exactly one: what the second one looks at, the first one does not any more.
  await waitFor(() => missing('second', joinedAt).length < 150);
  const sharedAt = performance.now();
  const theirs = await waitFor(() => {
    const mine = channels.filter((channel) => !missing('second', sharedAt).includes(channel));
    return (
      mine.length > 0 &&
      missing(
        'first',
        sharedAt,
        channels.filter((c) => !mine.includes(c)),
      ).length === 0 &&
      mine
    );
  });
  expect(theirs).toHaveLength(150 - missing('second', sharedAt).length);
  const stoppedAt = performance.now();
  await first.stop();
  await waitFor(() => missing('second', stoppedAt).length === 0, { what: 'looks at what the first one had' });
  await waitFor(async () => (await held()).join() === '32');
});

test('a monitor that is killed loses its shards after one lease: its channels are looked at by the other, and no broadcast is recorded twice', async () => {
  // What a process leaves behind that held half of the shards.
  const until = sql`now() + interval '2 seconds'`;
  const lost = shards.filter((shard) => shard % 2 === 0);
  const rows = [...lost.map((shard) => `shard:${shard}`), 'monitor:killed'];
  await app.db.insert(leases).values(rows.map((what) => ({ what, owner: 'killed', until })));
  const diedAt = performance.now();
  const live = channels.slice(0, 40);
  for (const channel of live) site.set(channel, { state: 'live', broadcastId: `b ${channel}` });
  start('second');
  const [orphaned, others] = [inShards(lost), inShards(shards.filter((shard) => !lost.includes(shard)))];
  await waitFor(() => missing('second', 0, others).length === 0);
  expect(missing('second', 0, orphaned)).toEqual(orphaned);
  await waitFor(() => missing('second', 0, orphaned).length === 0, { what: 'looks at what the killed one had' });
  expect(Math.min(...site.asked.filter((ask) => orphaned.includes(ask.channel)).map(({ at }) => at))).toBeGreaterThan(
    diedAt + 1_500,
  );
  start('third');
  const doubled = performance.now();
  await waitFor(() => missing('second', doubled).length + missing('third', doubled).length <= 150, {
    what: 'looks of both',
  });
  await waitFor(async () => (await app.db.select().from(sessions)).length === 40, { what: 'all recordings' });
  const started = await app.db.select().from(events).where(sql`kind = 'session.starting'`);
  expect(new Set(started.map(({ subjectId }) => subjectId)).size).toBe(40);
  expect(started).toHaveLength(40);
});

test('a monitor that was cut off from its leases uses no answer, and goes on with all of them', async () => {
  const monitor = start('only');
  await waitFor(() => missing('only', 0).length === 0);
  // Somebody else has them now, and it has not seen that yet.
  await app.db.update(leases).set({ owner: 'other', until: sql`now() + interval '1 second'` });
  await app.db.update(leases).set({ owner: 'other' });
  const before = await app.db.select().from(checks);
  expect(before.length).toBeGreaterThanOrEqual(150);
  const goneAt = performance.now();
  await waitFor(async () => (await held()).join() === '32' && missing('only', goneAt).length === 0);
  expect(monitor.app.owner).toBeDefined();
});
