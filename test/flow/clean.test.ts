import { expect, test } from 'vitest';
import { cleanUp } from '../../src/worker/clean.ts';
import { readOutcome, readPostedFiles, waitForFrames, waitUntilPosted } from '../support/app.ts';
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
});
