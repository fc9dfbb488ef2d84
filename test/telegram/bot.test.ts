import { eq } from 'drizzle-orm';
import type { Update } from 'grammy/types';
import { expect, test } from 'vitest';
import { takeUpdates } from '../../src/bots/telegram/inbox.ts';
import type { ChatEvent } from '../../src/core/ports.ts';
import { inbox } from '../../src/db/schema.ts';
import { waitFor } from '../support/wait.ts';
import { addPerson, echo, openBot, texts, waitUntilQuiet } from './bot-setup.ts';

test('what is said is answered once, verbatim, however it looks like markup', async () => {
  const bot = await openBot();
  const anna = addPerson(bot, 'Anna');
  bot.start(echo);
  anna.say('/help <b>&amp;</b> & "x" _y_');
  expect(await texts(bot, anna.chat, 1)).toEqual(['echo /help <b>&amp;</b> & "x" _y_']);
  const [reply] = bot.saidIn(anna.chat);
  expect(reply?.entities?.some(({ type }) => type === 'bold')).not.toBe(true);
  expect(reply?.reply_to_message).toBeUndefined();
});

test('what was said while nobody listened is answered later, in order, and once', async () => {
  const bot = await openBot();
  const anna = addPerson(bot, 'Anna');
  for (const text of ['/one', '/two', '/three']) anna.say(text);
  const stop = bot.start(echo);
  expect(await texts(bot, anna.chat, 3)).toEqual(['echo /one', 'echo /two', 'echo /three']);
  await stop();
  bot.start(echo);
  anna.say('/four');
  expect(await texts(bot, anna.chat, 4)).toEqual(['echo /one', 'echo /two', 'echo /three', 'echo /four']);
});

test('updates whose hand-over failed come again and are answered once', async () => {
  const bot = await openBot();
  const anna = addPerson(bot, 'Anna');
  bot.server.fault({ method: 'getUpdates', kind: 'dropAfter', times: 2 });
  anna.say('/one');
  bot.start(echo);
  anna.say('/two');
  expect(await texts(bot, anna.chat, 2)).toEqual(['echo /one', 'echo /two']);
  await waitUntilQuiet(bot);
  expect(bot.saidIn(anna.chat)).toHaveLength(2);
});

test('a reply that was written but not sent is sent after a restart; one that may be out is not', async () => {
  const bot = await openBot();
  const anna = addPerson(bot, 'Anna');
  const { account, db } = bot.telegram;
  const base = { account, chatId: String(anna.chat.id), body: { update_id: 1, message: { chat: anna.chat } } };
  await db.insert(inbox).values([
    { ...base, eventId: 'a', handledAt: new Date(), reply: { text: 'lost with its process' }, repliedAt: new Date() },
    { ...base, eventId: 'b', handledAt: new Date(), reply: { text: 'written down' } },
    { ...base, eventId: 'c', handledAt: new Date() },
  ]);
  bot.start(echo);
  anna.say('/one');
  expect(await texts(bot, anna.chat, 2)).toEqual(['written down', 'echo /one']);
});

test('a slow command holds its own chat alone', async () => {
  const bot = await openBot();
  const [anna, boris] = [addPerson(bot, 'Anna'), addPerson(bot, 'Boris')];
  let finish = () => {};
  const slow = new Promise<void>((resolve) => void (finish = resolve));
  bot.start(async (event) => {
    if (event.text === '/slow') await slow;
    return echo(event);
  });
  anna.say('/slow');
  anna.say('/after');
  boris.say('/quick');
  expect(await texts(bot, boris.chat, 1)).toEqual(['echo /quick']);
  expect(bot.saidIn(anna.chat)).toEqual([]);
  finish();
  expect(await texts(bot, anna.chat, 2)).toEqual(['echo /slow', 'echo /after']);
});

test('a handler that fails is told in the language of the person', async () => {
  const bot = await openBot();
  const [anna, boris] = [addPerson(bot, 'Anna', 'en'), addPerson(bot, 'Boris', 'ru')];
  bot.start(async () => {
    throw new Error('handler broke');
  });
  anna.say('/status');
  boris.say('/status');
  expect((await texts(bot, anna.chat, 1))[0]).toMatch(/Something went wrong.*error [0-9a-f]{6}/);
  expect((await texts(bot, boris.chat, 1))[0]).toMatch(/Что-то пошло не так/);
  anna.say('/другое');
  expect((await texts(bot, anna.chat, 2))[1]).toMatch(/Что-то пошло не так/);
  expect(bot.logged.join('')).toContain('handler broke');
});

test('a long reply comes in pieces, in order', async () => {
  const bot = await openBot({ flood: false });
  const anna = addPerson(bot, 'Anna');
  const lines = Array.from({ length: 300 }, (_, i) => `line ${i} <&> ${'x'.repeat(20)}`);
  bot.start(async () => ({ text: lines.join('\n') }));
  anna.say('/list');
  await waitUntilQuiet(bot);
  const pieces = await texts(bot, anna.chat, 3);
  expect(pieces.join('\n').split('\n')).toEqual(lines);
});

