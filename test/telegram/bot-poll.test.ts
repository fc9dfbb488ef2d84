import { Api } from 'grammy';
import { expect, onTestFinished, test } from 'vitest';
import { conflictTimes } from '../../src/bots/telegram/poll.ts';
import { leases } from '../../src/db/schema.ts';
import { startTestApp } from '../support/app.ts';
import { waitFor } from '../support/wait.ts';
import { addPerson, type Bot, echo, openBot, texts, waitUntilQuiet } from './bot-setup.ts';

const callsOf = ({ server }: Bot, method: string) => server.calls.filter((call) => call.method === method);
const atOnce = { ...conflictTimes, afterMs: 0, firstMs: 0 };

test('of several that listen one asks for updates, and the next goes on where it ends', async () => {
  const bot = await openBot();
  const anna = addPerson(bot, 'Anna');
  const stops = [bot.start(echo), bot.start(echo), bot.start(echo)];
  for (const [index, stop] of stops.entries()) {
    anna.say(`/status s${index}`);
    await texts(bot, anna.chat, index + 1);
    await waitUntilQuiet(bot);
    const [lease] = await bot.telegram.db.select().from(leases);
    expect(lease?.what).toBe(bot.telegram.account.replace('telegram', 'listen:telegram'));
    if (index < 2) await stop();
  }
  expect(bot.saidIn(anna.chat).map(({ text }) => text)).toEqual(stops.map((_, index) => `echo /status s${index}`));
  expect(callsOf(bot, 'getUpdates').filter(({ status }) => status === 409)).toEqual([]);
});

test('one that lost its lease stops asking; another has it', async () => {
  const bot = await openBot();
  const anna = addPerson(bot, 'Anna');
  bot.start(echo);
  anna.say('/one');
  await texts(bot, anna.chat, 1);
  const { db } = bot.telegram;
  await db.update(leases).set({ owner: 'another process', until: new Date(Date.now() + 3_600_000) });
  await waitFor(() => bot.logged.some((line) => line.includes('another process listens')), { what: 'its end' });
  await waitUntilQuiet(bot);
  anna.say('/two');
  await db.update(leases).set({ until: new Date(0) });
  expect(await texts(bot, anna.chat, 2)).toEqual(['echo /one', 'echo /two']);
});

test('another program with the same token is told to the log and the admins, and both go on', async () => {
  const bot = await openBot();
  const [anna, boris] = [addPerson(bot, 'Anna'), addPerson(bot, 'Boris')];
  bot.start(echo, { admins: [String(anna.user.id)], conflictTimes: atOnce });
  await waitFor(() => bot.server.world.bots.get(bot.server.token)?.endPoll);
  // The other program asks once; its call ends ours.
  await new Api(bot.server.token, { apiRoot: bot.server.root }).getUpdates({ timeout: 0 });
  expect((await texts(bot, anna.chat, 1))[0]).toMatch(/^Another program takes/);
  expect(bot.logged.some((line) => line.includes('Another program takes'))).toBe(true);
  boris.say('/one');
  expect(await texts(bot, boris.chat, 1)).toEqual(['echo /one']);
  expect(bot.saidIn(anna.chat)).toHaveLength(1);
});

test('of two installations with one token the second says so and stands aside: the first hears all', async () => {
  const bot = await openBot();
  const [anna, boris] = [addPerson(bot, 'Anna'), addPerson(bot, 'Boris')];
  bot.start(echo, { conflictTimes: { ...atOnce, afterMs: 3_600_000 } });
  await waitFor(() => bot.server.world.bots.get(bot.server.token)?.endPoll);
  const other = await startTestApp({}, []);
  onTestFinished(() => other.close());
  const { db, bus } = other.app;
  const answer = async () => ({ text: 'I am the second' });
  bot.start(answer, { db, bus, admins: [String(anna.user.id)], conflictTimes: { ...atOnce, firstMs: 3_600_000 } });
  expect((await texts(bot, anna.chat, 1))[0]).toMatch(/^Another Aircheck .* leave them to it/);
  const before = callsOf(bot, 'getUpdates').filter(({ status }) => status === 409).length;
  for (const index of [1, 2, 3]) {
    boris.say(`/status s${index}`);
    await texts(bot, boris.chat, index);
  }
  expect(bot.saidIn(boris.chat).map(({ text }) => text)).toEqual([1, 2, 3].map((index) => `echo /status s${index}`));
  expect(callsOf(bot, 'getUpdates').filter(({ status }) => status === 409).length).toBeLessThanOrEqual(before + 1);
});

test('a webhook from an earlier time of ours goes away with what waits kept; another one stays and is told', async () => {
  const bot = await openBot();
  const anna = addPerson(bot, 'Anna');
  const withWebhook = bot.start(echo, { publicUrl: 'https://aircheck.example' });
  await waitFor(() => callsOf(bot, 'setWebhook').length === 1);
  await withWebhook();
  anna.say('/one');
  const stop = bot.start(echo);
  expect(await texts(bot, anna.chat, 1)).toEqual(['echo /one']);
  expect(callsOf(bot, 'deleteWebhook')).toHaveLength(1);
  await stop();

  await bot.telegram.api.setWebhook('https://other.example/hook');
  bot.start(echo, { conflictTimes: atOnce });
  await waitFor(() => bot.logged.some((line) => line.includes('Another program takes')));
  expect((await bot.telegram.api.getWebhookInfo()).url).toBe('https://other.example/hook');
});

test('an end does not wait for the poll', async () => {
  const bot = await openBot();
  const stop = bot.start(echo);
  await waitFor(() => bot.server.world.bots.get(bot.server.token)?.endPoll);
  const before = performance.now();
  await stop();
  // The poll itself lasts 30 s.
  expect(performance.now() - before).toBeLessThan(20_000);
  const [lease] = await bot.telegram.db.select().from(leases);
  expect(lease?.owner).toBe('');
});
