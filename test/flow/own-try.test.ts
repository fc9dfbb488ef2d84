import { eq } from 'drizzle-orm';
import { beforeEach, expect, test } from 'vitest';
import type { PostState } from '../../src/core/delivery.ts';
import { deliveries, posts, renditions, sessions } from '../../src/db/schema.ts';
import { ensureTarget, upsertStream, upsertWatch } from '../../src/db/watches.ts';
import { settleTry } from '../../src/worker/own-try.ts';
import type { TestApp } from '../support/app.ts';
import { useFlow } from '../support/use-flow.ts';

const flow = useFlow();
let product: TestApp;

beforeEach(async () => {
  product = await flow.web({}, []);
});

/** A Post of some Delivery, with its last try at `sentAt`. */
async function writePost(state: PostState, sentAt: Date) {
  const { db } = product.app;
  const chat = { kind: 'web', chatId: 'main' } as const;
  const target = await ensureTarget(db, chat, undefined);
  const stream = await upsertStream(db, { platform: 'generic', channel: 'x', url: 'http://x.example/a.m3u8' });
  const order = { streamId: stream.id, chat, language: 'en', createdBy: 'u', quality: 'best', rules: {}, once: true };
  const { watch } = await upsertWatch(db, { ...order, targetId: target?.id ?? 0 } as never);
  const [session] = await db.insert(sessions).values({ streamId: stream.id, state: 'ended' }).returning();
  const [rendition] = await db
    .insert(renditions)
    .values({ sessionId: session?.id ?? 0, name: 'best' })
    .returning();
  const ids = { watchId: watch.id, targetId: target?.id ?? 0, sessionId: session?.id ?? 0 };
  const [delivery] = await db
    .insert(deliveries)
    .values({ ...ids, renditionId: rendition?.id ?? 0 })
    .returning();
  const content = { text: 'Show' };
  const [post] = await db
    .insert(posts)
    .values({ deliveryId: delivery?.id ?? 0, kind: 'album', ordinal: 0, content, state, sentAt })
    .returning();
  if (!post) throw new Error('no post');
  return post;
}

const stateOf = async (id: number) =>
  (await product.app.db.select().from(posts).where(eq(posts.id, id))).map(({ state }) => state)[0];

test('a worker that slept through its lease does not take back the try of its successor', async () => {
  const [before, now] = [new Date(1_000), new Date(2_000)];
  const post = await writePost('sending', now);
  const asRead = { id: post.id, sentAt: before };
  for (const event of ['notSent', 'answerLost', 'refused'] as const)
    expect(await settleTry(product.app, asRead, event)).toBeUndefined();
  expect(await stateOf(post.id)).toBe('sending');
  expect(await settleTry(product.app, { id: post.id, sentAt: now }, 'notSent')).toBe('planned');
});
