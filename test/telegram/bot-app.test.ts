import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startTelegram, type Telegram } from '../support/telegram/server.ts';
import { waitFor } from '../support/wait.ts';

const owner = 1;
let server: Telegram;
let product: TestApp;
beforeAll(async () => {
  server = await startTelegram({ flood: false });
  const settings = { TELEGRAM_TOKEN: server.token, TELEGRAM_API_ROOT: server.root, ADMINS: `telegram:${owner}` };
  product = await startTestApp(settings, ['bots']);
});
afterAll(async () => {
  await product?.close();
  await server?.close();
  expect(server.violations).toEqual([]);
});

const addOwner = () => server.world.users.get(owner) ?? server.world.addUser({ id: owner, firstName: 'Owner' });
type Place = Parameters<Telegram['world']['say']>[1];
const saidIn = (chat: Place) =>
  server.world.messages(chat).flatMap(({ from, text }) => (from?.id === server.bot.id ? [text ?? ''] : []));
const saying = (chat: Place, count: number) =>
  waitFor(() => (saidIn(chat).length >= count ? saidIn(chat) : undefined), { what: `${count} answers` });

test('the owner commands in private and in groups, in the language of the app or of the text', async () => {
  const chat = server.world.privateChat(addOwner());
  server.world.say(addOwner(), chat, '/whoami');
  expect(await saying(chat, 1)).toEqual(['You are 1, admin, in chat telegram:1.']);
  server.world.say(addOwner(), chat, '/start');
  expect((await saying(chat, 2))[1]).toContain('/record –');
  const boris = server.world.addUser({ firstName: 'Boris', languageCode: 'ru' });
  const home = server.world.privateChat(boris);
  server.world.say(boris, home, '/status');
  expect((await saying(home, 1))[0]).toContain(`ваш номер здесь ${boris.id}`);
});

test('a stranger in a group is answered once, and only where the bot is meant', async () => {
  const group = server.world.addGroup({ title: 'Group' });
  const stranger = server.world.addUser({ firstName: 'Stranger' });
  for (const text of ['hello', '/start', '/roll 6', '/status@OtherBot', `/status@${server.bot.username}`, '/list'])
    server.world.say(stranger, group, text);
  server.world.say(addOwner(), group, `/grant ${stranger.id} viewer`);
  expect(await saying(group, 2)).toEqual([
    `This bot is private. Ask its owner to let you in; your id here is ${stranger.id}.`,
    `${stranger.id} is viewer in this chat now.`,
  ]);
  server.world.say(stranger, group, '/list');
  server.world.say(stranger, group, '/grant 5 admin');
  expect((await saying(group, 4)).slice(2)).toEqual([
    'Nothing is watched in this chat.',
    expect.stringContaining('You need the right "admin"'),
  ]);
});

test('a right is of one chat, and follows it when it becomes a supergroup', async () => {
  const group = server.world.addGroup({ title: 'Small', type: 'group' });
  const anna = server.world.addUser({ firstName: 'Anna' });
  server.world.say(addOwner(), group, `/grant ${anna.id} operator`);
  await saying(group, 1);
  const moved = server.world.migrate(group);
  server.world.say(anna, moved, '/whoami');
  expect(await saying(moved, 1)).toEqual([`You are ${anna.id}, operator, in chat telegram:${moved.id}.`]);
});
