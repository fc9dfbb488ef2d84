import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asc, eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { deliveries, events, segments, takes, uploads } from '../../src/db/schema.ts';
import { readOutcome, readPostedFiles, type TestApp, waitForFrames, waitUntilPosted } from '../support/app.ts';
import type { LiveOrigin } from '../support/live.ts';
import type { FaultSpec } from '../support/telegram/faults.ts';
import { framesOf, type TelegramApp } from '../support/telegram-app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();
async function openTelegram(env: Record<string, string> = {}): Promise<TelegramApp> {
  const s = await flow.telegram({ env });
  await s.say('/target add archive @archive_channel');
  return s;
}

const isKept = async ({ app }: TestApp, sessionId: number): Promise<boolean> => {
  const rows = await app.db
    .select({ id: segments.id })
    .from(segments)
    .innerJoin(takes, eq(takes.id, segments.takeId))
    .where(eq(segments.renditionId, sessionId));
  return rows.length > 0;
};

/** The broadcast ends and the next one begins. */
async function goLiveAgain(t: TestApp, origin: LiveOrigin): Promise<void> {
  origin.restart();
  await t.app.bus.tell('streams', 0);
}

const stateOf = async ({ app }: TestApp, id: number) =>
  (await app.db.select().from(deliveries).where(eq(deliveries.id, id)))[0]?.state;

test.each<[string, FaultSpec]>([
  ['scenario 7: uploads fail', { method: 'sendVideo', kind: 'error500', times: 1000 }],
  ['scenario 8: an upload runs', { method: 'sendVideo', kind: 'slowBody', bytesPerSecond: 1000 }],
])('%s for a recording, and the channel goes live: the next recording starts within one poll', async (_what, fault) => {
  const s = await openTelegram();
  const origin = await flow.origin(30, { window: 6 });
  await s.say(`/watch ${origin.url} to=archive`);
  await waitForFrames(s.t.app, 100);
  const struck = s.telegram.fault(fault);
  origin.end();
  await waitFor(() => struck.hits > 0, { what: 'an upload' });
  await waitFor(async () => (await readOutcome(s.t.app)).sessions[0]?.state === 'ended');
  await goLiveAgain(s.t, origin);
  await waitFor(() => isKept(s.t, 2), { what: 'a Segment of the next recording' });
  expect(['collecting', 'posting']).toContain(await stateOf(s.t, 1));
  expect(s.posts()).toEqual([]);
});

test('scenario 8: the connection drops while the stream is still live: it is recorded again within one poll, as one recording', async () => {
  const t = await flow.web();
  const origin = await flow.origin(30, { window: 6 });
  await t.say(`/watch ${origin.url}`);
  await waitForFrames(t.app, 100);
  origin.goOffline();
  await waitFor(async () => (await readOutcome(t.app)).sessions[0]?.state === 'reconnecting');
  origin.goLive();
  origin.advance(4);
  await waitForFrames(t.app, 250);
  origin.end();
  await waitUntilPosted(t.app);
  const outcome = await readOutcome(t.app);
  expect(outcome.sessions).toHaveLength(1);
  expect((await readPostedFiles(t.app, outcome.deliveries[0]?.id ?? 0)).frames).toBe(await origin.frames());
});

test('scenario 8: not one byte comes: it is tried again, and the card shows the true cause', async () => {
  const t = await flow.web();
  const origin = await flow.origin(30, { window: 12 });
  const gate = await openGate(origin.url);
  await t.say(`/record ${gate.url}`);
  const trouble = 'answered with an error';
  await waitFor(async () => {
    const card = (await readOutcome(t.app)).messages.find(({ kind }) => kind === 'card');
    return card?.content.state === 'reconnecting' && JSON.stringify(card.content).includes(trouble);
  });
  expect((await readOutcome(t.app)).segments).toEqual([]);
  gate.open();
  await waitForFrames(t.app, 100);
  origin.end();
  await waitUntilPosted(t.app);
  const { deliveries: rows, gaps } = await readOutcome(t.app);
  expect((await readPostedFiles(t.app, rows[0]?.id ?? 0)).frames).toBe(await origin.frames());
  expect(gaps).toEqual([]);
});

