import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AmbiguousError, FatalError, TemporaryError } from '../../src/core/errors.ts';
import type { OutgoingPost, PostedIds } from '../../src/core/ports.ts';
import { deliveries, events, posts, uploads, watches, webMessages } from '../../src/db/schema.ts';
import type { TestApp } from '../support/app.ts';
import type { LiveOrigin } from '../support/live.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';
import { type SteeredChat, steerChat } from './steered-chat.ts';

const flow = useFlow(afterAll);
let product: TestApp;
let origin: LiveOrigin;
let chat: SteeredChat;
let isPublished = false;
const looks: OutgoingPost[] = [];

beforeAll(async () => {
  product = await flow.web();
  origin = await flow.origin(4);
  chat = steerChat(product.app, (web) => ({
    reconcile: async (target, post, items, signal) => {
      if (post.kind === 'card') looks.push(post);
      return post.posted?.messageIds[0] === '0' && !isPublished
        ? { verdict: 'unknown' }
        : web.reconcile(target, post, items, signal);
    },
  }));
});
/** Records a short stream of its own in a chat of that name. */
async function recordIn(chatId: string): Promise<void> {
  const stream = await origin.stream(chatId);
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

async function postsIn(chatId: string) {
  const delivery = await deliveryIn(chatId);
  return product.app.db
    .select()
    .from(posts)
    .where(eq(posts.deliveryId, delivery?.id ?? 0));
}

const waitForState = (chatId: string, state: string) =>
  waitFor(async () => (await deliveryIn(chatId))?.state === state, { what: `${state} in ${chatId}` });

const shown = (chatId: string, kind: 'video' | 'card' | 'comment') =>
  product.app.db
    .select()
    .from(webMessages)
    .where(and(eq(webMessages.chatId, chatId), eq(webMessages.kind, kind)));

const callsOf = (chatId: string, kind: string) =>
  chat.calls.filter(({ post }) => post.chat.chatId === chatId && post.kind === kind);

test('an answer that was lost is looked for and found: one post, sent once', async () => {
  chat.steer('lost', 'video', { lose: new AmbiguousError('answer_lost') });
  await recordIn('lost');
  await waitForState('lost', 'done');
  expect(callsOf('lost', 'video')).toHaveLength(1);
  expect(await shown('lost', 'video')).toHaveLength(1);
});

test('an error nobody knows counts as a lost answer; what was never sent is sent again', async () => {
  chat.steer('unknown', 'video', { refuse: new Error('socket hang up') });
  await recordIn('unknown');
  await waitForState('unknown', 'done');
  const [video] = await shown('unknown', 'video');
  const told = await product.app.db.select().from(events).where(eq(events.kind, 'post.ambiguous'));
  const [post] = (await postsIn('unknown')).filter(({ kind }) => kind === 'video');
  expect(told.map(({ subjectId }) => subjectId)).toContain(post?.id);
  expect(post?.posted?.messageIds).toEqual([String(video?.id)]);
});

test('a told wait is kept to and costs no try; the driver is told when the intent was written', async () => {
  chat.steer('told', 'video', { refuse: new TemporaryError('chat_busy', { retryAfterMs: 1500 }) });
  await recordIn('told');
  await waitForState('told', 'done');
  const [first, second] = callsOf('told', 'video');
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1500);
  expect(second?.post.intentAt?.getTime()).toBeGreaterThan(first?.post.intentAt?.getTime() ?? 0);
  const [post] = (await postsIn('told')).filter(({ kind }) => kind === 'video');
  expect(post).toMatchObject({ attempts: 1, error: null, sentAt: second?.post.intentAt });
});

test('files the chat does not know any more are staged anew, and the post stands', async () => {
  chat.steer('stale', 'video', { refuse: new FatalError('remote_refused') });
  await recordIn('stale');
  await waitForState('stale', 'done');
  expect(callsOf('stale', 'video')).toHaveLength(2);
  const [post] = (await postsIn('stale')).filter(({ kind }) => kind === 'video');
  const rows = await product.app.db
    .select()
    .from(uploads)
    .where(eq(uploads.partId, post?.partIds[0] ?? 0));
  expect(rows).toMatchObject([{ state: 'staged', attempts: 1 }]);
  const lost = await product.app.db
    .select()
    .from(events)
    .where(eq(events.subjectId, rows[0]?.id ?? 0));
  expect(lost.filter(({ kind }) => kind === 'upload.staged')).toHaveLength(2);
});

test('a clear no pauses the Delivery, and /retry goes on', async () => {
  chat.steer('refused', 'video', { refuse: new FatalError('not_found') });
  await recordIn('refused');
  await waitForState('refused', 'paused');
  expect(await shown('refused', 'video')).toEqual([]);
  await product.say(`/retry s${(await deliveryIn('refused'))?.sessionId}`, 'refused');
  await waitForState('refused', 'done');
  expect(await shown('refused', 'video')).toHaveLength(1);
});

