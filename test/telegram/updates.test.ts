import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { Api, Bot } from 'grammy';
import type { Chat, Update, User } from 'grammy/types';
import { expect, onTestFinished, test } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { expectRefused, type Setup, setup } from './setup.ts';

const dayMs = 24 * 3600_000;

async function withAnn(options: Parameters<typeof setup>[0] = {}) {
  const all = await setup(options);
  const ann = all.world.addUser({ firstName: 'Ann' });
  const chat = all.world.privateChat(ann);
  return { ...all, ann, chat, say: (text: string) => all.world.say(ann, chat, text) };
}

const textsOf = (updates: Update[]) => updates.map(({ message }) => message?.text);

test('what is not confirmed comes again; an offset confirms all before it', async () => {
  const { api, say } = await withAnn();
  for (const text of ['a', 'b', 'c']) say(text);
  const first = await api.getUpdates({ limit: 2 });
  expect(textsOf(first)).toEqual(['a', 'b']);
  expect(textsOf(await api.getUpdates())).toEqual(['a', 'b', 'c']);
  const offset = (first[0]?.update_id ?? 0) + 1;
  expect(textsOf(await api.getUpdates({ offset }))).toEqual(['b', 'c']);
  expect(textsOf(await api.getUpdates())).toEqual(['b', 'c']);
  expect(first[1]?.update_id).toBe(offset);
});

test('a negative offset leaves the last ones only', async () => {
  const { api, say } = await withAnn();
  for (const text of ['a', 'b', 'c']) say(text);
  expect(textsOf(await api.getUpdates({ offset: -1 }))).toEqual(['c']);
  expect(textsOf(await api.getUpdates())).toEqual(['c']);
});

test('a long poll ends with the first update', async () => {
  const { api, say, calls, world } = await withAnn();
  const poll = api.getUpdates({ timeout: 50 });
  await waitFor(() => [...world.bots.values()][0]?.onUpdate.size);
  say('a');
  expect(textsOf(await poll)).toEqual(['a']);
  expect(calls.at(-1)).toMatchObject({ method: 'getUpdates', status: 200 });
});

test('an update is kept for a day', async () => {
  const { api, world, say } = await withAnn();
  say('old');
  world.advance(dayMs - 60_000);
  expect(textsOf(await api.getUpdates())).toEqual(['old']);
  world.advance(120_000);
  say('new');
  expect(textsOf(await api.getUpdates())).toEqual(['new']);
});

test('a second poll ends the first with 409', async () => {
  const { api, world, say } = await withAnn();
  const first = expectRefused(
    api.getUpdates({ timeout: 50 }),
    409,
    'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
  );
  await waitFor(() => [...world.bots.values()][0]?.onUpdate.size);
  const second = api.getUpdates({ timeout: 50 });
  await first;
  say('a');
  expect(textsOf(await second)).toEqual(['a']);
});

test('allowed_updates stays until it is set again; an empty list means the usual ones', async () => {
  const { api, world, say, ann, chat } = await withAnn();
  const channel = world.addChannel({ title: 'C' });
  await api.getUpdates({ allowed_updates: ['channel_post'] });
  say('not asked for');
  world.say(ann, channel, 'post');
  const kinds = (updates: Update[]) => updates.map((update) => Object.keys(update)[1]);
  expect(kinds(await api.getUpdates())).toEqual(['channel_post']);
  await api.getUpdates({ offset: -1, allowed_updates: [] });
  world.say(ann, chat, 'asked for again');
  expect(kinds(await api.getUpdates())).toEqual(['channel_post', 'message']);
});

test('own messages never come back, other bots see them in channels and not in groups', async () => {
  const all = await withAnn();
  const second = new Api(addSecond(all), { apiRoot: all.root });
  const [channel, group] = [all.world.addChannel({ title: 'C' }), all.world.addGroup({ title: 'G' })];
  const { message_id: id } = await all.api.sendMessage(channel.id, 'post');
  await all.api.sendMessage(group.id, 'said');
  await all.api.editMessageText(channel.id, id, 'changed');
  expect(await all.api.getUpdates()).toEqual([]);
  expect(await second.getUpdates()).toMatchObject([
    { channel_post: { text: 'post' } },
    { edited_channel_post: { text: 'changed' } },
  ]);
});

function addSecond(all: Setup): string {
  const token = '2000002:another-bot-of-the-same-server-0002';
  all.addBot(token);
  return token;
}

test('privacy mode lets through commands for this bot, replies to it, and service messages', async () => {
  const all = await withAnn();
  const { api, world, ann, bot } = all;
  addSecond(all);
  const group = world.addGroup({ title: 'G', botRights: 'member' });
  const { message_id: replyTo } = await api.sendMessage(group.id, 'card');
  world.say(ann, group, 'chatter');
  world.say(ann, group, `/status@${bot.username}`);
  world.say(ann, group, '/status@aircheck_2000002_bot');
  world.say(ann, group, '/list');
  world.say(ann, group, 'thanks', { replyTo });
  const texts = async () => textsOf(await api.getUpdates());
  expect(await texts()).toEqual([`/status@${bot.username}`, '/list', 'thanks']);
  world.addGroup({ title: 'H', privacyMode: false });
  world.say(ann, group, 'chatter');
  expect((await texts()).at(-1)).toBe('chatter');
});

