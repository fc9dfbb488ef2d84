import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { findAdPolicy } from '../../src/db/ad-breaks.ts';
import { gaps, posts } from '../../src/db/schema.ts';
import { readOutcome, readPostedFiles, type TestApp, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();

/** A stream of 9 s whose fourth to sixth second are an ad break, and an Aircheck. */
async function start() {
  const app = await flow.web();
  const stream = await flow.origin(9, { initial: 3 });
  await stream.adBreak(3, 'cue');
  return { app, stream };
}

async function commentOf(app: TestApp): Promise<string> {
  const comment = await waitFor(async () => {
    const [row] = await app.app.db.select().from(posts).where(eq(posts.kind, 'comment'));
    return row?.state === 'posted' ? row : undefined;
  });
  return comment.content.text;
}

test('ads=drop: the break is told in the comment, and the Parts hold the rest', async () => {
  const { app, stream } = await start();
  await app.say(`/record ${stream.url} ads=drop`);
  await waitForFrames(app.app, 50);
  stream.advance(6);
  stream.end();
  await waitUntilPosted(app.app);
  const outcome = await readOutcome(app.app);
  expect(outcome.gaps).toMatchObject([{ kind: 'gap', cause: 'ad_break', lengthMs: 3_000 }]);
  const posted = await readPostedFiles(app.app, outcome.deliveries[0]?.id ?? 0);
  expect(posted.frames).toBe(150);
  for (const file of posted.files) expect(Math.abs(file.audioOffsetMs)).toBeLessThanOrEqual(40);
  expect(await commentOf(app)).toMatch(/0:03: 0:03 \(advertisement\)/);
});

test('ads=mark: the break is kept, told in the comment, and nothing counts as missing', async () => {
  const { app, stream } = await start();
  await app.say(`/record ${stream.url} ads=mark`);
  await waitForFrames(app.app, 50);
  stream.advance(6);
  stream.end();
  await waitUntilPosted(app.app);
  const outcome = await readOutcome(app.app);
  const [mark] = await app.app.db.select().from(gaps);
  expect(mark).toMatchObject({ kind: 'marked', cause: 'ad_break' });
  expect(Math.abs((mark?.atMs ?? 0) - 3_000)).toBeLessThan(50);
  const posted = await readPostedFiles(app.app, outcome.deliveries[0]?.id ?? 0);
  expect(posted.frames).toBe(225);
  const text = await commentOf(app);
  expect(text).toMatch(/no gaps/);
  expect(text).toMatch(/Ad breaks, kept:\n0:03: 0:03/);
});

test('a stream that two chats record drops nothing that one of them wants', async () => {
  const { app, stream } = await start();
  await app.say(`/record ${stream.url} ads=drop`, 'one');
  await waitForFrames(app.app, 50);
  const [first] = (await readOutcome(app.app)).deliveries;
  expect(await findAdPolicy(app.app.db, first?.renditionId ?? 0)).toBe('drop');
  await app.say(`/record ${stream.url}`, 'two');
  expect(await findAdPolicy(app.app.db, first?.renditionId ?? 0)).toBe('mark');
});