test.each([
  ['no_discussion', null],
  ['not_found', 'not_found'],
])('a comment refused with %s holds nothing: the Delivery is done', async (code, told) => {
  const chatId = `comment-${code}`;
  chat.steer(chatId, 'comment', { refuse: new FatalError(code) });
  await recordIn(chatId);
  await waitForState(chatId, 'done');
  expect((await deliveryIn(chatId))?.error ?? null).toBe(told);
  const [comment] = (await postsIn(chatId)).filter(({ kind }) => kind === 'comment');
  expect(comment).toMatchObject({ state: 'skipped', error: code });
});

test('a comment waits for its forward, and is given up 15 minutes after its post', async () => {
  const never = new TemporaryError('forward_not_seen', { retryAfterMs: 200 });
  chat.steer('forward', 'comment', ...Array.from({ length: 1000 }, () => ({ refuse: never })));
  await recordIn('forward');
  await waitFor(() => callsOf('forward', 'comment').length >= 2);
  expect((await deliveryIn('forward'))?.state).toBe('posting');
  const [video] = (await postsIn('forward')).filter(({ kind }) => kind === 'video');
  await product.app.db
    .update(posts)
    .set({ postedAt: new Date(Date.now() - 16 * 60_000) })
    .where(eq(posts.id, video?.id ?? 0));
  await waitForState('forward', 'done');
  expect((await deliveryIn('forward'))?.error).toBe('forward_not_seen');
});

test('ids the chat tells later are waited for before the comment; the floor is a number', async () => {
  const later = ({ messageIds }: PostedIds) => ({ messageIds: messageIds.map(() => '0') });
  chat.steer('later', 'video', { answer: later });
  await recordIn('later');
  const before = await waitFor(async () =>
    (await postsIn('later')).find(({ kind, state }) => kind === 'video' && state === 'posted'),
  );
  expect(before.posted).toEqual({ messageIds: ['0'] });
  expect(callsOf('later', 'comment')).toEqual([]);
  isPublished = true;
  await waitForState('later', 'done');
  const [video] = await shown('later', 'video');
  const [comment] = await shown('later', 'comment');
  expect(comment?.parentId).toBe(video?.id);
  // The card stood in this chat already: what is lost lies above it.
  const [card] = await shown('later', 'card');
  expect(Number(callsOf('later', 'video')[0]?.post.idFloor)).toBe(card?.id);
});

test('a card that is refused is left alone until the window closes', async () => {
  chat.steer('card', 'card', { refuse: new FatalError('not_found') });
  const stream = await origin.stream('card');
  await product.say(`/record ${stream.url}`, 'card');
  const failed = await waitFor(async () => (await postsIn('card')).find(({ state }) => state === 'failed'));
  expect(failed).toMatchObject({ kind: 'card', error: 'not_found' });
  await waitFor(async () => (await product.app.db.query.segments.findMany()).length > 0);
  stream.end();
  await waitForState('card', 'done');
  await waitFor(async () => (await shown('card', 'card')).length === 1);
  expect(callsOf('card', 'card')).toHaveLength(2);
});

test('a card whose answer was lost is looked for as it was sent, and stands once', async () => {
  chat.steer('lost-card', 'card', { lose: new AmbiguousError('answer_lost', { retryAfterMs: 1500 }) });
  await recordIn('lost-card');
  await waitForState('lost-card', 'done');
  await waitFor(async () => (await shown('lost-card', 'card'))[0]?.content.state === 'posted');
  expect(callsOf('lost-card', 'card')).toHaveLength(1);
  const [sent] = callsOf('lost-card', 'card');
  const looked = looks.filter(({ chat: place }) => place.chatId === 'lost-card');
  expect(looked.map(({ content }) => content)).toEqual(looked.map(() => sent?.post.content));
  expect(looked).not.toEqual([]);
});

test('a card that is gone is edited no more, one that was refused once is, and nothing else minds', async () => {
  const web = product.app.chats.get('web');
  if (!web) throw new Error('no web chat');
  let edits = 0;
  product.app.chats.set('web', {
    ...web,
    edit: async (target, post, ids, signal) => {
      if (post.chat.chatId !== 'gone') return web.edit(target, post, ids, signal);
      edits++;
      if (edits === 1) throw new TemporaryError('timeout', { retryAfterMs: 100 });
      throw new FatalError(edits === 2 ? 'telegram_rights' : 'telegram_message_gone');
    },
  });
  await recordIn('gone');
  await waitForState('gone', 'done');
  const card = await waitFor(async () =>
    (await postsIn('gone')).find(({ error }) => error === 'telegram_message_gone'),
  );
  expect(card).toMatchObject({ kind: 'card', state: 'posted' });
  expect(edits).toBe(3);
});
