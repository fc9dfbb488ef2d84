import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { isOurWebhook, webhookOf, webhookUrl } from '../../src/bots/telegram/webhook.ts';
import { inbox } from '../../src/db/schema.ts';
import { startTestApp } from '../support/app.ts';
import { startTelegram } from '../support/telegram/server.ts';
import { waitFor } from '../support/wait.ts';
import { addPerson, type Bot, echo, openBot, texts } from './bot-setup.ts';

const publicUrl = 'https://aircheck.example/here/';
const token = '1000:secret-token-of-a-bot';
const callsOf = ({ server }: Bot, method: string) => server.calls.filter((call) => call.method === method);

test('the address tells nothing of the token, and is ours wherever the web is', () => {
  const url = webhookUrl({ publicUrl, token }) ?? '';
  expect(url).toMatch(/^https:\/\/aircheck\.example\/here\/telegram\/[0-9a-f]{16}$/);
  expect(isOurWebhook(token, url)).toBe(true);
  expect(isOurWebhook(token, url.replace('aircheck', 'moved'))).toBe(true);
  expect(isOurWebhook('1000:another', url)).toBe(false);
  expect(webhookUrl({ publicUrl: 'http://aircheck.example', token })).toBeUndefined();
  expect(webhookUrl({ token })).toBeUndefined();
});

test('with https Telegram is told once where to send, with a secret and what is wanted', async () => {
  const bot = await openBot({}, { publicUrl });
  const url = webhookUrl(bot.telegram);
  const stop = bot.start(echo);
  await waitFor(() => callsOf(bot, 'setWebhook').length === 1);
  await stop();
  expect(await bot.telegram.api.getWebhookInfo()).toMatchObject({
    url,
    max_connections: 10,
    allowed_updates: ['message', 'channel_post', 'callback_query', 'my_chat_member'],
  });
  const looks = callsOf(bot, 'getWebhookInfo').length;
  const again = bot.start(echo);
  await waitFor(() => callsOf(bot, 'getWebhookInfo').length > looks);
  await again();
  expect(callsOf(bot, 'setWebhook')).toHaveLength(1);
  expect(callsOf(bot, 'getUpdates')).toEqual([]);
});

test('an update counts only with the secret; it is written down, and answered once however often it comes', async () => {
  const bot = await openBot({}, { publicUrl });
  const anna = addPerson(bot, 'Anna');
  bot.start(echo);
  await waitFor(() => callsOf(bot, 'setWebhook').length === 1);
  const secret = bot.server.world.bots.get(bot.server.token)?.webhook?.secret ?? '';
  expect(secret).toMatch(/^[A-Za-z0-9_-]{32,256}$/);
  const webhook = webhookOf(bot.telegram);
  const bring = (body: unknown, given?: string) =>
    webhook?.receive(body, new Headers(given === undefined ? {} : { 'X-Telegram-Bot-Api-Secret-Token': given }));
  const message = { message_id: 1, date: 1, from: anna.user, chat: anna.chat, text: '/one' };
  const update = { update_id: 77, message };
  for (const wrong of [undefined, '', 'x', `${secret}x`, 'x'.repeat(secret.length)])
    expect(await bring(update, wrong)).toBe('refused');
  for (const body of [undefined, null, [], 'x', {}, { update_id: 'x' }, { message }])
    expect(await bring(body, secret)).toBe('refused');
  expect(await bot.telegram.db.$count(inbox)).toBe(0);
  expect(await bring(update, secret)).toBe('taken');
  expect(await bring(update, secret)).toBe('taken');
  expect(await texts(bot, anna.chat, 1)).toEqual(['echo /one']);
  expect(await bring({ ...update, update_id: 78, message: { ...message, text: '/two' } }, secret)).toBe('taken');
  expect(await texts(bot, anna.chat, 2)).toEqual(['echo /one', 'echo /two']);
});

test('an address that Telegram refuses is told, and updates are asked for instead', async () => {
  const bot = await openBot({}, { publicUrl: 'https://aircheck.example:8444' });
  const anna = addPerson(bot, 'Anna');
  anna.say('/one');
  bot.start(echo);
  expect(await texts(bot, anna.chat, 1)).toEqual(['echo /one']);
  expect(bot.logged.join('')).toContain('only on ports 80, 88, 443 or 8443');
});

test('what Telegram says of a web that it does not reach is told', async () => {
  const bot = await openBot({ mode: 'local' }, { publicUrl });
  const anna = addPerson(bot, 'Anna');
  // Nobody listens there.
  await bot.telegram.api.setWebhook('http://127.0.0.1:1/');
  anna.say('/one');
  await waitFor(async () => (await bot.telegram.api.getWebhookInfo()).last_error_message);
  bot.start(echo);
  await waitFor(() => bot.logged.some((line) => line.includes('could not bring updates')));
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('the web takes updates without a login, from who knows the secret', async () => {
  const [server, port] = [await startTelegram(), await freePort()];
  const { id, ...anna } = server.world.addUser({ firstName: 'Anna' });
  const chat = server.world.privateChat({ id, ...anna });
  const telegram = { TELEGRAM_TOKEN: server.token, TELEGRAM_API_ROOT: server.root, ADMINS: `telegram:${id}` };
  const product = await startTestApp({ ...telegram, PUBLIC_URL: 'https://x.example', PORT: `${port}` }, [
    'web',
    'bots',
  ]);
  onTestFinished(async () => {
    await product.close();
    await server.close();
  });
  const hook = await waitFor(() => server.world.bots.get(server.token)?.webhook);
  const url = `http://127.0.0.1:${port}${new URL(hook.url).pathname}`;
  const message = { message_id: 1, date: 1, from: { id, ...anna }, chat, text: '/whoami' };
  const post = async (secret: string, body = JSON.stringify({ update_id: 1, message })) => {
    const headers = { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret };
    return (await fetch(url, { method: 'POST', headers, body })).status;
  };
  expect(await post('guess')).toBe(401);
  expect(await post(hook.secret ?? '', 'no JSON')).toBe(401);
  expect((await fetch(url)).status).toBe(401);
  expect(await post(hook.secret ?? '')).toBe(200);
  expect(await post(hook.secret ?? '')).toBe(200);
  await waitFor(() => server.world.messages(chat).length > 0);
  expect(server.world.messages(chat)).toMatchObject([{ text: `You are ${id}, admin, in chat telegram:${id}.` }]);
  // Last: the server closes a connection whose body it does not read.
  expect(await post(hook.secret ?? '', `"${'x'.repeat(1_100_000)}"`)).toBe(413);
});
