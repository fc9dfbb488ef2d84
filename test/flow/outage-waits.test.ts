import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FatalError, TemporaryError } from '../../src/core/errors.ts';
import type { Chat } from '../../src/core/ports.ts';
import { cuts, deliveries, parts, renditions, sessions, targets, uploads } from '../../src/db/schema.ts';
import { findWait } from '../../src/db/troubles.ts';
import { ensureTarget, upsertStream, upsertWatch } from '../../src/db/watches.ts';
import { isFinal } from '../../src/worker/retry.ts';
import { settleUpload } from '../../src/worker/stage.ts';
import type { TestApp } from '../support/app.ts';
import { useFlow } from '../support/use-flow.ts';

const flow = useFlow(afterAll);
let product: TestApp;
let channels = 0;

beforeAll(async () => {
  product = await flow.web({}, []);
});

/** A Delivery of the web chat that collects, with a Part that was staged so many times in vain. */
async function writeStaging(attempts: number) {
  const { db } = product.app;
  const chat = { kind: 'web', chatId: 'main' } as const;
  const target = await ensureTarget(db, chat, undefined);
  const channel = `x${channels++}`;
  const stream = await upsertStream(db, { platform: 'generic', channel, url: `http://x.example/${channel}.m3u8` });
  const order = { streamId: stream.id, chat, language: 'en', createdBy: 'u', quality: 'best', rules: {}, once: true };
  const { watch } = await upsertWatch(db, { ...order, targetId: target?.id ?? 0 } as never);
  const [session] = await db.insert(sessions).values({ streamId: stream.id, state: 'ended' }).returning();
  const sessionId = session?.id ?? 0;
  const [rendition] = await db.insert(renditions).values({ sessionId, name: 'best' }).returning();
  const renditionId = rendition?.id ?? 0;
  const cutRow = { renditionId, fromSequence: 0, limitBytes: 1e6, splitMs: 0, margin: 1 };
  const [cut] = await db.insert(cuts).values(cutRow).returning();
  const range = { fromSequence: 0, toSequence: 1, startMs: 0, lengthMs: 1, sizeBytes: 1, isOversized: false };
  const [part] = await db
    .insert(parts)
    .values({ cutId: cut?.id ?? 0, renditionId, ...range })
    .returning();
  const ids = { watchId: watch.id, targetId: target?.id ?? 0, sessionId, renditionId };
  const [delivery] = await db.insert(deliveries).values(ids).returning();
  const [upload] = await db
    .insert(uploads)
    .values({ partId: part?.id ?? 0, account: 'web', state: 'sending', attempts })
    .returning();
  const [row] = await db
    .select()
    .from(targets)
    .where(eq(targets.id, target?.id ?? 0));
  if (!part || !upload || !delivery || !row) throw new Error('rows');
  const web = product.app.chats.get('web') as Chat;
  return { staging: { part, upload, chat: web, target: row, places: 1 }, delivery };
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
