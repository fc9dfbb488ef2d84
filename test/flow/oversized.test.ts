import { expect, test } from 'vitest';
import { events } from '../../src/db/schema.ts';
import { readOutcome, readPostedFiles, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();

test('a stretch that no cut brings under the limit is encoded again: every frame, under the limit, and told', async () => {
  const product = await flow.web({ SEGMENT_SECONDS: '6' });
  const { app } = product;
  const origin = await flow.origin(12);
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
  const product = await flow.web();
  const { app } = product;
  const { ffmpeg } = app.config;
  app.config.ffmpeg = '/bin/false';
  const origin = await flow.origin(6);
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
