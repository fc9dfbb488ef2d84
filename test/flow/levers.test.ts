import { and, asc, eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FatalError } from '../../src/core/errors.ts';
import { deliveries, posts, watches, webMessages } from '../../src/db/schema.ts';
import type { TestApp } from '../support/app.ts';
import type { LiveOrigin } from '../support/live.ts';
import { limitFor } from '../support/telegram-app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';
import { type SteeredChat, steerChat } from './steered-chat.ts';

const flow = useFlow(afterAll);
let product: TestApp;
let origin: LiveOrigin;
let chat: SteeredChat;
let limit: number;
/** Parts whose files the chat does not take. */
const refused = new Set<number>();
/** Called when a post was sent and before it is written down. */
let onPosted: (() => Promise<unknown>) | undefined;

beforeAll(async () => {
  product = await flow.web();
  origin = await flow.origin(12);
  limit = await limitFor(origin, 3, 12);
  chat = steerChat(product.app, (web) => ({
    limits: async (target) => ({ ...(await web.limits(target)), albumItems: target.limits.albumItems ?? 10 }),
    stage: async (target, file, options) => {
      if (refused.has(file.partId)) throw new FatalError('not_found');
      return web.stage(target, file, options);
    },
  }));
  const web = product.app.chats.get('web');
  if (!web) throw new Error('no web chat');
  product.app.chats.set('web', {
    ...web,
    post: async (target, post, items, signal) => {
      const ids = await web.post(target, post, items, signal);
      if (post.kind !== 'card') await onPosted?.();
      return ids;
    },
  });
});
/** Records a stream of about three Parts in a chat of that name, up to its end. */
async function recordIn(chatId: string, albumItems = 10): Promise<void> {
  const stream = await origin.stream(chatId);
  await product.say(`/target set here limit=${limit}B`, chatId);
  const limits = sql`limits || ${JSON.stringify({ albumItems })}::jsonb`;
  await product.app.db.execute(sql`update targets set limits = ${limits} where chat_id = ${chatId}`);
  await product.say(`/record ${stream.url}`, chatId);
  stream.end();
}

async function deliveryIn(chatId: string) {
  const { db } = product.app;
  const [row] = await db
    .select({ delivery: deliveries })
    .from(deliveries)
    .innerJoin(watches, eq(watches.id, deliveries.watchId))
    .where(eq(watches.chatId, chatId));
  return row?.delivery;
}

const waitForState = (chatId: string, state: string) =>
  waitFor(async () => (await deliveryIn(chatId))?.state === state, { what: `${state} in ${chatId}` });

const shown = (chatId: string, kind: 'album' | 'video' | 'card' | 'comment') =>
  product.app.db
    .select()
    .from(webMessages)
    .where(and(eq(webMessages.chatId, chatId), eq(webMessages.kind, kind)))
    .orderBy(asc(webMessages.id));

async function postsIn(chatId: string) {
  const delivery = await deliveryIn(chatId);
  return product.app.db
    .select()
    .from(posts)
    .where(eq(posts.deliveryId, delivery?.id ?? 0))
    .orderBy(asc(posts.id));
}

const idIn = async (chatId: string) => `s${(await deliveryIn(chatId))?.sessionId}`;

test('/skip leaves out a part that cannot be uploaded: the others stand, and card and comment tell it', async () => {
  // Ids of Parts rise by one: the second of this recording.
  refused.add(2);
  await recordIn('skip');
  await waitForState('skip', 'paused');
  expect((await product.say(`/retry ${await idIn('skip')} comment`, 'skip')).isError).toBe(true);
  expect((await product.say(`/skip ${await idIn('skip')}`, 'skip')).text).toContain('left out');
  await waitForState('skip', 'done');
  const [album] = await shown('skip', 'album');
  const keys = album?.media.map(({ key }) => key) ?? [];
  expect(keys).toContain('web/parts/1.mp4');
  expect(keys).not.toContain('web/parts/2.mp4');
  const [comment] = await shown('skip', 'comment');
  expect(comment?.content.text).toMatch(/Left out by hand:\n\d/);
  expect(comment?.parentId).toBe(album?.id);
  await waitFor(async () => JSON.stringify((await shown('skip', 'card'))[0]?.content).includes('1 part, '));
  expect((await product.say(`/skip ${await idIn('skip')}`, 'skip')).text).toContain('nothing to leave out');
});

test('/retry of one kind leaves the other failed, and the recording paused', async () => {
  chat.steer('kinds', 'album', { refuse: new FatalError('not_found') });
  await recordIn('kinds');
  await waitForState('kinds', 'paused');
  const id = await idIn('kinds');
  expect((await product.say(`/retry ${id} upload`, 'kinds')).text).toContain('nothing to try again');
  expect((await deliveryIn('kinds'))?.state).toBe('paused');
  expect((await product.say(`/retry ${id} post`, 'kinds')).text).toContain('Trying');
  await waitForState('kinds', 'done');
  expect(await shown('kinds', 'album')).toHaveLength(1);
  expect((await product.say(`/retry ${id}`, 'kinds')).isError).toBe(true);
});

test('a comment that was given up is written by /retry, under its post', async () => {
  chat.steer('comment', 'comment', { refuse: new FatalError('not_found') });
  await recordIn('comment');
  await waitForState('comment', 'done');
  expect(await shown('comment', 'comment')).toEqual([]);
  expect((await product.say(`/retry ${await idIn('comment')}`, 'comment')).text).toContain('Trying');
  const [comment] = await waitFor(async () => {
    const rows = await shown('comment', 'comment');
    return rows.length > 0 ? rows : undefined;
  });
  expect(comment?.parentId).toBe((await shown('comment', 'album'))[0]?.id);
  await waitForState('comment', 'done');
});

test('/resume goes on with all that is paused in this chat, and in no other', async () => {
  for (const name of ['resume', 'elsewhere']) chat.steer(name, 'album', { refuse: new FatalError('not_found') });
  await recordIn('elsewhere');
  await recordIn('resume');
  await waitForState('resume', 'paused');
  await waitForState('elsewhere', 'paused');
  const reply = await product.say('/resume', 'resume');
  expect(reply.text).toBe(`${await idIn('resume')} goes on.`);
  await waitForState('resume', 'done');
  expect((await deliveryIn('elsewhere'))?.state).toBe('paused');
  expect((await product.say('/resume', 'resume')).isError).toBe(true);
});

test('/cancel while a post is sent: that one is written down, the next is not sent, and every file stays', async () => {
  onPosted = async () => {
    onPosted = undefined;
    await product.say(`/cancel ${await idIn('cancel')}`, 'cancel');
  };
  await recordIn('cancel', 1);
  await waitForState('cancel', 'cancelled');
  await waitFor(async () =>
    (await postsIn('cancel')).some(({ kind, state }) => kind === 'video' && state === 'posted'),
  );
  await waitFor(async () => (await shown('cancel', 'card'))[0]?.content.state === 'cancelled');
  expect(await shown('cancel', 'video')).toHaveLength(1);
  const planned = (await postsIn('cancel')).filter(({ state }) => state === 'planned');
  expect(planned.length).toBeGreaterThan(0);
  expect(await product.app.db.query.segments.findMany()).not.toEqual([]);
});
