import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { AmbiguousError, FatalError, TemporaryError } from '../../src/core/errors.ts';
import type { Chat, Remote } from '../../src/core/ports.ts';
import { events, posts, uploads } from '../../src/db/schema.ts';
import { readOutcome, readPostedFiles, type TestApp, waitForFrames, waitUntilPosted } from '../support/app.ts';
import type { LiveOrigin } from '../support/live.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';
import { steerChat } from './steered-chat.ts';

const flow = useFlow();
let product: TestApp;
let origin: LiveOrigin;
/** Takes no staged files: they come with their post, one each, and not above a size it never told. */
function unstaged(web: Chat, biggestBytes = Number.POSITIVE_INFINITY): Partial<Chat> {
  return {
    canStage: () => false,
    limits: async (target) => ({ ...(await web.limits(target)), albumItems: 1 }),
    post: async (target, post, items, signal) => {
      const remotes: Remote[] = [];
      for (const { file, remote } of items) {
        if (file && file.sizeBytes > biggestBytes) throw new FatalError('part_over_limit');
        if (file) remotes.push(await web.stage(target, file, { signal, onProgress: () => {} }));
        else if (remote) remotes.push(remote);
      }
      const staged = items.map(({ partId }, index) => ({ partId, remote: remotes[index] as Remote }));
      const ids = await web.post(target, post, staged, signal);
      return { ...ids, remotes };
    },
  };
}

async function record(limit = '500kB'): Promise<void> {
  origin = await flow.origin(12);
  await product.say(`/target set here limit=${limit}`);
  await product.say(`/record ${origin.url}`);
  await waitForFrames(product.app, 250);
  origin.end();
}

test('where nothing is staged, files go with their posts, in order, and are known by the chat from then on', async () => {
  product = await flow.web();
  const { app } = product;
  steerChat(app, (web) => unstaged(web));
  await record();
  await waitUntilPosted(app);
  const outcome = await readOutcome(app);
  const posted = await readPostedFiles(app, outcome.deliveries[0]?.id ?? 0);
  expect(posted.frames).toBe(await origin.frames());
  const videos = outcome.posts.filter(({ kind }) => kind === 'video');
  expect(videos.length).toBeGreaterThan(1);
  expect(videos.map(({ partIds }) => partIds)).toEqual(posted.planned.map(({ id }) => [id]));
  for (const { posted: ids } of videos) expect(Object.keys(ids ?? {})).toEqual(['messageIds']);
  const rows = await app.db.select().from(uploads);
  expect(rows.map(({ state, partId }) => [partId, state])).toEqual(posted.planned.map(({ id }) => [id, 'staged']));
  expect(rows.every(({ createdAt }) => createdAt >= (outcome.deliveries[0]?.closedAt ?? new Date(0)))).toBe(true);
});

test('a file refused for its size as it is posted is cut smaller, and every frame stands', async () => {
  product = await flow.web();
  const { app } = product;
  steerChat(app, (web) => unstaged(web, 300_000));
  await record('600kB');
  await waitUntilPosted(app);
  const outcome = await readOutcome(app);
  const posted = await readPostedFiles(app, outcome.deliveries[0]?.id ?? 0);
  expect(posted.frames).toBe(await origin.frames());
  expect(Math.max(...posted.media.map(({ sizeBytes }) => sizeBytes))).toBeLessThanOrEqual(300_000);
});

test('what is planned anew follows on what stands, whatever the album size is by then', async () => {
  product = await flow.web();
  const { app } = product;
  let albumItems = 1;
  let sent = 0;
  steerChat(app, (web) => {
    const { post: send, ...change } = unstaged(web);
    return {
      ...change,
      limits: async (target) => ({ ...(await web.limits(target)), albumItems }),
      post: async (target, post, items, signal) => {
        if (post.kind === 'video' && ++sent === 2) {
          albumItems = 10;
          throw new FatalError('part_over_limit');
        }
        return (send as Chat['post'])(target, post, items, signal);
      },
    };
  });
  await record('500kB');
  await waitUntilPosted(app);
  const outcome = await readOutcome(app);
  const stood = outcome.posts.filter(({ kind }) => kind === 'video' || kind === 'album');
  expect(stood.map(({ kind, ordinal }) => [kind, ordinal])).toEqual([
    ['video', 0],
    ['album', 1],
  ]);
  const posted = await readPostedFiles(app, outcome.deliveries[0]?.id ?? 0);
  expect(stood.flatMap(({ partIds }) => partIds)).toEqual(posted.planned.map(({ id }) => id));
  expect(posted.frames).toBe(await origin.frames());
});

test('a lost answer to a file is not looked for by what was staged since', async () => {
  product = await flow.web();
  const { app } = product;
  let lost = 0;
  const chat = steerChat(app, (web) => {
    const { post: send, ...change } = unstaged(web);
    return {
      ...change,
      post: async (target, post, items, signal) => {
        const ids = await (send as Chat['post'])(target, post, items, signal);
        if (post.kind === 'video' && lost++ === 0) throw new AmbiguousError('answer_lost');
        return ids;
      },
    };
  });
  await record('10MB');
  await waitUntilPosted(app);
  expect(lost).toBe(1);
  const looked = chat.looks.filter(({ post }) => post.kind === 'video');
  expect(looked.map(({ items }) => items)).toEqual([[]]);
  expect((await readOutcome(app)).messages.filter(({ kind }) => kind === 'video')).toHaveLength(1);
});

test('a part over the real limit of the chat is never sent at that size again; told waits keep its file', async () => {
  product = await flow.web();
  const { app } = product;
  const sizes: number[] = [];
  let waits = 0;
  steerChat(app, (web) => ({
    stage: async (target, file, options) => {
      if (waits++ < 2) throw new TemporaryError('chat_busy', { retryAfterMs: 100 });
      sizes.push(file.sizeBytes);
      if (file.sizeBytes > 300_000) throw new FatalError('part_over_limit');
      return web.stage(target, file, options);
    },
  }));
  await record('600kB');
  await waitUntilPosted(app);
  const outcome = await readOutcome(app);
  const posted = await readPostedFiles(app, outcome.deliveries[0]?.id ?? 0);
  expect(posted.frames).toBe(await origin.frames());
  const told = await app.db.select().from(events).where(eq(events.kind, 'part.overLimit'));
  expect(told.length).toBeGreaterThan(0);
  const refused = sizes.filter((size) => size > 300_000);
  expect(new Set(refused).size).toBe(refused.length);
  const rows = await app.db.select().from(uploads);
  expect(rows.map(({ attempts }) => attempts)).toEqual(rows.map(() => 1));
  expect(rows).toHaveLength(posted.planned.length);
});

test('a chat that will not take the smallest part pauses the Delivery and says so', async () => {
  product = await flow.web();
  const { app } = product;
  steerChat(app, (web) => unstaged(web, 10_000));
  await record('200kB');
  await waitFor(async () => (await readOutcome(app)).deliveries[0]?.state === 'paused');
  expect((await readOutcome(app)).deliveries[0]?.error).toBe('part_too_big');
  const rows = await app.db.select().from(posts).where(eq(posts.kind, 'video'));
  expect(rows.every(({ state }) => state !== 'posted')).toBe(true);
});
