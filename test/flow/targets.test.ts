import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FatalError } from '../../src/core/errors.ts';
import { cuts, deliveries, uploads, webMessages } from '../../src/db/schema.ts';
import { targetAddress } from '../../src/worker/target.ts';
import { readOutcome, type TestApp, waitUntilPosted } from '../support/app.ts';
import type { LiveOrigin } from '../support/live.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';
import { steerChat } from './steered-chat.ts';

const flow = useFlow(afterAll);
let product: TestApp;
let origin: LiveOrigin;
beforeAll(async () => {
  product = await flow.web();
  origin = await flow.origin(8);
});
const shownIn = (chatId: string) =>
  product.app.db.select().from(webMessages).where(eq(webMessages.chatId, chatId)).orderBy(webMessages.id);
const cardState = async () => (await shownIn('main')).find(({ kind }) => kind === 'card')?.content.state;

test('two Targets with one limit share Cut, Parts and Uploads; one card tells of both, the worse one first', async () => {
  const { app } = product;
  const chat = steerChat(app, () => ({
    linkTo: (target, ids) => `https://chat.example/${target.address}/${ids.messageIds[0]}`,
  }));
  chat.steer('backup', 'album', { refuse: new FatalError('not_found') });
  await product.say('/target set here limit=300kB');
  await product.say('/target add backup web:backup limit=300kB');
  await product.say(`/record ${origin.url} to=here,backup`);
  origin.end();
  await waitFor(async () => {
    const states = (await app.db.select().from(deliveries).orderBy(deliveries.id)).map(({ state }) => state);
    return states.join() === 'done,paused';
  });
  await waitFor(async () => (await cardState()) === 'paused');
  const card = (await shownIn('main')).find(({ kind }) => kind === 'card');
  expect(JSON.stringify(card?.content.facts)).toContain('missing in the storage');
  const [here] = (await shownIn('main')).filter(({ kind }) => kind === 'album');
  expect(card?.content.buttons).toContainEqual({ text: 'Open post', url: `https://chat.example/main/${here?.id}` });
  await product.say('/retry s1');
  await waitUntilPosted(app, 2);
  await waitFor(async () => (await cardState()) === 'posted');
  const [there] = (await shownIn('backup')).filter(({ kind }) => kind === 'album');
  expect(there?.media).toEqual(here?.media);
  expect((await shownIn('backup')).map(({ kind }) => kind)).toEqual(['album', 'comment']);
  expect((await shownIn('main')).filter(({ kind }) => kind === 'card')).toHaveLength(1);
  expect(await app.db.select().from(cuts)).toHaveLength(1);
  const rows = await app.db.select().from(uploads);
  expect(rows.map(({ state }) => state)).toEqual(here?.media.map(() => 'staged'));
  expect(rows.every(({ attempts }) => attempts === 1)).toBe(true);
  expect((await readOutcome(app)).deliveries).toHaveLength(2);
});

test('here is the thread an order was given in; another Target is what its address says', async () => {
  const [found] = await product.app.db.query.targets.findMany({ limit: 1 });
  const watch = await product.app.db.query.watches.findFirst();
  if (!found || !watch) throw new Error('nothing ordered');
  const target = { ...found, kind: 'telegram' as const, address: '-100123' };
  const [inThread, elsewhere] = [
    { ...watch, chatKind: 'telegram' as const, chatId: '-100123', threadId: '7' },
    { ...watch, chatKind: 'telegram' as const, chatId: '-100123', threadId: null },
  ];
  const chat = { kind: 'telegram', chatId: '-100123' };
  expect(targetAddress({ target: { ...target, isDefault: true }, watch: inThread })).toEqual({
    ...chat,
    threadId: '7',
  });
  expect(targetAddress({ target: { ...target, isDefault: false }, watch: inThread })).toEqual(chat);
  expect(targetAddress({ target: { ...target, address: '-100123/9' }, watch: elsewhere })).toEqual({
    ...chat,
    threadId: '9',
  });
});
