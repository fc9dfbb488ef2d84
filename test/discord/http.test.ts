import { createHash, randomBytes } from 'node:crypto';
import { Routes } from 'discord.js';
import { expect, test } from 'vitest';
import { type Setup, send, setup } from './setup.ts';

const agent = 'DiscordBot (https://example.org, 1.0)';

/** A raw request: what discord.js would never send. */
async function ask({ root, token }: Setup, path: string, init: RequestInit = {}) {
  const headers = { authorization: `Bot ${token}`, 'user-agent': agent, ...(init.headers as object) };
  const response = await fetch(`${root}${path}`, { ...init, headers });
  const text = await response.text();
  return {
    status: response.status,
    body: text === '' ? undefined : (JSON.parse(text) as { code: number; message: string }),
  };
}

test('a call needs the token of a bot, and a name', async () => {
  const server = await setup();
  const unauthorized = { status: 401, body: { code: 0, message: '401: Unauthorized' } };
  expect(await ask(server, '/v10/users/@me', { headers: { authorization: '' } })).toEqual(unauthorized);
  expect(await ask(server, '/v10/users/@me', { headers: { authorization: server.token } })).toEqual(unauthorized);
  expect(await ask(server, '/v10/users/@me', { headers: { 'user-agent': '' } })).toMatchObject({
    status: 403,
    body: { code: 40333 },
  });
  expect((await ask(server, '/v10/users/@me')).status).toBe(200);
  server.world.revoke();
  expect(await ask(server, '/v10/users/@me')).toEqual(unauthorized);
});

test('another name than a bot has is noted', async () => {
  const server = await setup();
  await ask(server, '/v10/users/@me', { headers: { 'user-agent': 'curl/8' } });
  expect(server.violations.splice(0)).toEqual(['User-Agent "curl/8" may be blocked']);
});

test('only version 10 is spoken, and only what it knows', async () => {
  const server = await setup();
  expect(await ask(server, '/v9/users/@me')).toMatchObject({ status: 400, body: { code: 50041 } });
  expect(await ask(server, '/v10/nothing')).toMatchObject({
    status: 404,
    body: { code: 0, message: '404: Not Found' },
  });
  expect((await ask(server, '/v10/gateway/bot', { method: 'POST' })).status).toBe(405);
});

test('bodies are JSON and say so', async () => {
  const server = await setup();
  const path = `/v10${Routes.channelMessages(server.channel.id)}`;
  const json = { 'content-type': 'application/json' };
  expect(await ask(server, path, { method: 'POST', body: '{', headers: json })).toMatchObject({
    status: 400,
    body: { code: 50109 },
  });
  expect(await ask(server, path, { method: 'POST', body: '5', headers: json })).toMatchObject({
    status: 400,
    body: { code: 50109 },
  });
  expect(await ask(server, path, { method: 'POST', body: '{"content":"x"}' })).toMatchObject({
    status: 400,
    body: { code: 50035 },
  });
});

test('a multipart body that breaks off is refused', async () => {
  const server = await setup();
  const path = `/v10${Routes.channelMessages(server.channel.id)}`;
  const head = '--b\r\nContent-Disposition: form-data; name="files[0]"; filename="a"\r\n\r\nbytes';
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  expect(await ask(server, path, { method: 'POST', body: head, headers })).toMatchObject({
    status: 400,
    body: { code: 50035 },
  });
  expect(server.world.messages(server.channel)).toEqual([]);
});

test('parts of other names are noted', async () => {
  const server = await setup();
  const form = new FormData();
  form.set('content', 'x');
  form.set('payload_json', '{"content":"y"}');
  await ask(server, `/v10${Routes.channelMessages(server.channel.id)}`, { method: 'POST', body: form });
  expect(server.violations.splice(0)).toEqual(['parts that are not read: content']);
});

test('files are hashed while they come and are not held in memory', async () => {
  const server = await setup();
  const bytes = randomBytes(3 * 2 ** 20);
  const body = { attachments: [{ id: 0, filename: 'a.bin' }] };
  await server.rest.post(Routes.channelMessages(server.channel.id), { body, files: [{ name: 'a.bin', data: bytes }] });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  expect(server.world.messages(server.channel)[0]?.fileSha256).toEqual([sha256]);
  expect(server.calls.at(-1)?.files).toEqual([{ fileName: 'a.bin', sizeBytes: bytes.length, sha256 }]);
});

test('calls are noted with their bodies and their ends', async () => {
  const server = await setup();
  await send(server, server.channel, { content: 'x' });
  await send(server, server.channel, {}).catch(() => undefined);
  const route = '/channels/:channel/messages';
  expect(server.calls).toMatchObject([
    { verb: 'POST', route, body: { content: 'x' }, status: 200 },
    { verb: 'POST', route, body: {}, status: 400, code: 50006 },
  ]);
});
