import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { answerOf, expectRefusal, postJson, refuse, startEcho, token } from './echo.ts';

test('what is not /bot<token>/<method> is not found', async () => {
  const { root } = await startEcho();
  for (const path of ['/', '/index.html', '/bot', `/bot${token}`, '/stats']) {
    await expectRefusal(fetch(root + path), 404, 'Not Found');
  }
});

test('an unknown method is not found, once the token is right', async () => {
  const { bot, root } = await startEcho();
  await expectRefusal(fetch(`${bot}/sendStory`), 404, 'Not Found: method not found');
  await expectRefusal(fetch(`${bot}/`), 404, 'Not Found: method not found');
  await expectRefusal(fetch(`${root}/bot7:x/sendStory`), 401, 'Unauthorized');
});

test('the case of a method does not matter, the one of a token does', async () => {
  const { bot, root } = await startEcho();
  for (const name of ['getMe', 'getme', 'GETME']) {
    expect((await answerOf(fetch(`${bot}/${name}`))).body.result).toMatchObject({ method: 'getMe' });
  }
  await expectRefusal(fetch(`${root}/bot${token.toLowerCase()}/getMe`), 401, 'Unauthorized');
});

test('a token no bot can have is told apart from one that no bot has', async () => {
  const { root } = await startEcho();
  for (const wrong of ['nonsense', '0123:abc', ':abc', `1:${'a'.repeat(80)}`]) {
    await expectRefusal(fetch(`${root}/bot${wrong}/getMe`), 401, 'Unauthorized: invalid token specified');
  }
  await expectRefusal(fetch(`${root}/bot1000002:abc/getMe`), 401, 'Unauthorized');
  // The test data centre knows other bots.
  await expectRefusal(fetch(`${root}/bot${token}/test/getMe`), 401, 'Unauthorized');
});

test('only GET and POST are taken', async () => {
  const cloud = await startEcho({ mode: 'cloud' });
  await expectRefusal(fetch(`${cloud.bot}/getMe`, { method: 'PUT', body: 'x' }), 405, 'Method Not Allowed');
  const local = await startEcho();
  const { status, body, headers } = await answerOf(fetch(`${local.bot}/getMe`, { method: 'DELETE' }));
  expect({ status, body, connection: headers.get('connection') }).toEqual({
    status: 501,
    body: '',
    connection: 'close',
  });
});

const heads: Record<string, string> = {
  '501 Not Implemented': 'POST /bot1:a/getMe HTTP/1.1\r\ntransfer-encoding: gzip',
  '431 Request Header Fields Too Large': `GET /bot1:a/getMe HTTP/1.1\r\nx-long: ${'x'.repeat((1 << 18) + 10)}`,
  '413 ': 'POST /bot1:a/sendVideo HTTP/1.1\r\ncontent-length: 4294967296',
  '505 ': 'GET /bot1:a/getMe HTTP/3.0',
  '400 ': 'GET /bot1:a/getMe HTTP/1.1\r\nbroken header',
};

test.each(Object.entries(heads))('a local server answers a head with %s and nothing else', async (status, head) => {
  const { port } = await startEcho();
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {}).write(`${head}\r\nhost: x\r\n\r\n`);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await waitFor(() => Buffer.concat(chunks).includes('\r\n\r\n'), { what: 'the answer' });
  socket.destroy();
  const answer = Buffer.concat(chunks).toString();
  expect(answer).toContain(`HTTP/1.1 ${status}`);
  expect(answer.toLowerCase()).toContain('connection: close');
  expect(answer.toLowerCase()).toContain('content-length: 0');
});

test('parameters come by query, urlencoded, JSON and multipart, and mean the same', async () => {
  const { bot, seen, violations } = await startEcho();
  const markup = { inline_keyboard: [[{ text: 'Stop', callback_data: 'stop:1' }]] };
  const texts = { chat_id: '-1001', text: 'ä+ö', disable_notification: 'true', reply_markup: JSON.stringify(markup) };
  const url = `${bot}/sendMessage`;
  const form = new FormData();
  for (const [name, value] of Object.entries(texts)) form.append(name, value);
  await fetch(`${url}?${new URLSearchParams(texts)}`);
  await fetch(url, { method: 'POST', body: new URLSearchParams(texts) });
  await fetch(url, { method: 'POST', body: form });
  await postJson(url, texts);
  await postJson(url, { chat_id: -1001, text: 'ä+ö', disable_notification: true, reply_markup: markup });
  expect(seen).toHaveLength(5);
  for (const { params } of seen) {
    expect(params).toEqual({ chat_id: -1001, text: 'ä+ö', disable_notification: true, reply_markup: markup });
  }
  expect(violations).toEqual([]);
});

test('the query counts before the body, and the first of a name', async () => {
  const { bot, seen } = await startEcho();
  await postJson(`${bot}/sendMessage?text=query&text=again`, { chat_id: '@channel', text: 'body' });
  expect(seen[0]?.params).toEqual({ chat_id: '@channel', text: 'query' });
});

