import { asc, eq, like } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { closeWindows } from '../../src/advance.ts';
import type { App } from '../../src/app.ts';
import { findChecks } from '../../src/db/checks.ts';
import { chapters, deliveries, events, sessions, streams } from '../../src/db/schema.ts';
import { noteOutage, type Outages } from '../../src/monitor/outages.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { waitFor } from '../support/wait.ts';
import { createSite, lookAt, say, startMonitor, type TestMonitor, watchMany } from './setup.ts';

let running: TestApp;
let app: App;
const monitors: TestMonitor[] = [];
beforeAll(async () => {
  // No role runs but the monitors that a test starts.
  running = await startTestApp({ ADMINS: 'telegram:1', SWEEP_SECONDS: '0.1' }, []);
  app = running.app;
});
afterEach(async () => {
  vi.useRealTimers();
  for (const monitor of monitors.splice(0)) await monitor.stop();
});
afterAll(() => running.close());

/** A site of its own, one channel that is watched, and a monitor. */
async function watchOne(host: string, channels = ['show'], options = {}) {
  const site = createSite(host, options);
  const ids = await watchMany(app, site.platform(), channels);
  const monitor = startMonitor(app, [site.platform()]);
  monitors.push(monitor);
  const id = ids.get(channels[0] ?? '') ?? 0;
  return { site, ids, id, monitor, look: () => lookAt(app, site, channels[0] ?? '', id) };
}

const sessionsOf = (streamId: number) =>
  app.db.select().from(sessions).where(eq(sessions.streamId, streamId)).orderBy(asc(sessions.id));
const alerts = () => app.db.select().from(events).where(like(events.kind, 'alert.%')).orderBy(asc(events.id));

test('each change of what a broadcast is called is a chapter; what is unknown erases nothing', async () => {
  const { site, id, look } = await watchOne('chapters.example');
  for (const called of [{}, { title: 'A' }, { title: 'A', category: 'Talk' }, {}, { title: 'B' }, { title: 'B' }]) {
    site.set('show', { state: 'live', broadcastId: 'b1', ...called });
    await look();
    if (called.title)
      await waitFor(
        async () => (await app.db.select().from(streams).where(eq(streams.id, id)))[0]?.title === called.title,
      );
  }
  await waitFor(async () => (await sessionsOf(id))[0]?.title === 'B');
  const [session, ...others] = await sessionsOf(id);
  expect(others).toEqual([]);
  expect(session).toMatchObject({ title: 'B', category: 'Talk', state: 'starting' });
  const rows = await app.db
    .select({ title: chapters.title, category: chapters.category })
    .from(chapters)
    .where(eq(chapters.sessionId, session?.id ?? 0))
    .orderBy(chapters.id);
  expect(rows).toEqual([
    { title: null, category: null },
    { title: 'A', category: null },
    { title: 'A', category: 'Talk' },
    { title: 'B', category: 'Talk' },
  ]);
});

test('a channel that comes and goes is one recording while it is not over, and each change is written down', async () => {
  const { site, id, look } = await watchOne('flapping.example');
  for (const state of ['offline', 'live', 'offline', 'live', 'unknown', 'live'] as const) {
    site.set('show', { state });
    await look();
  }
  const rows = (await findChecks(app.db, [id], 20)).get(id) ?? [];
  expect(rows.map(({ state }) => state).toReversed()).toEqual([
    'offline',
    'live',
    'offline',
    'live',
    'unknown',
    'live',
  ]);
  expect(await sessionsOf(id)).toHaveLength(1);
});

test('equal answers are counted, and written down when the monitor ends; the next one counts on', async () => {
  const { site, id, look, monitor } = await watchOne('counting.example');
  for (const _ of [1, 2, 3]) await look();
  await monitor.stop();
  const count = site.asksOf('show').length;
  const [row, ...others] = (await findChecks(app.db, [id], 20)).get(id) ?? [];
  expect(others).toEqual([]);
  expect(row).toMatchObject({ state: 'offline', reason: null, count });
  const next = startMonitor(app, [site.platform()]);
  await waitFor(() => site.asksOf('show').length > count, { what: 'a look of the next monitor' });
  await next.stop();
  expect((await findChecks(app.db, [id], 20)).get(id)).toMatchObject([
    { id: row?.id, count: site.asksOf('show').length },
  ]);
});

test('a site that fails in a way nobody thought of makes its channels unknown, never offline, and is told once', async () => {
  const { site, id, look } = await watchOne('broken.example');
  await look();
  const answer = site.check;
  site.check = async () => {
    throw new Error('boom https://broken.example/?key=secret');
  };
  site.set('show', { state: 'unknown' });
  const [row] = await look();
  expect(row).toMatchObject({ state: 'unknown', reason: 'look_failed' });
  await look();
  site.check = answer;
  site.set('show', { state: 'live' });
  await look();
  await waitFor(async () => (await sessionsOf(id)).length === 1);
  const told = (await alerts()).filter(({ data }) => data.platform === 'broken.example');
  expect(told.map(({ kind, data }) => [kind, data.error])).toEqual([
    ['alert.monitor_failed', 'boom https://broken.example/'],
    ['alert.monitor_recovered', ''],
  ]);
});

test('an outage is over when what it struck is well again, or is watched no more', async () => {
  const outages: Outages = new Map();
  const end = { platform: 'gone.example', isSilent: false };
  const streamOf = (id: number) => ({ id, platform: 'gone.example', channel: 'x', url: 'https://gone.example/x' });
  await noteOutage(app, outages, { ...end, streams: [streamOf(1)], fault: new Error('boom'), isWatched: () => true });
  await noteOutage(app, outages, { ...end, streams: [streamOf(2)], fault: undefined, isWatched: (id) => id !== 1 });
  const told = (await alerts()).filter(({ data }) => data.platform === 'gone.example');
  expect(told.map(({ kind }) => kind)).toEqual(['alert.monitor_failed', 'alert.monitor_recovered']);
});