/** Answers once as the stream does (that it is live), then 503 until it is opened. */
async function openGate(to: string): Promise<{ url: string; open(): void }> {
  let asked = 0;
  let isOpen = false;
  const server: Server = createServer((_request, response) => {
    asked++;
    const isShut = asked > 1 && !isOpen;
    response.writeHead(isShut ? 503 : 302, isShut ? {} : { location: to }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  flow.closes(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/live.m3u8`, open: () => void (isOpen = true) };
}

test('scenario 10: a recording could not be posted, and the channel goes live: the old one and its files are kept, shown, and posted by /retry', async () => {
  const s = await openTelegram();
  const origin = await flow.origin(30, { window: 6 });
  await s.say(`/watch ${origin.url} to=archive`);
  await waitForFrames(s.t.app, 100);
  s.telegram.fault({
    method: /^send(Video|MediaGroup)$/,
    chatId: s.channel.id,
    kind: 'run',
    fn: () => s.world.kick(s.channel),
  });
  origin.end();
  await waitFor(async () => (await stateOf(s.t, 1)) === 'paused');
  const frames = await origin.frames();
  const before = (await readOutcome(s.t.app)).segments;
  await goLiveAgain(s.t, origin);
  await waitFor(() => isKept(s.t, 2), { what: 'a Segment of the next recording' });
  const after = (await readOutcome(s.t.app)).segments.filter(({ renditionId }) => renditionId === 1);
  expect(after).toEqual(before);
  for (const { key } of before) expect(await s.t.app.storage.stat(key)).toBeDefined();
  expect(await s.say('/status')).toMatch(/s1 .*\n.*needs help.*\n.*not in the chat/);
  s.world.setMember(s.channel, s.telegram.bot, 'administrator');
  await s.say('/retry s1');
  await waitFor(async () => (await stateOf(s.t, 1)) === 'done', { what: 'the old recording to be posted' });
  expect(await framesOf(s, s.posts()[0] ?? [])).toBe(frames);
});

test('scenario 13: five channels are live while four uploads run: five recordings', async () => {
  const s = await openTelegram({ MAX_CAPTURES: '5' });
  const origin = await flow.origin(30, { window: 6 });
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
  const streams = await Promise.all(
    names.map((name) => origin.stream(name, { mode: 'manual', segments: 12, window: 6 })),
  );
  s.telegram.fault({ method: 'sendVideo', kind: 'slowBody', bytesPerSecond: 1000, times: 4 });
  const [ended, live] = [streams.slice(0, 4), streams.slice(4)];
  for (const { url } of ended) await s.say(`/record ${url} to=archive`);
  await waitFor(async () => (await keptSessions(s.t)).length === 4);
  for (const stream of ended) stream.end();
  await waitFor(async () => (await sending(s.t)).length === 4, { what: 'four uploads' });
  for (const { url } of live) await s.say(`/record ${url} to=archive`);
  await waitFor(async () => (await keptSessions(s.t)).length === 9, { what: 'five more recordings' });
  expect(await sending(s.t)).toHaveLength(4);
});

async function keptSessions({ app }: TestApp): Promise<number[]> {
  const rows = await app.db.select({ id: segments.renditionId }).from(segments).orderBy(asc(segments.id));
  return [...new Set(rows.map(({ id }) => id))];
}

const sending = ({ app }: TestApp) => app.db.select().from(uploads).where(eq(uploads.state, 'sending'));

test('scenario 13: more channels are live than may be recorded at once: each is recorded as a place is free, none waits for ever', async () => {
  const t = await flow.web({ MAX_CAPTURES: '1' });
  const origin = await flow.origin(30, { window: 6 });
  const streams = await Promise.all(
    ['one', 'two', 'three'].map((name) => origin.stream(name, { mode: 'manual', segments: 6, window: 6 })),
  );
  for (const { url } of streams) await t.say(`/record ${url}`);
  for (const stream of streams) stream.end();
  await waitUntilPosted(t.app, 3);
  const { deliveries: rows } = await readOutcome(t.app);
  for (const { id } of rows) expect((await readPostedFiles(t.app, id)).frames).toBe(await streams[0]?.frames());
});

test('scenario 13: looking at a site fails in a way nobody thought of: there is one alert, the monitor goes on, and the next look is used', async () => {
  const t = await flow.web();
  const origin = await flow.origin(30, { window: 6 });
  const platform = t.app.platforms.find((one) => one.match(new URL(origin.url)));
  if (!platform) throw new Error('no platform');
  const { check } = platform;
  let failures = 0;
  platform.check = async () => {
    failures++;
    throw new Error('boom');
  };
  await t.say(`/watch ${origin.url}`);
  await waitFor(() => failures > 0, { what: 'a look that fails' });
  await t.app.bus.tell('streams', 0);
  await waitFor(() => failures > 1, { what: 'the next look, which fails too' });
  platform.check = check;
  await t.app.bus.tell('streams', 0);
  await waitForFrames(t.app, 100);
  const alerts = await t.app.db.select().from(events).where(eq(events.kind, 'alert.monitor_failed'));
  expect(alerts.map(({ data }) => data.error)).toEqual(['boom']);
});
