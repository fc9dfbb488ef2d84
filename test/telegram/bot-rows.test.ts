import { eq, sql } from 'drizzle-orm';
import type { Message, Update } from 'grammy/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimReply, findUnfinished, giveReplyBack, noteHandled, pruneInbox } from '../../src/bots/inbox.ts';
import { openTelegram, type Telegram } from '../../src/bots/telegram/client.ts';
import { takeUpdates } from '../../src/bots/telegram/inbox.ts';
import { findForward, findSightings, noteSighting, pruneSightings } from '../../src/bots/telegram/sightings.ts';
import { moveChat } from '../../src/db/chats.ts';
import { setGrant } from '../../src/db/grants.ts';
import { grants, inbox, sightings, targets, watches, watchTargets } from '../../src/db/schema.ts';
import { ensureTarget, upsertStream, upsertWatch } from '../../src/db/watches.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

let running: TestApp;
let telegram: Telegram;
beforeAll(async () => {
  running = await startTestApp({}, []);
  const { db, bus, log } = running.app;
  const apiRoot = 'http://127.0.0.1:1';
  telegram = openTelegram({ db, bus, log, token: '1000:nobody', apiRoot, isLocal: false, uploadMbps: 0 });
});
afterAll(() => running.close());

let updates = 0;
const anna = { id: 5, is_bot: false, first_name: 'A' };
const message = (fields: object) =>
  ({ update_id: ++updates, message: { message_id: updates, date: 1, from: anna, ...fields } as Message }) as Update;
const inChat = (id: number, text: string) => message({ text, chat: { id, type: 'private', first_name: 'A' } });
const unfinished = (busyChats: string[] = [], limit = 8) =>
  findUnfinished(running.app.db, telegram.account, { busyChats, limit });

test('an update is a row however often it comes, and one chat is read in order', async () => {
  const [first, second, other] = [inChat(5, 'one'), inChat(5, 'two'), inChat(6, 'three')];
  await takeUpdates(telegram, [first, second]);
  await takeUpdates(telegram, [first, second, other]);
  const { db } = running.app;
  expect(await db.$count(inbox)).toBe(3);
  const rows = await unfinished();
  expect(rows.map((row) => (row.body as unknown as Update).message?.text)).toEqual(['one', 'three']);
  expect(await unfinished(['5'])).toMatchObject([{ chatId: '6' }]);
  expect(await unfinished([], 1)).toMatchObject([{ chatId: '5' }]);

  const id = rows[0]?.id ?? 0;
  expect(await noteHandled(db, id, { text: 'done' })).toBe(true);
  expect(await noteHandled(db, id, { text: 'done again' })).toBe(false);
  // Its reply is not out yet, so the next of this chat waits.
  expect(await unfinished(['6'])).toMatchObject([{ id, reply: { text: 'done' } }]);
  expect(await claimReply(db, id)).toBe(true);
  expect(await claimReply(db, id)).toBe(false);
  expect(await unfinished(['6'])).toMatchObject([{ eventId: String(second.update_id) }]);
  await giveReplyBack(db, id);
  expect(await unfinished(['6'])).toMatchObject([{ id }]);
  await claimReply(db, id);

  await db.update(inbox).set({ handledAt: sql`now() - interval '49 hours'` }).where(eq(inbox.id, id));
  await pruneInbox(db, telegram.account);
  expect(await db.$count(inbox)).toBe(2);
  await db.delete(inbox);
});

test('text that no database takes is kept without what it cannot hold', async () => {
  await takeUpdates(telegram, [inChat(5, 'a\u0000b\ud83dc😀\udc00')]);
  const [row] = await unfinished();
  expect(row?.body).toMatchObject({ message: { text: 'abc😀' } });
  await running.app.db.delete(inbox);
});

const channel = { id: -1009, type: 'channel', title: 'C' };
const group = { id: -1001, type: 'supergroup', title: 'G' };
const forward = (messageId: number, postId: number, fileUniqueId: string) =>
  message({
    message_id: messageId,
    chat: group,
    is_automatic_forward: true,
    forward_origin: { type: 'channel', chat: channel, message_id: postId, date: 1 },
    video: { file_id: 'x', file_unique_id: fileUniqueId },
    caption: 'Part',
  });

test('sightings say where a post stands in its group, the oldest forward first', async () => {
  const { db } = running.app;
  const { account } = telegram;
  const here = { chatKind: 'telegram', chatId: '5', kind: 'telegram' } as const;
  await db.insert(targets).values({ ...here, name: 'archive', address: '-1009/3' });
  // Out of order, and ids of different lengths.
  await takeUpdates(telegram, [forward(101, 10, 'u2'), forward(99, 9, 'u1'), forward(100, 10, 'u2')]);
  await takeUpdates(telegram, [message({ chat: group, text: 'hi', forward_origin: { type: 'user' } })]);
  expect(await db.$count(sightings)).toBe(3);
  expect(await db.$count(inbox)).toBe(0);
  const post = { chatId: '-1009', messageId: '10' };
  expect(await findForward(db, account, post)).toEqual({ chatId: '-1001', messageId: '100' });
  expect(await findForward(db, account, { ...post, messageId: '11' })).toBeUndefined();
  expect(await findForward(db, 'telegram:2', post)).toBeUndefined();

  const own = { message_id: 8, date: 1, chat: channel, document: { file_id: 'x', file_unique_id: 'u0' } };
  await noteSighting(telegram, db, { update_id: 1, channel_post: own } as unknown as Update);
  expect(await findForward(db, account, { ...post, messageId: '8' })).toBeUndefined();
  const ids = async (wanted: object) =>
    (await findSightings(db, account, { originChatId: '-1009', ...wanted })).map((row) => row.originMessageId);
  expect(await ids({})).toEqual(['8', '9', '10', '10']);
  expect(await ids({ afterMessageId: '8' })).toEqual(['9', '10', '10']);
  expect(await ids({ fileUniqueIds: ['u0', 'u1'] })).toEqual(['8', '9']);
  expect(await ids({ fileUniqueIds: [] })).toEqual([]);

  await db.update(sightings).set({ at: sql`now() - interval '31 days'` }).where(eq(sightings.fileUniqueId, 'u2'));
  await pruneSightings(db, account);
  expect(await ids({})).toEqual(['8', '9']);
});

