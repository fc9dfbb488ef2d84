import { expect, test } from 'vitest';
import { inbox } from '../../src/db/schema.ts';
import { waitFor } from '../support/wait.ts';
import { addPerson, type Bot, echo, openBot, texts, waitUntilQuiet } from './bot-setup.ts';

const callsOf = ({ server }: Bot, method: string) => server.calls.filter((call) => call.method === method);

test('a reply waits out what Telegram asks to wait', async () => {
  const bot = await openBot();
  const anna = addPerson(bot, 'Anna');
  bot.server.fault({ method: 'sendMessage', kind: 'flood', retryAfter: 1, times: 2 });
  bot.start(echo);
  anna.say('/one');
  expect(await texts(bot, anna.chat, 1)).toEqual(['echo /one']);
  await waitUntilQuiet(bot);
  expect(callsOf(bot, 'sendMessage').map(({ status }) => status)).toEqual([429, 429, 200]);
});

test.each(['dropAfter', 'dropBefore', 'error500', 'html502'] as const)(
  'a reply whose answer was lost (%s) is not sent again, and the next one is shown',
  async (kind) => {
    const bot = await openBot();
    const anna = addPerson(bot, 'Anna');
    const fault = bot.server.fault({ method: 'sendMessage', kind });
    bot.start(echo);
    anna.say('/one');
    await waitFor(() => fault.hits === 1);
    anna.say('/two');
    const wanted = kind === 'dropAfter' ? ['echo /one', 'echo /two'] : ['echo /two'];
    expect(await texts(bot, anna.chat, wanted.length)).toEqual(wanted);
    await waitUntilQuiet(bot);
    expect(bot.saidIn(anna.chat)).toHaveLength(wanted.length);
    expect(bot.logged.join('')).toContain('a reply may not have been shown');
  },
);

test('a 429 of a local server that shuts down may have been sent, so it is not repeated', async () => {
  const bot = await openBot({ mode: 'local' });
  const anna = addPerson(bot, 'Anna');
  bot.server.fault({ method: 'sendMessage', kind: 'floodAfter' });
  bot.start(echo);
  anna.say('/one');
  anna.say('/two');
  expect(await texts(bot, anna.chat, 2)).toEqual(['echo /one', 'echo /two']);
});

test('a person who blocked the bot holds nobody up', async () => {
  const bot = await openBot();
  const [anna, boris] = [addPerson(bot, 'Anna'), addPerson(bot, 'Boris')];
  anna.say('/one');
  bot.server.world.kick(anna.chat);
  boris.say('/two');
  bot.start(echo);
  expect(await texts(bot, boris.chat, 1)).toEqual(['echo /two']);
  await waitFor(() => bot.logged.join('').includes('blocked by the user'));
});

test('an end in the middle: the reply that waits for its rate is sent by whoever listens next', async () => {
  const bot = await openBot();
  const anna = addPerson(bot, 'Anna');
  bot.server.fault({ method: 'sendMessage', kind: 'flood', retryAfter: 3 });
  const stop = bot.start(echo);
  anna.say('/one');
  await waitFor(() => callsOf(bot, 'sendMessage').length === 1);
  await waitFor(async () => {
    const [row] = await bot.telegram.db.select().from(inbox);
    return row?.repliedAt;
  });
  await stop();
  const [row] = await bot.telegram.db.select().from(inbox);
  expect(row).toMatchObject({ reply: { text: 'echo /one' }, repliedAt: null });
  bot.start(echo);
  expect(await texts(bot, anna.chat, 1)).toEqual(['echo /one']);
});

test('the server restarts, is away and comes back: nothing is lost or said twice', async () => {
  const bot = await openBot();
  const anna = addPerson(bot, 'Anna');
  bot.start(echo);
  anna.say('/one');
  await texts(bot, anna.chat, 1);
  bot.server.fault({ method: /getUpdates/, kind: 'error500', times: 2 });
  await bot.server.restart();
  anna.say('/two');
  expect(await texts(bot, anna.chat, 2)).toEqual(['echo /one', 'echo /two']);
  expect(bot.logged.filter((line) => line.includes('Telegram is not heard'))).toHaveLength(1);
  expect(bot.logged.join('')).toContain('Telegram is heard again');
});

test('a token that is refused is said once, and the end comes at once', async () => {
  const bot = await openBot();
  bot.server.revoke(bot.server.token);
  const stop = bot.start(echo);
  await waitFor(() => bot.logged.some((line) => line.includes('TELEGRAM_TOKEN')));
  await stop();
  expect(callsOf(bot, 'getMe')).toHaveLength(1);
});

test('a server nobody reaches is waited for, and the end comes at once', async () => {
  const bot = await openBot();
  const anna = addPerson(bot, 'Anna');
  const fault = bot.server.fault({ method: 'getMe', kind: 'dropBefore', times: 2 });
  const stop = bot.start(echo);
  anna.say('/one');
  expect(await texts(bot, anna.chat, 1)).toEqual(['echo /one']);
  expect(fault.hits).toBe(2);
  expect(bot.logged.filter((line) => line.includes('Telegram is not heard'))).toHaveLength(1);
  await stop();
});

test('what cannot be written down is not confirmed: it comes again when the database is back', async () => {
  const bot = await openBot();
  const anna = addPerson(bot, 'Anna');
  const { db } = bot.telegram;
  bot.start(echo);
  anna.say('/one');
  await texts(bot, anna.chat, 1);
  await db.execute('alter table inbox rename to away');
  anna.say('/two with a secret');
  await waitFor(() => bot.logged.some((line) => line.includes('not heard at the moment')));
  await db.execute('alter table away rename to inbox');
  expect(await texts(bot, anna.chat, 2)).toEqual(['echo /one', 'echo /two with a secret']);
  await waitUntilQuiet(bot);
  expect(bot.saidIn(anna.chat)).toHaveLength(2);
  expect(bot.logged.filter((line) => line.includes('not heard')).join('')).not.toContain('secret');
});
