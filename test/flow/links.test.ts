import { readFile } from 'node:fs/promises';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSession } from '../../src/advance.ts';
import { parts, segments, sessions, streams, webMessages } from '../../src/db/schema.ts';
import type { TestApp } from '../support/app.ts';
import type { LiveOrigin } from '../support/live.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';
import { steerChat } from './steered-chat.ts';

const flow = useFlow(afterAll);
let product: TestApp;
let origin: LiveOrigin;
const covers: Buffer[] = [];
const publicUrl = 'https://aircheck.example/';

beforeAll(async () => {
  product = await flow.web({}, ['bots', 'monitor', 'worker']);
  product.app.config.publicUrl = publicUrl;
  origin = await flow.origin(8, { initial: 4 });
  steerChat(product.app, (web) => ({
    limits: async (target) => ({ ...(await web.limits(target)), maxParts: 1 }),
    post: async (target, post, items, signal) => {
      if (post.coverPath) covers.push(await readFile(post.coverPath));
      return web.post(target, post, items, signal);
    },
  }));
});
/** Records a stream in a chat of that name until its comment stands; gives what was posted. */
async function recordIn(chatId: string, options: string) {
  const stream = await origin.stream(chatId);
  await product.say(`/target set here ${options}`, chatId);
  await product.say(`/record ${stream.url}`, chatId);
  stream.advance(4);
  stream.end();
  return waitFor(async () => {
    const rows = await product.app.db.select().from(webMessages).where(eq(webMessages.chatId, chatId));
    return rows.some(({ kind }) => kind === 'comment') ? rows.filter(({ kind }) => kind !== 'reply') : undefined;
  });
}

const partCount = async () => (await product.app.db.select().from(parts)).length;

test('post=link posts the page of the recording with a picture, and cuts no Parts', async () => {
  const before = await partCount();
  const shown = await recordIn('link', 'post=link');
  const link = shown.find(({ kind }) => kind === 'link');
  expect(link?.content.url).toMatch(/^https:\/\/aircheck\.example\/sessions\/\d+\?key=[0-9a-f]+$/);
  const file = link?.content.url?.replace('?key=', '.mp4?key=');
  expect(link?.content.buttons?.map(({ url }) => url)).toEqual([link?.content.url, file]);
  expect(link?.content.text).not.toMatch(/part/);
  expect(covers[0]?.subarray(0, 2).toString('hex')).toBe('ffd8');
  expect(shown.find(({ kind }) => kind === 'comment')?.parentId).toBe(link?.id);
  expect(shown.some(({ kind }) => kind === 'video' || kind === 'album')).toBe(false);
  expect(await partCount()).toBe(before);
});

test('of more Parts than a chat should be sent, a link is posted; post=parts never links', async () => {
  const auto = await recordIn('auto', 'limit=300kB');
  expect(auto.filter(({ kind }) => kind === 'link')).toHaveLength(1);
  const all = await recordIn('parts', 'limit=300kB post=parts');
  expect(all.some(({ kind }) => kind === 'album')).toBe(true);
  expect(all.some(({ kind }) => kind === 'link')).toBe(false);
});

test('without an address there is no link: the parts are posted, and the comment says why', async () => {
  product.app.config.publicUrl = undefined;
  const shown = await recordIn('nowhere', 'post=link');
  product.app.config.publicUrl = publicUrl;
  expect(shown.some(({ kind }) => kind === 'video')).toBe(true);
  expect(shown.find(({ kind }) => kind === 'comment')?.content.text).toContain('Links need PUBLIC_URL');
});

test('what a broadcast is called is noted as it changes, and the comment lists it', async () => {
  const { app } = product;
  const stream = await origin.stream('chapters', { segments: 12, window: 12 });
  await product.say(`/record ${stream.url}`, 'chapters');
  const row = await waitFor(async () =>
    (await app.db.select().from(streams)).find(({ url }) => url.includes('/chapters/')),
  );
  const session = async () =>
    (await app.db.select().from(sessions).where(eq(sessions.streamId, row.id))).at(0) as typeof sessions.$inferSelect;
  const kept = async () => (await app.db.select().from(segments)).filter(({ key }) => key.includes('chapters'));
  await waitFor(async () => (await kept()).length > 0);
  await openSession(app, row.id, { title: 'Morning show', category: 'Talk' });
  stream.advance(4);
  await waitFor(async () => (await kept()).length >= 3);
  await openSession(app, row.id, {});
  expect(await session()).toMatchObject({ title: 'Morning show', category: 'Talk' });
  await openSession(app, row.id, { title: 'Games' });
  expect(await session()).toMatchObject({ title: 'Games', category: 'Talk' });
  stream.advance(4);
  stream.end();
  const comment = await waitFor(async () =>
    (await app.db.select().from(webMessages).where(eq(webMessages.chatId, 'chapters'))).find(
      ({ kind }) => kind === 'comment',
    ),
  );
  expect(comment.content.text).toMatch(/^0:00 Morning show · Talk\n0:0\d Games · Talk\n\nComplete: /);
});