test('an answer that cannot be used is told once, and the others of its batch are used', async () => {
  const channels = Array.from({ length: 20 }, (_, index) => `c${index}`);
  const { site, ids } = await watchOne('poison.example', channels);
  for (const channel of channels) site.set(channel, { state: 'live', title: `${channel}\u0000` });
  site.set('c7', { state: 'live', startedAt: new Date('no date') });
  await app.bus.tell('streams', 0);
  const open = async () => (await app.db.select().from(sessions)).map(({ streamId }) => streamId);
  await waitFor(async () => {
    const live = await open();
    return channels.every((channel) => channel === 'c7' || live.includes(ids.get(channel) ?? 0));
  });
  expect(await open()).not.toContain(ids.get('c7'));
  await waitFor(async () =>
    (await alerts()).some(({ kind, data }) => kind === 'alert.look_failed' && data.stream === 'c7'),
  );
  site.set('c7', { state: 'live', title: 'fine' });
  await app.bus.tell('streams', ids.get('c7') ?? 0);
  await waitFor(async () => (await open()).includes(ids.get('c7') ?? 0));
  expect((await alerts()).filter(({ kind }) => kind === 'alert.look_failed')).toHaveLength(1);
});

test('channels that do not answer delay no other, and are asked no more than half of the time', async () => {
  const channels = ['slow1', 'slow2', 'slow3', 'slow4', 'fast1', 'fast2'];
  const options = { batchSize: 1, checksAtOnce: 4, everyMs: 50 };
  const site = createSite('slow.example', options);
  const ids = await watchMany(app, site.platform(), channels);
  let release = () => {};
  const answer = site.check;
  let isStuck = false;
  site.check = async (list, signal) => {
    const [stream] = list;
    if (!stream?.channel.startsWith('slow')) return answer(list, signal);
    if (!isStuck) return [{ streamId: stream.id, state: 'unknown', reason: 'timeout' }];
    await new Promise<void>((resolve) => {
      const before = release;
      release = () => (before(), resolve());
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    return answer(list, signal);
  };
  monitors.push(startMonitor(app, [site.platform()]));
  await waitFor(async () => channels.every((channel) => site.asksOf(channel).length > 0));
  isStuck = true;
  const before = site.asked.length;
  await waitFor(() => ['fast1', 'fast2'].every((name) => site.asksOf(name).length >= 5), {
    what: 'looks at the others',
  });
  const stuck = site.asked.slice(before).filter(({ channel }) => channel.startsWith('slow'));
  expect(stuck.length).toBeLessThanOrEqual(2);
  release();
  expect(ids.size).toBeGreaterThan(0);
});

test('a broadcast that was stopped by hand is recorded again when it was seen offline', async () => {
  const { site, id, look } = await watchOne('stopped.example');
  site.set('show', { state: 'live', broadcastId: 'one' });
  await look();
  await waitFor(async () => (await sessionsOf(id)).length > 0);
  const [first] = await sessionsOf(id);
  const windows = await app.db
    .select()
    .from(deliveries)
    .where(eq(deliveries.sessionId, first?.id ?? 0));
  await closeWindows(
    app,
    windows.map((row) => row.id),
    'stopped',
  );
  await look();
  site.set('show', { state: 'live', broadcastId: 'one', title: 'renamed' });
  await look();
  await waitFor(async () => (await app.db.select().from(streams).where(eq(streams.id, id)))[0]?.title === 'renamed');
  await look();
  expect(await sessionsOf(id)).toHaveLength(1);
  for (const state of ['offline', 'live'] as const) {
    site.set('show', { state, broadcastId: 'two' });
    await look();
  }
  await waitFor(async () => (await sessionsOf(id)).length === 2, { what: 'the next recording' });
});

test('a clock that is set forward and back changes nothing of when channels are looked at', async () => {
  const { site } = await watchOne('clock.example', ['show'], { everyMs: 100 });
  await waitFor(() => site.asked.length >= 3);
  for (const step of [86_400_000, -86_400_000]) {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + step });
    const before = site.asked.length;
    await waitFor(() => site.asked.length >= before + 5, { what: 'looks after the clock was set' });
    vi.useRealTimers();
  }
  // The second look comes sooner, so that channels are not all looked at at once for ever.
  const times = site.asked.slice(1).map(({ at }) => at);
  const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(95);
});

test('looks at what is live and settled leave the database alone', async () => {
  const { site, id, look } = await watchOne('settled.example');
  site.set('show', { state: 'live', broadcastId: 'b', title: 'T' });
  await look();
  await waitFor(async () => (await sessionsOf(id)).length === 1);
  let rings = 0;
  // A Session is rung for whenever it is gone through.
  const unhear = app.bus.hear('sessions', () => void rings++);
  const count = site.asksOf('show').length;
  for (const _ of [1, 2, 3]) await look();
  await say({ ...app, platforms: [site.platform()] }, '/watch https://settled.example/show quality=480p');
  await waitFor(() => rings > 0, { what: 'the new order to be followed' });
  unhear();
  expect(site.asksOf('show').length).toBeGreaterThanOrEqual(count + 4);
  // The order that came; and one bell that was still on its way.
  expect(rings).toBeLessThanOrEqual(2);
});
