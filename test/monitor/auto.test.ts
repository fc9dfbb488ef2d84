import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { App } from '../../src/app.ts';
import { dispatch } from '../../src/commands/dispatch.ts';
import { checks, deliveries, notices, sessions, streams, watches, watchTargets } from '../../src/db/schema.ts';
import { createGenericPlatform } from '../../src/monitor/platforms/generic.ts';
import { createMediamtxPlatform } from '../../src/monitor/platforms/mediamtx/mediamtx.ts';
import { createTwitchPlatform } from '../../src/monitor/platforms/twitch/twitch.ts';
import { findStreamViews } from '../../src/web/streams.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type MediamtxServer, startMediamtx } from '../support/mediamtx.ts';
import { programs } from '../support/programs.ts';
import { waitFor } from '../support/wait.ts';
import { startMonitor, type TestMonitor } from './setup.ts';

const options = { programs, allowPrivate: true };
const roots = { apiRoot: 'https://api.twitch.tv/helix', authRoot: 'https://id.twitch.tv/oauth2' };
const platforms = () => [
  createTwitchPlatform({ ...options, ...roots }),
  createMediamtxPlatform(options),
  createGenericPlatform(options),
];

let running: TestApp;
let app: App;
let site: MediamtxServer;
let monitors: TestMonitor[] = [];
let chatId = '0';
beforeAll(async () => {
  // No role runs but the monitors that a test starts.
  running = await startTestApp({ ADMINS: 'telegram:1' }, []);
  app = { ...running.app, platforms: platforms() };
});
beforeEach(async () => {
  site = await startMediamtx();
  chatId = String(Number(chatId) + 1);
});
afterEach(async () => {
  for (const monitor of monitors) await monitor.stop();
  monitors = [];
  await app.db.update(watches).set({ endedAt: sql`now()` });
  await site.close();
});
afterAll(() => running.close());

async function say(text: string): Promise<string> {
  const user = { id: '1', name: 'a', isOwner: false };
  const chat = { kind: 'telegram', chatId } as const;
  const reply = await dispatch(app, { kind: 'command', chat, user, text, messageId: '1' });
  return reply?.text ?? '';
}
const idIn = (text: string) => Number(/\bw(\d+)/.exec(text)?.[1]);
const startMonitors = (count: number) => {
  for (let at = 0; at < count; at++) monitors.push(startMonitor(app, platforms()));
};
/** Has everything looked at. */
const look = () => app.bus.tell('streams', 0);

/** What stands for an order on single streams now, by name. */
async function childrenOf(watchId: number) {
  const rows = await app.db
    .select({ watch: watches, name: streams.platformId, streamId: streams.id })
    .from(watches)
    .innerJoin(streams, eq(streams.id, watches.streamId))
    .where(and(eq(watches.parentId, watchId), isNull(watches.endedAt)))
    .orderBy(asc(streams.platformId));
  return rows;
}
const namesOf = async (watchId: number) => (await childrenOf(watchId)).map(({ name }) => name);
const waitForNames = (watchId: number, names: string[]) =>
  waitFor(async () => String(await namesOf(watchId)) === String(names), { what: `${String(names)} to be watched` });

/** Names of the streams of this server that have Sessions, once for each. */
async function recorded(): Promise<(string | null)[]> {
  const rows = await app.db
    .select({ name: streams.platformId, channel: streams.channel })
    .from(sessions)
    .innerJoin(streams, eq(streams.id, sessions.streamId))
    .orderBy(asc(streams.platformId), asc(sessions.id));
  return rows.filter(({ channel }) => channel.startsWith(site.root)).map(({ name }) => name);
}
const waitForRecorded = (names: string[]) =>
  waitFor(async () => String(await recorded()) === String(names), { what: `recordings of ${String(names)}` });

test('each live stream of that name is begun once, by whatever monitor; a server that is away ends nothing', async () => {
  site.set('web-1', true);
  site.set('web-2', false);
  site.set('other', true);
  startMonitors(2);
  const reply = await say(`/watch ${site.root} auto=web-*`);
  const id = idIn(reply);
  expect(reply).toContain(`Watching 127.0.0.1:${site.port} as w${id}: I record each of its streams named web-*`);
  expect(reply).toContain('Live now: web-1.');
  await waitForRecorded(['web-1']);
  site.set('web-2', true);
  await look();
  await waitForRecorded(['web-1', 'web-2']);
  expect(await namesOf(id)).toEqual(['web-1', 'web-2']);
  expect(await say('/list')).toBe(`w${id} 127.0.0.1:${site.port} (best) · streams web-*`);
  const status = await say(`/status w${id}`);
  expect(status).toMatch(/2 streams of it are watched:\nweb-1: recorded as s\d+\nweb-2: recorded as s\d+/);
  site.setFault('gone');
  await look();
  await waitFor(async () => (await say(`/status w${id}`)).includes('not known for'), {
    what: 'an outage that is told',
  });
  expect(await say(`/status w${id}`)).toMatch(/which streams are live: .*\n2 streams of it are watched/);
  site.setFault(undefined);
  await look();
  await waitFor(async () => !(await say(`/status w${id}`)).includes('not known for'), {
    what: 'the end of the outage',
  });
  expect(await recorded()).toEqual(['web-1', 'web-2']);
  const rows = await app.db.select().from(deliveries).where(isNull(deliveries.closedAt));
  expect(rows).toHaveLength(2);
  expect(await say(`/stop w${id}`)).toMatch(/^Stopping s\d+, s\d+:/);
  const { streams: views } = await findStreamViews(app.db);
  const shown = views.filter(({ orders }) => orders.includes(`w${id}`));
  expect(shown.map(({ name }) => name.replace(/^.*:\d+/, '')).toSorted()).toEqual(['', '/web-1', '/web-2']);
  expect(shown.find(({ name }) => name.endsWith(String(site.port)))?.lines).toEqual(['2 streams of it are watched:']);
});

