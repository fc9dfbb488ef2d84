import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { App } from '../../src/app.ts';
import type { StreamRef, StreamStatus } from '../../src/core/ports.ts';
import { sessions, streams, watches } from '../../src/db/schema.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { waitFor } from '../support/wait.ts';
import { createSite, lookAt, startMonitor, type TestMonitor, watchMany } from './setup.ts';

let running: TestApp;
let app: App;
const monitors: TestMonitor[] = [];
beforeAll(async () => {
  running = await startTestApp({ ADMINS: 'telegram:1', SWEEP_SECONDS: '0.1' }, []);
  app = running.app;
});
afterEach(async () => {
  for (const monitor of monitors.splice(0)) await monitor.stop();
});
afterAll(() => running.close());

const sessionsOf = (streamId: number) => app.db.select().from(sessions).where(eq(sessions.streamId, streamId));

test('channels that somebody waits for are asked what they announce, and only those; a new name is told, the first one is not', async () => {
  const asked: string[] = [];
  let called: Partial<StreamStatus> = { title: 'yesterday' };
  const checkOffline = async (list: StreamRef[]): Promise<StreamStatus[]> => {
    asked.push(...list.map(({ channel }) => channel));
    return list.map(({ id }) => ({ streamId: id, state: 'offline', ...called }));
  };
  const site = createSite('waiting.example', { checkOffline });
  const ids = await watchMany(app, site.platform(), ['waited', 'other']);
  const id = ids.get('waited') ?? 0;
  await app.db
    .update(watches)
    .set({ rules: { waiting: true } })
    .where(eq(watches.streamId, id));
  const first = startMonitor(app, [site.platform()]);
  monitors.push(first);
  const named = async () => (await app.db.select().from(streams).where(eq(streams.id, id)))[0]?.title;
  await waitFor(async () => (await named()) === 'yesterday');
  await first.stop();
  expect(await sessionsOf(id)).toEqual([]);
  called = { title: 'tonight', category: 'Talk' };
  monitors.push(startMonitor(app, [site.platform()]));
  await waitFor(async () => (await sessionsOf(id)).length === 1, { what: 'the announcement' });
  expect(await sessionsOf(id)).toMatchObject([{ state: 'waiting', title: 'tonight', category: 'Talk' }]);
  expect(new Set(asked)).toEqual(new Set(['waited']));
});

test('a broadcast that is announced with its time is waited for, and goes live as the same Session', async () => {
  const site = createSite('scheduled.example');
  const ids = await watchMany(app, site.platform(), ['show']);
  const id = ids.get('show') ?? 0;
  await app.db
    .update(watches)
    .set({ rules: { waiting: true } })
    .where(eq(watches.streamId, id));
  monitors.push(startMonitor(app, [site.platform()]));
  const scheduledFor = new Date(Date.now() + 3_600_000);
  site.set('show', { state: 'scheduled', broadcastId: 'v1', title: 'soon', scheduledFor });
  await lookAt(app, site, 'show', id);
  await waitFor(async () => (await sessionsOf(id)).length === 1);
  expect(await sessionsOf(id)).toMatchObject([{ state: 'waiting', scheduledFor, detectedAt: null }]);
  site.set('show', { state: 'live', broadcastId: 'v1', title: 'now' });
  await lookAt(app, site, 'show', id);
  await waitFor(async () => (await sessionsOf(id))[0]?.state === 'starting');
  expect(await sessionsOf(id)).toMatchObject([{ title: 'now', detectedAt: expect.any(Date) }]);
});
