import { Api } from 'grammy';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTelegramChat } from '../../src/bots/telegram/telegram.ts';
import type { Chat, OutgoingPost, TargetRef } from '../../src/core/ports.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startTelegram, type Telegram } from '../support/telegram/server.ts';

let telegram: Telegram;
let product: TestApp;
let chat: Chat;
let target: TargetRef;
const signal = AbortSignal.timeout(100_000);

beforeEach(async () => {
  telegram = await startTelegram({ flood: false });
  product = await startTestApp({}, []);
  const channel = telegram.world.addChannel({ title: 'posts' });
  const vault = telegram.world.addChannel({ title: 'vault' });
  const { db, bus, log } = product.app;
  const ours = { db, bus, log, token: telegram.token, apiRoot: telegram.root, isLocal: false, uploadMbps: 0 };
  chat = createTelegramChat({ ...ours, vault: String(vault.id), settleMs: -1e12 });
  target = { id: 1, kind: 'telegram', address: String(channel.id), limits: {} };
});

afterEach(async () => {
  vi.useRealTimers();
  await product.close();
  await telegram.close();
  expect(telegram.violations).toEqual([]);
});

const link = (intentAt: Date): OutgoingPost => ({
  id: 1,
  kind: 'link',
  chat: { kind: 'telegram', chatId: target.address },
  content: { text: 'Show', url: 'http://air.example/1' },
  intentAt,
});

test('a worker that slept between its intent and its call does not send: another may have, meanwhile', async () => {
  const asleep = link(new Date(Date.now() - 11_000));
  await expect(chat.post(target, asleep, [], signal)).rejects.toMatchObject({ code: 'chat_busy', retryAfterMs: 0 });
  expect(telegram.world.messages({ id: Number(target.address) } as never)).toEqual([]);
  await chat.post(target, link(new Date()), [], signal);
  expect(telegram.world.messages({ id: Number(target.address) } as never)).toHaveLength(1);
});

test('a mark that a killed worker left in a chat is taken away by the next look', async () => {
  const post = link(new Date());
  const { messageIds } = await chat.post(target, post, [], signal);
  await new Api(telegram.token, { apiRoot: telegram.root }).sendMessage(target.address, '…');
  expect(await chat.reconcile(target, post, [], signal)).toMatchObject({ verdict: 'posted', ids: { messageIds } });
  const left = telegram.world.messages({ id: Number(target.address) } as never);
  expect(left.map(({ message_id: id }) => String(id))).toEqual(messageIds);
});

test('a worker that sleeps between two pieces of a comment does not send the second', async () => {
  const group = telegram.world.addGroup({ title: 'group' });
  target.address = String(group.id);
  const parent = await chat.post(target, link(new Date()), [], signal);
  const text = Array.from({ length: 1000 }, (_, line) => `line ${line}`).join('\n');
  const comment = () => ({ ...link(new Date()), kind: 'comment' as const, content: { text }, parent });
  const { messageIds } = await chat.post(target, comment(), [], signal);
  expect(messageIds.length).toBeGreaterThan(1);
  const stood = telegram.world.messages(group as never).length;
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  telegram.fault({ kind: 'run', method: 'sendMessage', fn: () => void vi.setSystemTime(Date.now() + 11_000) });
  await expect(chat.post(target, comment(), [], signal)).rejects.toMatchObject({ code: 'answer_lost' });
  expect(telegram.world.messages(group as never)).toHaveLength(stood + 1);
});
