import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api, HttpError } from 'grammy';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TelegramOptions } from '../../src/bots/telegram/client.ts';
import { toChatError } from '../../src/bots/telegram/errors.ts';
import { createTelegramChat } from '../../src/bots/telegram/telegram.ts';
import { AmbiguousError, TemporaryError } from '../../src/core/errors.ts';
import type { Chat, OutgoingPost, PartFile, PostItem, TargetRef } from '../../src/core/ports.ts';
import { deliveries, posts, renditions, sessions, targets } from '../../src/db/schema.ts';
import { ensureTarget, upsertStream, upsertWatch } from '../../src/db/watches.ts';
import { holdGate } from '../../src/queue/gate.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startTelegram, type Telegram } from '../support/telegram/server.ts';

let telegram: Telegram;
let product: TestApp;
let dir: string;
let channel: { id: number };
let vault: { id: number };
const signal = AbortSignal.timeout(100_000);

beforeEach(async () => {
  telegram = await startTelegram({ forwardDelayMs: 0, flood: false });
  product = await startTestApp({}, []);
  dir = await mkdtemp(join(tmpdir(), 'aircheck-review-'));
  channel = telegram.world.addChannel({ title: 'posts' });
  vault = telegram.world.addChannel({ title: 'vault' });
});

afterEach(async () => {
  await product.close();
  await telegram.close();
  await rm(dir, { recursive: true, force: true });
  expect(telegram.violations).toEqual([]);
});

function open(options: Partial<TelegramOptions> = {}): { chat: Chat; target: TargetRef } {
  const { db, bus, log } = product.app;
  const ours = { db, bus, log, token: telegram.token, apiRoot: telegram.root, isLocal: false, uploadMbps: 0 };
  const chat = createTelegramChat({ ...ours, vault: String(vault.id), settleMs: -1e12, ...options });
  return { chat, target: { id: 1, kind: 'telegram', address: String(channel.id), limits: {} } };
}

async function makePart(partId: number, sizeBytes = 3_000_000): Promise<PartFile> {
  const path = join(dir, `${partId}.mp4`);
  await writeFile(path, Buffer.alloc(sizeBytes, `part ${partId} `));
  return { partId, path, sizeBytes, lengthMs: 9_000, width: 320, height: 180, fileName: `p${partId}.mp4` };
}

async function stageTwo({ chat, target }: ReturnType<typeof open>): Promise<PostItem[]> {
  const items: PostItem[] = [];
  for (const partId of [1, 2]) {
    const file = await makePart(partId, 1000);
    items.push({ partId, remote: await chat.stage(target, file, { signal, onProgress: () => {} }) });
  }
  return items;
}

const album = (fields: Partial<OutgoingPost> = {}): OutgoingPost => ({
  id: 1,
  kind: 'album',
  chat: { kind: 'telegram', chatId: String(channel.id) },
  content: { text: 'Show 1–2/2' },
  intentAt: new Date(),
  ...fields,
});

test('a vault that is closed to the bot proves nothing of a post', async () => {
  const { chat, target } = open();
  const items = await stageTwo({ chat, target });
  await chat.post(target, album(), items, signal);
  telegram.world.setRights(vault as never, { can_post_messages: false });
  const looked = await chat.reconcile(target, album(), items, signal).catch((error: unknown) => error);
  expect(looked).not.toMatchObject({ verdict: 'missing' });
});

test('an old message that somebody forwarded meanwhile does not end the looking', async () => {
  const { chat, target } = open();
  const items = await stageTwo({ chat, target });
  const api = new Api(telegram.token, { apiRoot: telegram.root });
  const old = await api.sendMessage(vault.id, 'long ago');
  telegram.world.advance(600_000);
  const post = album({ intentAt: new Date(Date.now() + 600_000) });
  const { messageIds } = await chat.post(target, post, items, signal);
  await api.forwardMessage(channel.id, vault.id, old.message_id);
  expect(await chat.reconcile(target, post, items, signal)).toMatchObject({ verdict: 'posted', ids: { messageIds } });
});

test('a title that Telegram cleans is found again', async () => {
  const { chat, target } = open();
  const post = album({ kind: 'card', content: { text: '  \u202eLIVE now ', stateText: 'recording', facts: [] } });
  const { messageIds } = await chat.post(target, post, [], signal);
  expect(await chat.reconcile(target, post, [], signal)).toMatchObject({ verdict: 'posted', ids: { messageIds } });
});

test('ids of another chat, from before the Target was changed, are no floor', async () => {
  const { chat, target } = open();
  const items = await stageTwo({ chat, target });
  const post = album({ idFloor: '5000' });
  const posted = await chat.post(target, post, items, signal);
  expect(posted.chatId).toBe(String(channel.id));
  expect(await chat.reconcile(target, post, items, signal)).toMatchObject({ verdict: 'posted', ids: posted });
});