test('while it is paused nothing is begun; then it goes on; when it ends, so do those made for it', async () => {
  site.set('web-1', true);
  const id = idIn(await say(`/watch ${site.root} auto=*`));
  await say(`/pause ${site.root}`);
  expect((await childrenOf(id)).map(({ watch }) => watch.pausedAt !== null)).toEqual([true]);
  expect(await say(`/status w${id}`)).toContain(`paused; /resume w${id} goes on`);
  startMonitors(1);
  site.set('web-2', true);
  await look();
  // Something else that is watched was looked at meanwhile.
  const other = idIn(await say(`/watch ${site.root.replace('127.0.0.1', 'localhost')} auto=web-2`));
  await waitForNames(other, ['web-2']);
  expect(await namesOf(id)).toEqual(['web-1']);
  expect(await recorded()).toEqual([]);
  expect(await say('/resume')).toBe(`w${id} goes on.`);
  await waitForRecorded(['web-1', 'web-2']);
  await say(`/unwatch w${id}`);
  expect(await namesOf(id)).toEqual([]);
});

test('an order that is given anew has its new names, rules and targets at once', async () => {
  for (const name of ['web-1', 'web-2', 'cam-1']) site.set(name, true);
  const id = idIn(await say(`/watch ${site.root} auto=web-*`));
  expect(await namesOf(id)).toEqual(['web-1', 'web-2']);
  expect(idIn(await say(`/watch ${site.root} auto=*-1,!cam-2 split=30m mode=notify`))).toBe(id);
  const children = await childrenOf(id);
  expect(children.map(({ name }) => name)).toEqual(['cam-1', 'web-1']);
  for (const { watch } of children) expect(watch).toMatchObject({ rules: { splitMs: 1_800_000 }, mode: 'notify' });
  const targeted = await app.db
    .select()
    .from(watchTargets)
    .where(eq(watchTargets.watchId, children[1]?.watch.id ?? 0));
  expect(targeted).toHaveLength(1);
});

test('what was not live for long is watched no more, and anew when it comes back; nothing live is told so', async () => {
  site.set('web-1', true);
  const id = idIn(await say(`/watch ${site.root} auto=web-*`));
  const [first] = await childrenOf(id);
  const longAgo = sql`now() - interval '11 minutes'`;
  await app.db
    .update(watches)
    .set({ createdAt: longAgo })
    .where(eq(watches.id, first?.watch.id ?? 0));
  await app.db.update(watches).set({ createdAt: sql`now() - interval '1 hour'` }).where(eq(watches.id, id));
  const seen = { streamId: first?.streamId ?? 0, state: 'live', at: longAgo, lastAt: longAgo };
  await app.db.insert(checks).values(seen);
  site.set('web-1', undefined);
  startMonitors(1);
  await waitForNames(id, []);
  expect(await say(`/status w${id}`)).toContain('\nno stream named web-* is live');
  site.set('web-1', true);
  await look();
  await waitForNames(id, ['web-1']);
  expect((await childrenOf(id))[0]?.watch.id).toBeGreaterThan(first?.watch.id ?? 0);
});

test('no order watches more than a hundred streams, and the chat is told once', async () => {
  for (let at = 0; at < 103; at++) site.set(`web-${at}`, true);
  // Of none of them a recording begins.
  const id = idIn(await say(`/watch ${site.root} auto=* title=concert`));
  expect(await namesOf(id)).toHaveLength(100);
  startMonitors(1);
  const told = () => app.db.select().from(notices).where(eq(notices.chatId, chatId));
  await waitFor(async () => (await told()).length > 0, { what: 'a notice' });
  site.set('web-103', true);
  await look();
  await waitFor(async () => (await say(`/status w${id}`)).includes('100 streams are watched, which is the most'));
  expect(await namesOf(id)).toHaveLength(100);
  expect((await told()).map(({ text }) => text)).toEqual([expect.stringMatching(/^More than 100 streams of 127/)]);
});

test('what cannot list its streams is refused in words; what only does not answer is asked again', async () => {
  const refused = async (text: string) => {
    const reply = await say(text);
    expect(await say('/list'), text).toBe('Nothing is watched in this chat.');
    return reply;
  };
  expect(await refused('/watch https://www.twitch.tv/somebody auto=*')).toContain('No server answers there');
  expect(await refused('/watch rtsp://127.0.0.1:8554/x auto=*')).toContain('/watch http://host:9997 auto=web-*');
  expect(await refused(`/watch ${site.root} auto=web-[12]`)).toContain('names no streams');
  expect(await refused(`/watch ${site.root} auto=* cross=https://www.twitch.tv/a`)).toContain('do not go together');
  site.setFault('page');
  expect(await refused(`/watch ${site.root} auto=*`)).toContain('No server answers there');
  site.setFault(undefined);
  site.setLogin({ user: 'admin', pass: 'secret' });
  expect(await refused(`/watch ${site.root} auto=*`)).toContain('http://name:password@host:9997');
  site.setFault('gone');
  const reply = await say(`/watch ${site.root.replace('//', '//admin:secret@')} auto=*`);
  expect(reply).toContain('It does not tell now which streams are live; I keep asking.');
  expect(reply).not.toContain('secret');
  site.setFault(undefined);
  site.set('web-1', true);
  startMonitors(1);
  await waitForNames(idIn(reply), ['web-1']);
  expect(await say(`/status w${idIn(reply)}`)).not.toContain('secret');
});