test('a revoked token is unauthorized', async () => {
  const { api, token, revoke } = await withAnn();
  revoke(token);
  await expectRefused(api.getMe(), 401, 'Unauthorized');
});

test('grammY polls, answers a command, and gets nothing twice', async () => {
  const { api, root, token, world, chat, ann } = await withAnn();
  const bot = new Bot(token, { client: { apiRoot: root } });
  const heard: string[] = [];
  bot.command('record', async (context) => {
    heard.push(context.match);
    await context.reply('recording');
  });
  const running = bot.start();
  world.say(ann, chat, '/record https://example.com/live');
  await waitFor(() => world.messages(chat).some(({ text }) => text === 'recording'));
  world.say(ann, chat, '/record again');
  await waitFor(() => heard.length === 2);
  await bot.stop();
  await running;
  expect(heard).toEqual(['https://example.com/live', 'again']);
  expect(await api.getUpdates()).toEqual([]);
});

type Hook = { server: Server; url: string; seen: { headers: IncomingMessage['headers']; update: Update }[] };

/** A webhook that answers with these statuses in turn, then 200. */
async function startHook(statuses: number[]): Promise<Hook> {
  const seen: Hook['seen'] = [];
  const server = createServer((request, response) => {
    void json(request).then((update) => {
      seen.push({ headers: request.headers, update: update as Update });
      response.writeHead(statuses.shift() ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  return { server, seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

test('a webhook gets updates in order, with the secret, again until it says 200', async () => {
  const { api, say } = await withAnn({ mode: 'local' });
  const hook = await startHook([500]);
  await api.setWebhook(hook.url, { secret_token: 'a-secret_1' });
  say('a');
  say('b');
  await waitFor(() => hook.seen.length === 3);
  expect(textsOf(hook.seen.map(({ update }) => update))).toEqual(['a', 'a', 'b']);
  expect(hook.seen[0]?.headers['x-telegram-bot-api-secret-token']).toBe('a-secret_1');
  const info = await api.getWebhookInfo();
  expect(info).toMatchObject({ url: hook.url, last_error_message: expect.stringContaining('500') });
  expect(info).not.toHaveProperty('secret');
});

test('getUpdates is refused while a webhook is set', async () => {
  const { api, say } = await withAnn({ mode: 'local' });
  const hook = await startHook([]);
  await api.setWebhook(hook.url);
  const text =
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
  await expectRefused(api.getUpdates(), 409, text);
  await api.deleteWebhook();
  say('a');
  expect(textsOf(await api.getUpdates())).toEqual(['a']);
  expect(hook.seen).toEqual([]);
});

test('setting a webhook drops what waits if asked to, and the cloud wants HTTPS', async () => {
  const { api, say } = await withAnn();
  say('a');
  const text = 'Bad Request: bad webhook: An HTTPS URL must be provided for webhook';
  await expectRefused(api.setWebhook('http://example.com/hook'), 400, text);
  const secret = api.setWebhook('https://example.com/hook', { secret_token: 'no spaces' });
  await expectRefused(secret, 400, 'Bad Request: secret token contains unallowed characters');
  await api.deleteWebhook({ drop_pending_updates: true });
  expect(await api.getUpdates()).toEqual([]);
});

test('two bots have their own private chats with a person', async () => {
  const all = await withAnn();
  const second = new Api(addSecond(all), { apiRoot: all.root });
  const { ann, chat }: { ann: User; chat: Chat } = all;
  await all.api.sendMessage(chat.id, 'x');
  await expectRefused(second.sendMessage(ann.id, 'x'), 400, 'Bad Request: chat not found');
});

test('drafts are for private chats; logging out and closing are taken', async () => {
  const { api, world, chat } = await withAnn();
  expect(await api.sendMessageDraft(chat.id, 1, 'soon')).toBe(true);
  expect(world.messages(chat)).toEqual([]);
  const text = 'Bad Request: the method is available only for private chats';
  await expectRefused(api.sendMessageDraft(world.addGroup({ title: 'G' }).id, 1, 'soon'), 400, text);
  expect([await api.close(), await api.logOut()]).toEqual([true, true]);
});

test('updates may be late and in another order', async () => {
  const { api, world, say } = await withAnn();
  world.holdUpdates();
  for (const text of ['a', 'b']) say(text);
  expect(await api.getUpdates()).toEqual([]);
  world.releaseUpdates({ order: 'reversed' });
  expect(textsOf(await api.getUpdates())).toEqual(['b', 'a']);
});

test('an anonymous administrator speaks as the group, a channel as itself', async () => {
  const { api, world, ann } = await withAnn();
  const [group, channel] = [world.addGroup({ title: 'G' }), world.addChannel({ title: 'C' })];
  for (const as of [group, channel]) world.say(ann, group, '/status', { as });
  const updates = await api.getUpdates();
  expect(updates.map(({ message }) => [message?.from?.username, message?.sender_chat?.id])).toEqual([
    ['GroupAnonymousBot', group.id],
    ['Channel_Bot', channel.id],
  ]);
});

test('what a person edits comes as an edit; what a person deletes is told to nobody', async () => {
  const { api, world, chat, say } = await withAnn();
  const { message_id: id } = say('/lst');
  world.change(chat, id, '/list');
  world.erase(chat, id);
  expect(await api.getUpdates()).toMatchObject([{ message: { text: '/lst' } }, { edited_message: { text: '/list' } }]);
  expect(world.messages(chat)).toEqual([]);
});
