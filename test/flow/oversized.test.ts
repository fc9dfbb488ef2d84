import { afterEach, expect, test } from 'vitest';
import { events } from '../../src/db/schema.ts';
import {
  readOutcome,
  readPostedFiles,
  startTestApp,
  type TestApp,
  waitForFrames,
  waitUntilPosted,
} from '../support/app.ts';
import { type LiveOrigin, startLiveOrigin } from '../support/live.ts';
import { waitFor } from '../support/wait.ts';

let product: TestApp | undefined;
let origin: LiveOrigin | undefined;
afterEach(async () => {
  await product?.close();
  await origin?.close();
});

test('a stretch that no cut brings under the limit is encoded again: every frame, under the limit, and told', async () => {
  product = await startTestApp({ SEGMENT_SECONDS: '6' });
  const { app } = product;
  origin = await startLiveOrigin({ mode: 'manual', segments: 12, window: 12 });
  await product.say('/target set here limit=120kB');
  await product.say(`/record ${origin.url}`);
  await waitForFrames(app, 250);
  origin.end();
  await waitUntilPosted(app);
  const outcome = await readOutcome(app);
  const posted = await readPostedFiles(app, outcome.deliveries[0]?.id ?? 0);
  expect(outcome.segments.every((segment) => segment.sizeBytes > 120_000)).toBe(true);
  expect(Math.max(...posted.media.map((item) => item.sizeBytes))).toBeLessThanOrEqual(120_000);
  expect(posted.frames).toBe(await origin.frames());
  const told = await app.db.select().from(events);
  expect(told.filter((event) => event.kind === 'part.encodedAgain')).toHaveLength(2);
});

test('a part that cannot be made waits, loses nothing, and is posted once it can', async () => {
  product = await startTestApp();
  const { app } = product;
  const { ffmpeg } = app.config;
  app.config.ffmpeg = '/bin/false';
  origin = await startLiveOrigin({ mode: 'manual', segments: 6, window: 6 });
  await product.say(`/record ${origin.url}`);
  await waitForFrames(app, 100);
  origin.end();
  const upload = await waitFor(async () => (await app.db.query.uploads.findFirst()) ?? undefined);
  await waitFor(async () => ((await app.db.query.uploads.findFirst())?.attempts ?? 0) > 0);
  expect(upload.partId).toBeGreaterThan(0);
  app.config.ffmpeg = ffmpeg;
  await waitUntilPosted(app);
  const outcome = await readOutcome(app);
  expect((await readPostedFiles(app, outcome.deliveries[0]?.id ?? 0)).frames).toBe(await origin.frames());
});