test('what is seen of channels that nothing is posted to is not written down', async () => {
  const { db } = running.app;
  await db.delete(sightings);
  const posted = (id: number, more: object = {}) =>
    ({
      update_id: ++updates,
      channel_post: { message_id: updates, date: 1, chat: { ...channel, id, ...more }, text: 'x' },
    }) as unknown as Update;
  const here = { chatKind: 'telegram', chatId: '6', kind: 'telegram', address: '@Named' } as const;
  await db.insert(targets).values({ ...here, name: 'named', vault: '-1011', discussion: '-1012' });
  const ours = [-1009, -1011, -1012, -1013];
  const foreign = forward(102, 11, 'u3');
  Object.assign(foreign.message?.forward_origin as object, { chat: { ...channel, id: -1008 } });
  await takeUpdates(
    { ...telegram, vault: '-1013' },
    [...ours, -1008].map((id) => posted(id)),
  );
  await takeUpdates(telegram, [foreign, posted(-1010, { username: 'named' }), posted(-1014, { username: 'name' })]);
  const rows = await db.select().from(sightings).orderBy(sightings.id);
  expect(rows.map((row) => Number(row.originChatId))).toEqual([...ours, -1010]);
});

test('a chat that moved is followed in all rows, and what stands at the new id stays', async () => {
  const { db } = running.app;
  const [from, to] = ['-44', '-10044'];
  const [old, now] = [{ kind: 'telegram', chatId: from } as const, { kind: 'telegram', chatId: to } as const];
  const here = await ensureTarget(db, old, undefined);
  await ensureTarget(db, now, undefined);
  const named = { chatKind: 'telegram', chatId: from, kind: 'telegram' } as const;
  await db.insert(targets).values([
    { ...named, name: 'topic', address: `${from}/7`, discussion: from, vault: from },
    { ...named, name: 'other', address: `${from}5`, discussion: `${from}5` },
    { ...named, name: 'elsewhere', kind: 'discord', address: from },
  ]);
  const stream = await upsertStream(db, { platform: 'p', channel: 'c', url: 'https://x.example/' });
  const order = { streamId: stream.id, language: 'en', createdBy: '1', rules: {}, targetId: here?.id ?? 0 } as const;
  await upsertWatch(db, { ...order, chat: old, quality: 'best', once: false });
  await upsertWatch(db, { ...order, chat: old, quality: '720p', once: false });
  await upsertWatch(db, { ...order, chat: old, quality: 'best', once: true });
  await upsertWatch(db, { ...order, chat: now, quality: 'best', once: false });
  await setGrant(db, old, { userId: '1', role: 'viewer', grantedBy: '9' });
  await setGrant(db, old, { userId: '2', role: 'viewer', grantedBy: '9' });
  await setGrant(db, now, { userId: '1', role: 'admin', grantedBy: '9' });
  await takeUpdates(telegram, [message({ chat: { id: Number(from), type: 'group', title: 'G' }, text: '/status' })]);

  await moveChat(db, 'telegram', from, to);
  await moveChat(db, 'telegram', from, to);

  const moved = await db.select().from(targets).where(eq(targets.chatId, to)).orderBy(targets.id);
  expect(moved.map(({ name, address, discussion, vault }) => [name, address, discussion, vault])).toEqual([
    ['here', to, null, null],
    ['here', to, null, null],
    ['topic', `${to}/7`, to, to],
    ['other', `${from}5`, `${from}5`, null],
    ['elsewhere', from, null, null],
  ]);
  expect(moved.filter((row) => row.removedAt === null && row.name === 'here')).toHaveLength(1);
  const orders = await db.select().from(watches).orderBy(watches.id);
  expect(orders.map((row) => [row.chatId, row.quality, row.once, row.endedAt === null])).toEqual([
    [to, 'best', false, false],
    [to, '720p', false, true],
    [to, 'best', true, true],
    [to, 'best', false, true],
  ]);
  expect(await db.$count(watchTargets)).toBe(4);
  const rights = await db.select().from(grants).orderBy(grants.userId);
  expect(rights.map((row) => [row.chatId, row.userId, row.role])).toEqual([
    [to, '1', 'admin'],
    [to, '2', 'viewer'],
  ]);
  expect(await db.select({ chatId: inbox.chatId }).from(inbox)).toEqual([{ chatId: to }]);
});
