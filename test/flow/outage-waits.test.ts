import { eq, sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { intentHere } from '../../src/core/chat.ts';
import { FatalError, TemporaryError } from '../../src/core/errors.ts';
import type { Chat, OutgoingPost } from '../../src/core/ports.ts';
import { readClock } from '../../src/db/clock.ts';
import { findDelivery } from '../../src/db/deliveries.ts';
import { cuts, deliveries, parts, posts, uploads } from '../../src/db/schema.ts';
import { findWait } from '../../src/db/troubles.ts';
import { tellCard } from '../../src/worker/card.ts';
import { planRendition } from '../../src/worker/plan.ts';
import { sendPosts } from '../../src/worker/post.ts';
import { isFinal } from '../../src/worker/retry.ts';
import { settlePost } from '../../src/worker/settle-post.ts';
import { settleUpload } from '../../src/worker/stage.ts';
import type { TestApp } from '../support/app.ts';
import { writePost, writeRecording } from '../support/delivery-rows.ts';
import { useFlow } from '../support/use-flow.ts';

const flow = useFlow(afterAll);
let product: TestApp;

beforeAll(async () => {
  product = await flow.web({}, []);
});

afterEach(() => {
  vi.useRealTimers();
});

/** A Delivery of the web chat that collects, with a Part that was staged so many times in vain. */
async function writeStaging(attempts: number) {
  const { app } = product;
  const { rendition, target, delivery } = await writeRecording(app);
  const cutRow = { renditionId: rendition.id, fromSequence: 0, limitBytes: 1e6, splitMs: 0, margin: 1 };
  const [cut] = await app.db.insert(cuts).values(cutRow).returning();
  const range = { fromSequence: 0, toSequence: 1, startMs: 0, lengthMs: 1, sizeBytes: 1, isOversized: false };
  const ofCut = { cutId: cut?.id ?? 0, renditionId: rendition.id };
  const [part] = await app.db
    .insert(parts)
    .values({ ...ofCut, ...range })
    .returning();
  const values = { partId: part?.id ?? 0, account: 'web', state: 'sending' as const, attempts };
  const [upload] = await app.db.insert(uploads).values(values).returning();
  if (!part || !upload) throw new Error('nothing was written');
  return { staging: { part, upload, chat: app.chats.get('web') as Chat, target, places: 1 }, delivery };
}

async function readBack({ staging, delivery }: Awaited<ReturnType<typeof writeStaging>>) {
  const { db } = product.app;
  const [upload] = await db.select().from(uploads).where(eq(uploads.id, staging.upload.id));
  const [now] = await db.select().from(deliveries).where(eq(deliveries.id, delivery.id));
  return { upload: upload?.state, delivery: now?.state, error: now?.error, wait: now && (await findWait(db, [now])) };
}

test('a chat that is away for a long time pauses nothing, and what is waited for is told', async () => {
  const rows = await writeStaging(40);
  const error = new TemporaryError('telegram_unreachable');
  await settleUpload(product.app, rows.staging, error);
  expect(await readBack(rows)).toEqual({
    upload: 'waiting',
    delivery: 'collecting',
    error: null,
    wait: 'telegram_unreachable',
  });
});

test('a few tries are not told; a clear no pauses the Delivery', async () => {
  const rows = await writeStaging(2);
  await settleUpload(product.app, rows.staging, new TemporaryError('telegram_unreachable'));
  expect(await readBack(rows)).toMatchObject({ upload: 'waiting', wait: undefined });
  const refused = await writeStaging(0);
  await settleUpload(product.app, refused.staging, new FatalError('telegram_rights'));
  expect(await readBack(refused)).toMatchObject({ upload: 'failed', delivery: 'paused', error: 'telegram_rights' });
});

test('what cannot be made is asked about in the end, and what is away never', () => {
  const final = (error: unknown) => [1, 20].map((tries) => isFinal(error, tries));
  expect(final(new TemporaryError('storage_unreachable'))).toEqual([false, false]);
  expect(final(new TemporaryError('remux_failed'))).toEqual([false, true]);
  expect(final(new TypeError('a bug'))).toEqual([false, true]);
  expect(final(new FatalError('part_too_big'))).toEqual([true, true]);
});

test('a chat that is away holds up no Delivery of another, and the job that planned them failed', async () => {
  const { app } = product;
  const { rendition, deliveries: rows } = await writeRecording(app, 'web', ['away', 'there']);
  await app.db
    .update(deliveries)
    .set({ closedAt: new Date(), toSequence: -1 })
    .where(eq(deliveries.renditionId, rendition.id));
  const web = app.chats.get('web') as Chat;
  const limits: Chat['limits'] = async (target) => {
    if (target.address === 'away') throw new TemporaryError('discord_unreachable');
    return web.limits(target);
  };
  app.chats.set('web', { ...web, limits });
  await expect(planRendition(app, rendition.id)).rejects.toThrow('1 deliveries are not planned');
  app.chats.set('web', web);
  const now = await app.db.select().from(deliveries).where(eq(deliveries.renditionId, rendition.id));
  const stateOf = (id?: number) => now.find((row) => row.id === id)?.state;
  expect(rows.map(({ id }) => stateOf(id))).toEqual(['collecting', 'posting']);
});

test.each([1, -1])(
  'a worker whose clock is %i h off waits, posts and edits by the clock of Postgres',
  async (hours) => {
    const { app } = product;
    const staging = await writeStaging(0);
    const { delivery } = await writeRecording(app);
    await app.db.update(deliveries).set({ state: 'posting' }).where(eq(deliveries.id, delivery.id));
    const post = await writePost(app, delivery.id, { kind: 'link' });
    const web = app.chats.get('web') as Chat;
    const sent: OutgoingPost[] = [];
    const spy: Chat['post'] = async (...args) => {
      sent.push(args[1]);
      return web.post(...args);
    };
    app.chats.set('web', { ...web, post: spy });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3600_000 });
    await settleUpload(app, staging.staging, new TemporaryError('telegram_unreachable'));
    await sendPosts(app, delivery.id, AbortSignal.timeout(60_000));
    await tellCard(app, delivery.id, AbortSignal.timeout(60_000));
    const here = sent.map((out) => intentHere(out, 'earliest')?.getTime() ?? 0);
    expect(here.map((at) => Math.abs(Date.now() - at) < 60_000)).toEqual([true, true]);
    app.chats.set('web', web);
    const isNow = (column: unknown) =>
      sql<boolean>`${column} between now() - interval '1 min' and now() + interval '1 min'`;
    const [upload] = await app.db
      .select({ next: isNow(uploads.nextAttemptAt) })
      .from(uploads)
      .where(eq(uploads.id, staging.staging.upload.id));
    const rows = await app.db
      .select({ id: posts.id, sent: isNow(posts.sentAt), posted: isNow(posts.postedAt), edited: isNow(posts.editedAt) })
      .from(posts)
      .where(eq(posts.deliveryId, delivery.id));
    expect(upload).toEqual({ next: true });
    expect(rows.map(({ id }) => id)).toContain(post.id);
    expect(rows.map(({ id: _, ...times }) => times)).toEqual(
      rows.map(() => ({ sent: true, posted: true, edited: true })),
    );
    expect(rows).toHaveLength(2);
  },
);

test('files that a chat no longer knows after an outage are staged anew, and refused in the end', async () => {
  const { app } = product;
  const { delivery } = await writeRecording(app);
  await app.db.update(deliveries).set({ state: 'posting' }).where(eq(deliveries.id, delivery.id));
  const post = await writePost(app, delivery.id, { state: 'sending', attempts: 20 });
  const context = await findDelivery(app.db, delivery.id);
  if (!context) throw new Error('no delivery');
  const sending = { chat: app.chats.get('web') as Chat, context, rows: [post], clock: await readClock(app.db) };
  const refused = new FatalError('remote_refused');
  const stateAfter = async (error: string | null) => {
    await app.db.update(posts).set({ state: 'sending', error }).where(eq(posts.id, post.id));
    expect(await settlePost(app, { ...sending, post: { ...post, error } }, refused, [])).toBe(false);
    return (await findDelivery(app.db, delivery.id))?.delivery.state;
  };
  expect(await stateAfter('telegram_unreachable')).toBe('posting');
  expect(await stateAfter('remote_refused')).toBe('paused');
});
