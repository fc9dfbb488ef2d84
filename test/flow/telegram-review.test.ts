import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { FatalError } from '../../src/core/errors.ts';
import type { Chat } from '../../src/core/ports.ts';
import { deliveries, posts, uploads } from '../../src/db/schema.ts';
import { readOutcome, readPostedFiles, type TestApp, waitForFrames, waitUntilPosted } from '../support/app.ts';
import type { LiveOrigin } from '../support/live.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';
import { steerChat } from './steered-chat.ts';

const flow = useFlow();
let product: TestApp;
let origin: LiveOrigin;
async function record(change: (web: Chat) => Partial<Chat>): Promise<void> {
  product = await flow.web();
  steerChat(product.app, change);
  origin = await flow.origin(12);
  await product.say('/target set here limit=500kB');
  await product.say(`/record ${origin.url}`);
  await waitForFrames(product.app, 250);
  origin.end();
}

const paused = () =>
  waitFor(async () => {
    const [row] = await product.app.db.select().from(deliveries);
    return row?.state === 'paused' ? row : undefined;
  });

/** As a worker leaves it that dies before it writes that the Delivery pauses. */
async function forgetPause(): Promise<void> {
  await product.app.db.update(deliveries).set({ state: 'posting', error: null });
}

test('a Target that gets its vault while its posts go out: the rest is staged and posted', async () => {
  let hasVault = false;
  await record((web) => ({
    canStage: () => hasVault,
    limits: async (target) => ({ ...(await web.limits(target)), albumItems: 1 }),
    post: async (target, post, items, signal) => {
      const [item] = items;
      if (!item?.file) return web.post(target, post, items, signal);
      const remote = await web.stage(target, item.file, { signal, onProgress: () => {} });
      hasVault = true;
      return web.post(target, post, [{ partId: item.partId, remote }], signal);
    },
  }));
  await waitUntilPosted(product.app);
  const { deliveries: rows, posts: sent } = await readOutcome(product.app);
  expect(sent.filter(({ kind }) => kind === 'video').length).toBeGreaterThan(1);
  const { frames } = await readPostedFiles(product.app, rows[0]?.id ?? 0);
  expect(frames).toBe(await origin.frames());
});

test('a Post that failed pauses its Delivery, also where its worker died in between', async () => {
  let isClosed = true;
  await record((web) => ({
    post: async (target, post, items, signal) => {
      if (isClosed && post.kind !== 'card') throw new FatalError('telegram_rights');
      return web.post(target, post, items, signal);
    },
  }));
  await paused();
  await forgetPause();
  expect((await paused()).error).toBe('telegram_rights');
  isClosed = false;
  await product.say('/retry s1');
  await waitUntilPosted(product.app);
  const main = await product.app.db.select().from(posts).where(eq(posts.ordinal, 0));
  expect(main.map(({ state }) => state)).toEqual(['posted', 'posted', 'posted']);
});

test('an Upload that failed pauses its Delivery, also where its worker died in between', async () => {
  let isClosed = true;
  await record((web) => ({
    stage: async (target, file, options) => {
      if (isClosed) throw new FatalError('telegram_vault_closed');
      return web.stage(target, file, options);
    },
  }));
  await paused();
  await waitFor(async () => {
    const rows = await product.app.db.select().from(uploads);
    return rows.every(({ state }) => state === 'failed');
  });
  await product.app.db.update(deliveries).set({ state: 'collecting', error: null });
  expect((await paused()).error).toBe('telegram_vault_closed');
  isClosed = false;
  await product.say('/retry s1');
  await waitUntilPosted(product.app);
  const { frames } = await readPostedFiles(product.app, 1);
  expect(frames).toBe(await origin.frames());
});
