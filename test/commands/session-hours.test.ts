import { asc, eq, sql } from 'drizzle-orm';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { endRendition, openSession } from '../../src/advance.ts';
import type { App } from '../../src/app.ts';
import { dispatch } from '../../src/commands/dispatch.ts';
import type { WatchRules } from '../../src/core/rules.ts';
import { deliveries, renditions, segments, sessions, takes, watches } from '../../src/db/schema.ts';
import { sweepOnce } from '../../src/monitor/sweep.ts';
import { openQuietApp } from './quiet-app.ts';
import { steeredPlatform } from './steered-platform.ts';

const site = steeredPlatform('site.example');
let app: App;
beforeAll(async () => {
  const quiet = await openQuietApp(site.platform, { SESSION_HOURS: '1.5' });
  app = quiet.app;
  return quiet.close;
});

let count = 0;
let streamId = 0;
let watchId = 0;
beforeEach(() => {
  count++;
});

async function watch(): Promise<void> {
  const user = { id: '1', name: 'a', isOwner: false };
  const chat = { kind: 'telegram' as const, chatId: `chat${count}` };
  const text = `/watch https://site.example/show${count}`;
  const reply = await dispatch(app, { kind: 'command', chat, user, text, messageId: String(count) });
  watchId = Number(/\bw(\d+)/.exec(reply?.text ?? '')?.[1]);
  const [row] = await app.db.select().from(watches).where(eq(watches.id, watchId));
  streamId = row?.streamId ?? 0;
}

const setRules = (rules: WatchRules) => app.db.update(watches).set({ rules }).where(eq(watches.id, watchId));
const live = (title = 'a show') => openSession(app, streamId, { broadcastId: `b${count}`, title });
const sweep = () => sweepOnce(app, { round: 0, mayTakeOver: false });
const windows = () =>
  app.db.select().from(deliveries).where(eq(deliveries.watchId, watchId)).orderBy(asc(deliveries.id));
const reasons = async () => (await windows()).map(({ closedAt, closeReason }) => (closedAt ? closeReason : 'open'));
const last = async () => {
  const [row] = await app.db.select().from(sessions).where(eq(sessions.streamId, streamId)).orderBy(sql`id desc`);
  return row;
};
/** The Session is live for two hours by now. */
const grow = (sessionId = 0) =>
  app.db.update(sessions).set({ detectedAt: sql`now() - interval '2 hours'` }).where(eq(sessions.id, sessionId));

test('a broadcast that changed over at SESSION_HOURS is the same one: lost for long and seen again it goes on', async () => {
  await watch();
  const first = await live();
  await grow(first);
  await sweep();
  expect(await reasons()).toEqual(['session_hours', 'open']);
  const second = await last();
  expect(second).toMatchObject({ continuesId: first, broadcastId: `b${count}`, title: 'a show' });
  const [rendition] = await app.db
    .select()
    .from(renditions)
    .where(eq(renditions.sessionId, second?.id ?? 0));
  await endRendition(app, rendition?.id ?? 0, 'grace_over');
  await live();
  expect((await last())?.continuesId).toBe(second?.id);
});

test('whoever dies between the end of one and the next leaves a broadcast that is recorded when it is seen', async () => {
  await watch();
  const first = (await live()) ?? 0;
  const [rendition] = await app.db.select().from(renditions).where(eq(renditions.sessionId, first));
  await endRendition(app, rendition?.id ?? 0, 'session_hours');
  await live();
  expect((await last())?.continuesId).toBe(first);
  expect(await reasons()).toEqual(['session_hours', 'open']);
});

test('what was announced long ago is not over when it begins', async () => {
  await watch();
  const first = await live();
  await app.db
    .update(sessions)
    .set({ createdAt: sql`now() - interval '2 days'` })
    .where(eq(sessions.id, first ?? 0));
  await sweep();
  expect(await reasons()).toEqual(['open']);
});

test('for= counts what was recorded before the change as well', async () => {
  await watch();
  await setRules({ maxLengthMs: 120 * 60_000 });
  const first = await live();
  await keep(90 * 60_000);
  await grow(first);
  await sweep();
  expect(await reasons()).toEqual(['session_hours', 'open']);
  await keep(20 * 60_000);
  await sweep();
  expect(await reasons()).toEqual(['session_hours', 'open']);
  await keep(10 * 60_000);
  await sweep();
  expect(await reasons()).toEqual(['session_hours', 'for_over']);
});

test('an order that was to go on until the broadcast ends does so over the change, though its time to begin is past', async () => {
  await watch();
  const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
  const times = (from: number, to: number) => setRules({ at: { from: at(from), to: at(to) }, isOpenEnded: true });
  await times(-60, 60);
  const first = await live();
  await times(-60, -1);
  await grow(first);
  await sweep();
  expect(await reasons()).toEqual(['session_hours', 'open']);
  // Ended by itself, it does not begin again.
  const [rendition] = await app.db
    .select()
    .from(renditions)
    .where(eq(renditions.sessionId, (await last())?.id ?? 0));
  await endRendition(app, rendition?.id ?? 0, 'grace_over');
  await live();
  expect(await reasons()).toEqual(['session_hours', 'grace_over']);
});

/** So much more is kept of the window that is open. */
async function keep(lengthMs: number): Promise<void> {
  const { renditionId = 0 } = (await windows()).find(({ closedAt }) => closedAt === null) ?? {};
  const ordinal = await app.db.$count(takes, eq(takes.renditionId, renditionId));
  const [take] = await app.db
    .insert(takes)
    .values({ renditionId, ordinal, streamId, worker: 'w', fence: 1, startMs: 0, codecs: {} as never })
    .returning();
  await app.db.insert(segments).values({
    ...{ renditionId, takeId: take?.id ?? 0, seq: 0, mediaSequence: ordinal, key: `${renditionId}/${ordinal}` },
    ...{ sizeBytes: 1, startMs: 0, lengthMs, isIndependent: true, sourceSequence: 0, playlist: '', hashes: [] },
  });
}