test('in a group a reply names its question, and stands in its topic', async () => {
  const bot = await openBot();
  const { user } = addPerson(bot, 'Anna');
  const { world } = bot.server;
  const [group, forum] = [world.addGroup({ title: 'G' }), world.addGroup({ title: 'F', type: 'forum' })];
  const topic = await bot.telegram.api.createForumTopic(forum.id, 'Streams');
  const heard: ChatEvent[] = [];
  bot.start(async (event) => {
    heard.push(event);
    return echo(event);
  });
  const asked = world.say(user, group, `/status@${bot.server.bot.username} s1`);
  world.say(user, group, 'good morning');
  world.say(user, group, '/status@SomeOtherBot');
  world.say(user, forum, '/list', { threadId: topic.message_thread_id });
  expect(await texts(bot, group, 1)).toEqual(['echo /status s1']);
  expect(bot.saidIn(group)[0]?.reply_to_message?.message_id).toBe(asked.message_id);
  await texts(bot, forum, 2);
  expect(bot.saidIn(forum).at(-1)).toMatchObject({ text: 'echo /list', message_thread_id: topic.message_thread_id });
  const threadId = String(topic.message_thread_id);
  expect(heard.map(({ chat }) => chat.threadId ?? '').sort()).toEqual(['', threadId]);
  await waitUntilQuiet(bot);
  expect(bot.saidIn(group)).toHaveLength(1);
  expect(await bot.telegram.db.$count(inbox)).toBe(3);
});

test('a question that was deleted meanwhile is answered nevertheless', async () => {
  const bot = await openBot();
  const { user } = addPerson(bot, 'Anna');
  const group = bot.server.world.addGroup({ title: 'G' });
  const asked = bot.server.world.say(user, group, '/status');
  bot.start(async (event) => {
    await bot.telegram.api.deleteMessage(group.id, asked.message_id);
    return echo(event);
  });
  expect(await texts(bot, group, 1)).toEqual(['echo /status']);
});

test('an admin who writes as the group is told once that nobody knows who that is', async () => {
  const bot = await openBot();
  const group = bot.server.world.addGroup({ title: 'G' });
  const from = { id: 1087968824, is_bot: true, first_name: 'Group' };
  const update = (id: number) =>
    ({
      update_id: id,
      message: { message_id: id, date: 1, from, sender_chat: group, chat: group, text: '/status' },
    }) as unknown as Update;
  await takeUpdates(bot.telegram, [update(900), update(901)]);
  bot.start(() => {
    throw new Error('never asked');
  });
  expect((await texts(bot, group, 1))[0]).toContain('Remain anonymous');
  await waitUntilQuiet(bot);
  expect(bot.saidIn(group)).toHaveLength(1);
});

test('the commands are offered in both languages, and set only where they differ', async () => {
  const bot = await openBot();
  const sets = () => bot.server.calls.filter(({ method }) => method === 'setMyCommands').length;
  const gets = () => bot.server.calls.filter(({ method }) => method === 'getMyCommands').length;
  const stop = bot.start(echo);
  await waitFor(() => bot.server.world.commands.length === 6);
  await stop();
  expect(sets()).toBe(6);
  const [known] = await bot.telegram.api.getMyCommands({ scope: { type: 'all_private_chats' }, language_code: 'ru' });
  expect(known).toEqual({ command: 'record', description: expect.stringContaining('эфир') });
  const before = gets();
  bot.start(echo);
  await waitFor(() => gets() === before + 6);
  expect(sets()).toBe(6);
});

test('a group that became a supergroup is followed', async () => {
  const bot = await openBot();
  const { user } = addPerson(bot, 'Anna');
  const { world } = bot.server;
  const group = world.addGroup({ title: 'G', type: 'group' });
  let finish = () => {};
  const slow = new Promise<void>((resolve) => void (finish = resolve));
  const heard: string[] = [];
  bot.start(async (event) => {
    heard.push(event.chat.chatId);
    if (event.text === '/stop') await slow;
    return echo(event);
  });
  world.say(user, group, '/stop');
  await waitFor(() => heard.length === 1);
  const moved = world.migrate(group);
  world.say(user, moved, '/status');
  await waitFor(async () => (await bot.telegram.db.$count(inbox, eq(inbox.chatId, String(moved.id)))) === 4);
  finish();
  expect(await texts(bot, moved, 2)).toEqual(['echo /stop', 'echo /status']);
  expect(heard).toEqual([String(group.id), String(moved.id)]);
  await waitUntilQuiet(bot);
  const rows = await bot.telegram.db.select({ chatId: inbox.chatId }).from(inbox);
  expect(new Set(rows.map((row) => row.chatId))).toEqual(new Set([String(moved.id)]));
});
