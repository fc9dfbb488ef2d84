import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deliveries, webMessages } from '../../src/db/schema.ts';
import { cleanUp } from '../../src/worker/clean.ts';
import { readOutcome, readPostedFiles, type TestApp, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { useFlow } from '../support/use-flow.ts';

const flow = useFlow();

test('RETENTION_DAYS removes captured files only after their album stands, and never the album', async () => {
  const product = await flow.web({ RETENTION_DAYS: '0.00001' });
  const { app } = product;
  const signal = AbortSignal.timeout(60_000);
  const origin = await flow.origin(8, { window: 6 });
  await product.say(`/record ${origin.url}`);
  await waitForFrames(app, 100);
  await cleanUp(app, signal);
  const live = await readOutcome(app);
  expect(live.segments.length).toBeGreaterThan(0);
  for (const { key } of live.segments) expect(await app.storage.stat(key)).toBeDefined();
  origin.end();
  await waitUntilPosted(app);
  const before = await readOutcome(app);
  app.config.retentionDays = 0;
  await cleanUp(app, signal);
  expect((await readOutcome(app)).segments).toHaveLength(before.segments.length);
  app.config.retentionDays = 1e-9;
  await cleanUp(app, signal);
  expect((await readOutcome(app)).segments).toEqual([]);
  for (const { key } of before.segments) expect(await app.storage.stat(key)).toBeUndefined();
  expect((await readPostedFiles(app, before.deliveries[0]?.id ?? 0)).frames).toBe(await origin.frames());

  // A day later files of Parts that stand nowhere go; those of messages and of Deliveries under way stay.
  const [post] = before.messages.filter(({ kind }) => kind === 'video');
  const { key = '', thumbnailKey = '' } = post?.media[0] ?? {};
  const staged = ['web/parts/7007.mp4', 'web/parts/7007.jpg'];
  for (const each of staged) await app.storage.put(each, await fileOf(product));
  for (const each of [key, thumbnailKey, ...staged]) await makeOld(app.storage.localPath?.(each) ?? '');
  await cleanUp(app, signal);
  for (const each of [key, thumbnailKey]) expect(await app.storage.stat(each)).toBeDefined();
  for (const each of staged) expect(await app.storage.stat(each)).toBeUndefined();
  // The message is gone, and the Delivery may still post the Part.
  await app.db.delete(webMessages);
  await app.db.update(deliveries).set({ state: 'paused' });
  await cleanUp(app, signal);
  expect(await app.storage.stat(key)).toBeDefined();
  await app.db.update(deliveries).set({ state: 'cancelled' });
  await cleanUp(app, signal);
  for (const each of [key, thumbnailKey]) expect(await app.storage.stat(each)).toBeUndefined();
});

async function fileOf({ env }: TestApp): Promise<string> {
  const path = join(env.DATA_DIR ?? '', 'some-file');
  await writeFile(path, 'bytes');
  return path;
}

const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000);
const makeOld = (path: string) => utimes(path, twoDaysAgo, twoDaysAgo);
