import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { posts } from '../../src/db/schema.ts';
import { waitForFrames, waitUntilPosted } from '../support/app.ts';
import type { LiveOrigin } from '../support/live.ts';
import { limitFor, type TelegramApp } from '../support/telegram-app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();
let s: TelegramApp;
let origin: LiveOrigin;

async function record(env: Record<string, string> = {}, options = ''): Promise<void> {
  s = await flow.telegram({ env });
  origin = await flow.origin(12);
  const limit = await limitFor(origin, 3, 12);
  await s.say(`/target add archive @archive_channel limit=${limit}B ${options}`);
  await s.say(`/record ${origin.url} to=archive`);
  await waitForFrames(s.t.app, 1);
}

const comments = () => s.world.messages(s.group).filter(({ from }) => from?.is_bot);
const forwards = () => s.world.messages(s.group).filter(({ is_automatic_forward: isForward }) => isForward);

test('forwards that come late and in another order: one comment, under the first of the album', async () => {
  await record();
  s.world.holdForwards();
  origin.end();
  await waitFor(async () => {
    const [row] = await s.t.app.db.select().from(posts).where(eq(posts.kind, 'comment'));
    return row?.error?.startsWith('forward_not_seen');
  });
  expect(s.posts()).toHaveLength(1);
  expect(comments()).toEqual([]);
  s.world.releaseForwards({ order: 'reversed' });
  await waitUntilPosted(s.t.app);
  expect(comments()).toHaveLength(1);
  const first = s.posts()[0]?.[0]?.message_id;
  const root = forwards().find(({ forward_origin: from }) => from?.type === 'channel' && from.message_id === first);
  expect(comments()[0]?.reply_to_message?.message_id).toBe(root?.message_id);
});

test('forwards that came while nobody listened are found when the bot is back', async () => {
  await record();
  await s.t.restart(['worker', 'monitor']);
  origin.end();
  await waitFor(() => forwards().length > 0, { timeoutMs: 100_000, what: 'the forwards' });
  await s.t.restart();
  await waitUntilPosted(s.t.app);
  expect(comments()).toHaveLength(1);
});

test('post=link shows a picture with the address instead of parts, and uploads none', async () => {
  await record({ PUBLIC_URL: 'http://air.example' }, 'post=link');
  origin.end();
  await waitUntilPosted(s.t.app);
  const [[link] = [], ...others] = s.posts();
  expect(others).toEqual([]);
  expect(link?.photo?.length).toBeGreaterThan(0);
  expect(link?.caption).toMatch(/http:\/\/air\.example\/sessions\/1\?key=[0-9a-f]{32}$/);
  expect(JSON.stringify(link?.reply_markup)).toContain('/sessions/1.mp4?key=');
  expect(s.world.messages(s.vault)).toEqual([]);
  expect(comments()).toHaveLength(1);
});
