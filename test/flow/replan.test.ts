import { and, eq, ne, sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FatalError } from '../../src/core/errors.ts';
import { deliveries, watches, webMessages } from '../../src/db/schema.ts';
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

beforeAll(async () => {
  product = await flow.web({ PUBLIC_URL: 'http://recordings.example' });
  origin = await flow.origin(12);
  chat = steerChat(product.app, (web) => ({
    limits: async (target) => ({ ...(await web.limits(target)), albumItems: target.limits.albumItems ?? 10 }),
  }));
});

const refusal = { refuse: new FatalError('not_found') };

async function stateIn(chatId: string) {
  const [row] = await product.app.db
    .select({ state: deliveries.state, sessionId: deliveries.sessionId })
    .from(deliveries)
    .innerJoin(watches, eq(watches.id, deliveries.watchId))
    .where(eq(watches.chatId, chatId));
  return row;
}
const waitForState = (chatId: string, state: string) =>
  waitFor(async () => (await stateIn(chatId))?.state === state, { what: `${state} in ${chatId}`, timeoutMs: 90_000 });

const setAlbums = (chatId: string, albumItems: number) =>
  product.app.db.execute(
    sql`update targets set limits = limits || ${JSON.stringify({ albumItems })}::jsonb where chat_id = ${chatId}`,
  );

/** Records a stream of about three Parts, until a Post is refused. */
async function recordUntilRefused(chatId: string, albumItems: number): Promise<void> {
  const stream = await origin.stream(chatId);
  await product.say(`/target set here limit=${await limitFor(origin, 3, 12)}B`, chatId);
  await setAlbums(chatId, albumItems);
  await product.say(`/record ${stream.url}`, chatId);
  stream.end();
  await waitForState(chatId, 'paused');
}

async function retryIn(chatId: string): Promise<void> {
  expect((await product.say(`/retry s${(await stateIn(chatId))?.sessionId}`, chatId)).text).toContain('Trying');
  await waitForState(chatId, 'done');
}

/** What was posted, in order: its kind and how many files it holds. */
async function posted(chatId: string): Promise<[string, number][]> {
  const rows = await product.app.db
    .select()
    .from(webMessages)
    .where(and(eq(webMessages.chatId, chatId), eq(webMessages.author, 'bot'), ne(webMessages.kind, 'card')))
    .orderBy(webMessages.id);
  return rows
    .filter(({ kind }) => ['album', 'video', 'link'].includes(kind))
    .map(({ kind, media }) => [kind, media.length]);
}

test('where Parts stand already, a link is not posted as well, whatever is wanted by then', async () => {
  chat.steer('stands', 'video', {}, refusal);
  await recordUntilRefused('stands', 1);
  await product.say('/target set here post=link', 'stands');
  await retryIn('stands');
  const kinds = (await posted('stands')).map(([kind]) => kind);
  expect(new Set(kinds)).toEqual(new Set(['video']));
  expect(kinds.length).toBeGreaterThan(2);
});

test('where nothing stands yet, /retry posts what is wanted by then: the link alone', async () => {
  chat.steer('nothing', 'album', refusal);
  await recordUntilRefused('nothing', 10);
  await product.say('/target set here post=link', 'nothing');
  await retryIn('nothing');
  expect((await posted('nothing')).map(([kind]) => kind)).toEqual(['link']);
});

test('an album that its chat does not take any more (the vault is gone) is planned anew, in single videos', async () => {
  chat.steer('smaller', 'album', refusal);
  await recordUntilRefused('smaller', 10);
  await setAlbums('smaller', 1);
  await retryIn('smaller');
  const posts = await posted('smaller');
  expect(posts.length).toBeGreaterThan(2);
  expect(posts).toEqual(posts.map(() => ['video', 1]));
});