/** A Delivery to the channel that posted these messages. */
async function writePosted(messageIds: string[]): Promise<void> {
  const { db } = product.app;
  const here = { kind: 'telegram', chatId: String(channel.id) } as const;
  const target = await ensureTarget(db, here, undefined);
  const stream = await upsertStream(db, { platform: 'p', channel: 'c', url: 'https://x.example/' });
  const order = { streamId: stream.id, language: 'en', createdBy: '1', rules: {}, targetId: target?.id ?? 0 } as const;
  const { watch } = await upsertWatch(db, { ...order, chat: here, quality: 'best', once: true });
  const [session] = await db.insert(sessions).values({ streamId: stream.id, state: 'ended' }).returning();
  const sessionId = session?.id ?? 0;
  const [rendition] = await db.insert(renditions).values({ sessionId, name: 'best' }).returning();
  const ids = { watchId: watch.id, targetId: order.targetId, sessionId, renditionId: rendition?.id ?? 0 };
  const [delivery] = await db.insert(deliveries).values(ids).returning();
  const post = { kind: 'album', ordinal: 0, state: 'posted', content: { text: '' }, postedAt: new Date() } as const;
  // Ids of rows are counted from 1, which is the one that is looked for.
  await db.insert(posts).values({ ...post, deliveryId: delivery?.id ?? 0, ordinal: 1 });
  await db.insert(posts).values({ ...post, deliveryId: delivery?.id ?? 0, posted: { messageIds } });
  expect(await db.$count(targets)).toBe(1);
}

test('the same files of another Delivery in the same chat are neither taken for the lost ones nor taken away', async () => {
  const { chat, target } = open();
  const items = await stageTwo({ chat, target });
  const intentAt = new Date();
  const other = await chat.post(target, album({ id: 2 }), items, signal);
  await writePosted(other.messageIds);
  expect(await chat.reconcile(target, album({ intentAt }), items, signal)).toEqual({ verdict: 'missing' });
  const three = [...items, { partId: 3, remote: { fileId: 'x', fileUniqueId: 'elsewhere', type: 'video' } }];
  expect(await chat.reconcile(target, album({ intentAt }), three, signal)).toEqual({ verdict: 'missing' });
  const shown = telegram.world.messages(channel as never).map(({ message_id: id }) => String(id));
  expect(shown).toEqual(other.messageIds);
});

test('a file that left us whole may stand, however long the answer took', async () => {
  const { chat, target } = open({ vault: undefined, patienceMs: 1 });
  telegram.fault({ method: 'sendVideo', kind: 'dropAfter' });
  const post = album({ kind: 'video' });
  const failure = chat.post(target, post, [{ partId: 1, file: await makePart(1) }], signal);
  expect(await failure.catch((error: unknown) => error)).toBeInstanceOf(AmbiguousError);
});

test('a file that did not leave us whole was not posted', async () => {
  const { chat, target } = open({ vault: undefined });
  telegram.fault({ method: 'sendVideo', kind: 'resetBody' });
  const post = album({ kind: 'video' });
  const failure = chat.post(target, post, [{ partId: 1, file: await makePart(1, 20_000_000) }], signal);
  const error = await failure.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(TemporaryError);
  expect(error).not.toBeInstanceOf(AmbiguousError);
  expect(telegram.world.messages(channel as never)).toEqual([]);
});

test('a worker that is stopped while it waits for its rate has sent nothing', async () => {
  const { chat, target } = open();
  await holdGate(product.app.db, `telegram:${telegram.bot.id}:${channel.id}`, 60_000);
  const stopping = new AbortController();
  const failure = chat.post(target, album({ kind: 'card' }), [], stopping.signal).catch((error: unknown) => error);
  setImmediate(() => stopping.abort());
  const error = await failure;
  expect(error).toBeInstanceOf(TemporaryError);
  expect(error).not.toBeInstanceOf(AmbiguousError);
});

test('a comment whose place cannot be asked for was not sent', async () => {
  const { chat, target } = open();
  telegram.fault({ method: 'getChat', kind: 'dropBefore' });
  const post = album({ kind: 'comment', parent: { messageIds: ['1'] } });
  const error = await chat.post(target, post, [], signal).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(TemporaryError);
  expect(error).not.toBeInstanceOf(AmbiguousError);
});

test('a card of a chat that moved is not written over a message of the new one', async () => {
  const { chat, target } = open();
  const card = album({ kind: 'card', content: { text: 'old' } });
  const posted = await chat.post(target, { ...card, content: { text: 'another' } }, [], signal);
  const failure = chat.edit(target, card, { ...posted, chatId: '-44' }, signal);
  expect(await failure.catch((error: unknown) => error)).toMatchObject({ code: 'telegram_message_gone' });
});

const failed = (code: string, reason: string) =>
  new HttpError('failed', Object.assign(new Error(`request to http://x/ failed, reason: ${reason}`), { code }));

test('only a connection that never stood sent nothing', () => {
  for (const reason of ['connect EHOSTUNREACH 10.0.0.1:443', ''])
    expect(toChatError(failed('EHOSTUNREACH', reason))).not.toBeInstanceOf(AmbiguousError);
  expect(toChatError(failed('EHOSTUNREACH', 'read EHOSTUNREACH'))).toBeInstanceOf(AmbiguousError);
  expect(toChatError(failed('ETIMEDOUT', 'connect ETIMEDOUT 10.0.0.1:443'))).not.toBeInstanceOf(AmbiguousError);
});

test('a file that Telegram shows as an audio stands, and is not sent again', async () => {
  const { chat, target } = open({ vault: undefined });
  telegram.fault({ kind: 'shownAs', method: 'sendVideo', as: 'audio' });
  const item = { partId: 1, file: await makePart(1, 1000) };
  const ids = await chat.post(target, { ...album(), kind: 'video' }, [item], signal);
  const [message, ...others] = telegram.world.messages(channel as never);
  expect(others).toEqual([]);
  expect(ids).toMatchObject({
    messageIds: [String(message?.message_id)],
    remotes: [{ type: 'document', fileUniqueId: message?.audio?.file_unique_id }],
  });
});