test('a body that cannot be read is no body, and is noted', async () => {
  const { bot, violations } = await startEcho();
  const headers = { 'content-type': 'application/json' };
  const broken = fetch(`${bot}/sendMessage`, { method: 'POST', headers, body: '{"chat_id":1,"text":"x"' });
  await expectRefusal(broken, 400, 'Bad Request: message text is empty');
  await fetch(`${bot}/getMe`, { method: 'POST', body: 'text' });
  expect(violations).toHaveLength(2);
});

test('the status of an answer is its error code, with Retry-After for 429', async () => {
  const parameters = { retry_after: 17 };
  const { bot, calls } = await startEcho({ process: refuse(429, 'Too Many Requests: retry after 17', parameters) });
  const { status, body, headers } = await answerOf(fetch(`${bot}/getMe`));
  expect(status).toBe(429);
  expect(body).toEqual({ ok: false, error_code: 429, description: 'Too Many Requests: retry after 17', parameters });
  expect(headers.get('retry-after')).toBe('17');
  expect(calls).toMatchObject([{ method: 'getMe', status: 429, errorCode: 429 }]);
});

test('a chat that moved names its new id', async () => {
  const parameters = { migrate_to_chat_id: -1007 };
  const { bot } = await startEcho({
    process: refuse(400, 'Bad Request: group chat was upgraded to a supergroup chat', parameters),
  });
  const { body, headers } = await answerOf(fetch(`${bot}/getMe`));
  expect(body.parameters).toEqual(parameters);
  expect(headers.has('retry-after')).toBe(false);
});

test('a connection is kept for the next call, after a refusal too', async () => {
  const { port } = await startEcho();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const portOf = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const call = httpRequest({ port, host: '127.0.0.1', path, agent }, (response) => {
        const from = response.socket.localPort;
        response.resume().on('end', () => resolve(from));
      });
      call.on('error', reject).end();
    });
  const first = await portOf(`/bot${token}/getMe`);
  expect(await portOf(`/bot${token}/sendMessage`)).toBe(first);
  expect(await portOf(`/bot${token}/getMe`)).toBe(first);
  agent.destroy();
});

test('a client that hangs up cancels nothing', async () => {
  let finish = () => {};
  let isDone = false;
  let isAborted = false;
  const { bot, calls } = await startEcho({
    process: async ({ signal }) => {
      await new Promise<void>((resolve) => (finish = resolve));
      isAborted = signal.aborted;
      isDone = true;
    },
  });
  const controller = new AbortController();
  const call = fetch(`${bot}/getMe`, { signal: controller.signal }).catch((error: Error) => error.name);
  const started = finish;
  await waitFor(() => finish !== started, { what: 'the call to arrive' });
  controller.abort();
  expect(await call).toBe('AbortError');
  finish();
  await waitFor(() => isDone && calls.length === 1, { what: 'the call to end' });
  expect(isAborted).toBe(false);
});

test('after the time limit of the connection the client sees its end, while the call goes on', async () => {
  let finish = () => {};
  const { bot, calls } = await startEcho({
    httpTimeoutMs: 50,
    process: () => new Promise<void>((resolve) => (finish = resolve)),
  });
  await expect(fetch(`${bot}/getMe`)).rejects.toThrow('fetch failed');
  expect(calls).toEqual([]);
  finish();
  await waitFor(() => calls.length === 1, { what: 'the call to end' });
  expect(calls).toMatchObject([{ method: 'getMe', status: 0 }]);
});

test('files are served in cloud mode only', async () => {
  const cloud = await startEcho({ mode: 'cloud' });
  const file = `/file/bot${token}/videos/file_1.mp4`;
  const response = await fetch(cloud.root + file);
  expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '5', 'bytes']);
  await expectRefusal(fetch(`${cloud.root}/file/bot${token}/none`), 404, 'Not Found');
  await expectRefusal(fetch(`${cloud.root}/file/bot7:x/videos/file_1.mp4`), 401, 'Unauthorized');
  const local = await startEcho();
  await expectRefusal(fetch(local.root + file), 404, 'Not Found');
});

test('a server that goes down answers what it has in hand, and comes back on the same port', async () => {
  const held: string[] = [];
  const server = await startEcho({
    process: async ({ method }) => {
      if (method === 'getMe') return 'me';
      held.push(method);
      return await new Promise<never>(() => {});
    },
  });
  const send = answerOf(postJson(`${server.bot}/sendMessage`, { chat_id: 1, text: 'x' }));
  const poll = answerOf(fetch(`${server.bot}/getUpdates`));
  await waitFor(() => held.length === 2, { what: 'both calls to arrive' });
  await server.restart();
  expect((await send).body).toEqual({ ok: false, error_code: 500, description: 'Internal Server Error: restart' });
  expect((await poll).body).toMatchObject({ error_code: 429, parameters: { retry_after: 5 } });
  expect((await answerOf(fetch(`${server.bot}/getMe`))).body.result).toBe('me');
});
