import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { answerOf, expectRefusal, postJson, refuse, startEcho } from './echo.ts';

const message = { chat_id: 5, text: 'x' };

test('a fault strikes as often as it says, after letting some pass', async () => {
  const { bot, faults } = await startEcho();
  const fault = faults.add({ method: /^send/, kind: 'error500', times: 2, after: 1 });
  const statusOf = async (method: string) => (await postJson(`${bot}/${method}`, message)).status;
  expect(await statusOf('sendMessage')).toBe(200);
  expect(await statusOf('getMe')).toBe(200);
  expect(await statusOf('sendMessage')).toBe(500);
  expect(await statusOf('SENDMESSAGE')).toBe(500);
  expect(fault.hits).toBe(2);
  expect(await statusOf('sendMessage')).toBe(200);
});

test('a fault may be for one chat only, and for one method', async () => {
  const { bot, faults } = await startEcho();
  faults.add({ method: 'sendMessage', chatId: -1001, kind: 'error500' });
  expect((await postJson(`${bot}/sendMessage`, message)).status).toBe(200);
  expect((await postJson(`${bot}/deleteMessage`, { chat_id: -1001, message_id: 1 })).status).toBe(200);
  expect((await postJson(`${bot}/sendMessage`, { ...message, chat_id: -1001 })).status).toBe(500);
});

test('faults on the same call strike one after the other', async () => {
  const { bot, faults } = await startEcho();
  faults.add({ method: 'getMe', kind: 'html502' });
  faults.add({ method: 'getMe', kind: 'flood', retryAfter: 9 });
  expect((await fetch(`${bot}/getMe`)).status).toBe(502);
  expect((await fetch(`${bot}/getMe`)).status).toBe(429);
  expect((await fetch(`${bot}/getMe`)).status).toBe(200);
});

test('dropBefore: no answer, and nothing happened', async () => {
  const { bot, faults, seen, calls } = await startEcho();
  faults.add({ method: 'sendMessage', kind: 'dropBefore' });
  await expect(postJson(`${bot}/sendMessage`, message)).rejects.toThrow('fetch failed');
  expect(seen).toEqual([]);
  expect(calls).toMatchObject([{ method: 'sendMessage', params: message, status: 0 }]);
});

test('dropAfter: no answer, but it happened', async () => {
  const { bot, faults, seen } = await startEcho();
  faults.add({ method: 'sendMessage', kind: 'dropAfter' });
  await expect(postJson(`${bot}/sendMessage`, message)).rejects.toThrow('fetch failed');
  expect(seen).toHaveLength(1);
});

test('dropAfter: a refusal is lost as well', async () => {
  const { bot, faults, calls } = await startEcho({ process: refuse(400, 'Bad Request: chat not found') });
  faults.add({ method: 'sendMessage', kind: 'dropAfter' });
  await expect(postJson(`${bot}/sendMessage`, message)).rejects.toThrow('fetch failed');
  expect(calls).toMatchObject([{ status: 0, errorCode: 400 }]);
});

test('delay: processed late, whether the client waits or not', async () => {
  const { bot, faults, seen } = await startEcho();
  faults.add({ method: 'sendMessage', kind: 'delay', ms: 200 });
  await expect(postJson(`${bot}/sendMessage`, message, { signal: AbortSignal.timeout(50) })).rejects.toThrow();
  expect(seen).toHaveLength(0);
  await waitFor(() => seen.length === 1, { what: 'the call to be processed' });
});

test('delay: a server that goes down in the meantime says restart', async () => {
  const { bot, faults, restart, seen } = await startEcho();
  const fault = faults.add({ method: 'sendMessage', kind: 'delay', ms: 600_000 });
  const call = postJson(`${bot}/sendMessage`, message);
  await waitFor(() => fault.hits === 1, { what: 'the call to arrive' });
  await restart();
  await expectRefusal(call, 500, 'Internal Server Error: restart');
  expect(seen).toEqual([]);
});

test.each(['error500', 'html502', 'restart'] as const)('%s: before or after processing', async (kind) => {
  const { bot, faults, seen } = await startEcho();
  const status = kind === 'html502' ? 502 : 500;
  faults.add({ method: 'sendMessage', kind, processed: false });
  expect((await postJson(`${bot}/sendMessage`, message)).status).toBe(status);
  expect(seen).toHaveLength(0);
  faults.add({ method: 'sendMessage', kind, processed: true });
  expect((await postJson(`${bot}/sendMessage`, message)).status).toBe(status);
  expect(seen).toHaveLength(1);
});

test('html502 is no JSON, restart has its words', async () => {
  const { bot, faults } = await startEcho();
  faults.add({ method: 'getMe', kind: 'html502' });
  faults.add({ method: 'getMe', kind: 'restart' });
  const { body, headers } = await answerOf(fetch(`${bot}/getMe`));
  expect([headers.get('content-type'), body]).toEqual(['text/html', expect.stringContaining('502 Bad Gateway')]);
  await expectRefusal(fetch(`${bot}/getMe`), 500, 'Internal Server Error: restart');
});

test('empty413: no word and the end of the connection, in the cloud too', async () => {
  const { bot, faults, seen } = await startEcho({ mode: 'cloud' });
  faults.add({ method: 'sendVideo', kind: 'empty413' });
  const { status, body, headers } = await answerOf(postJson(`${bot}/sendVideo`, { chat_id: 5, video: 'id' }));
  expect([status, body, headers.get('connection')]).toEqual([413, '', 'close']);
  expect(seen).toEqual([]);
});

test('flood: 429 before processing; floodAfter: after it', async () => {
  const { bot, faults, seen } = await startEcho();
  faults.add({ method: 'sendMessage', kind: 'flood', retryAfter: 30 });
  const before = await answerOf(postJson(`${bot}/sendMessage`, message));
  expect(before.body).toMatchObject({ error_code: 429, parameters: { retry_after: 30 } });
  expect([before.headers.get('retry-after'), seen.length]).toEqual(['30', 0]);
  faults.add({ method: 'sendMessage', kind: 'floodAfter' });
  const after = await answerOf(postJson(`${bot}/sendMessage`, message));
  expect(after.body).toMatchObject({ error_code: 429, parameters: { retry_after: 5 } });
  expect(seen).toHaveLength(1);
});

test('partialAlbum: the first items are posted, and the answer is a refusal', async () => {
  const { bot, faults, seen } = await startEcho();
  faults.add({ method: 'sendMediaGroup', kind: 'partialAlbum', keep: 2 });
  const media = ['a', 'b', 'c'].map((id) => ({ type: 'video', media: id }));
  await expectRefusal(
    postJson(`${bot}/sendMediaGroup`, { chat_id: 5, media }),
    400,
    'Bad Request: failed to send message #3 with the error message "Wrong file identifier/HTTP URL specified"',
  );
  expect(seen.map(({ params }) => params['media'])).toEqual([media.slice(0, 2)]);
  faults.add({ method: 'sendMediaGroup', kind: 'partialAlbum', keep: 0, error: 'Group send failed' });
  const none = await answerOf(postJson(`${bot}/sendMediaGroup`, { chat_id: 5, media }));
  expect(none.body.description).toContain('message #1 with the error message "Group send failed"');
  expect(seen).toHaveLength(1);
});

test('messageIdZero: the world is told to schedule the post', async () => {
  const { bot, faults, seen } = await startEcho();
  faults.add({ method: 'sendMessage', kind: 'messageIdZero' });
  await postJson(`${bot}/sendMessage`, message);
  await postJson(`${bot}/sendMessage`, message);
  expect(seen.map(({ isAutoScheduled }) => isAutoScheduled)).toEqual([true, undefined]);
});

test('slowBody: the sender is slowed down, and nothing is lost', async () => {
  const { bot, faults, seen } = await startEcho();
  faults.add({ method: 'sendMessage', kind: 'slowBody', bytesPerSecond: 200_000 });
  const startedAt = performance.now();
  await postJson(`${bot}/sendMessage`, { chat_id: 5, text: 'x'.repeat(40_000) });
  expect(performance.now() - startedAt).toBeGreaterThan(150);
  expect(seen[0]?.params['text']).toHaveLength(40_000);
});

test('slowBody: the connection ends when the body takes too long', async () => {
  const { bot, faults, seen } = await startEcho({ httpTimeoutMs: 100 });
  faults.add({ method: 'sendMessage', kind: 'slowBody', bytesPerSecond: 1000 });
  await expect(postJson(`${bot}/sendMessage`, { chat_id: 5, text: 'x'.repeat(400_000) })).rejects.toThrow();
  expect(seen).toEqual([]);
});

test('resetBody: reset in the middle, and nothing happened', async () => {
  const { bot, faults, seen, calls } = await startEcho();
  faults.add({ method: 'sendMessage', kind: 'resetBody', times: 2 });
  for (const text of ['x', 'x'.repeat(1_000_000)]) {
    await expect(postJson(`${bot}/sendMessage`, { chat_id: 5, text })).rejects.toThrow('fetch failed');
  }
  await waitFor(() => calls.length === 2, { what: 'both calls to end' });
  expect(seen).toEqual([]);
  expect(calls).toMatchObject([{ status: 0 }, { status: 0 }]);
});

test('diskFull: 500 in words in the cloud, without a word from a local server', async () => {
  for (const mode of ['cloud', 'local'] as const) {
    const { bot, faults, seen } = await startEcho({ mode });
    faults.add({ method: 'sendVideo', kind: 'diskFull' });
    const form = new FormData();
    form.append('video', new Blob(['x'.repeat(1_000_000)]), 'a.mp4');
    const { status, body } = await answerOf(fetch(`${bot}/sendVideo`, { method: 'POST', body: form }));
    const description = "Internal Server Error: can't upload the file";
    expect(status).toBe(500);
    expect(body).toEqual(mode === 'local' ? '' : { ok: false, error_code: 500, description });
    expect(seen).toEqual([]);
  }
});

test('run: called before processing, and goes with another fault', async () => {
  const { bot, faults, seen } = await startEcho();
  const order: string[] = [];
  faults.add({ method: 'sendMessage', kind: 'run', fn: () => void order.push(`run with ${seen.length} seen`) });
  faults.add({ method: 'sendMessage', kind: 'dropAfter' });
  await expect(postJson(`${bot}/sendMessage`, message)).rejects.toThrow('fetch failed');
  expect([order, seen.length]).toEqual([['run with 0 seen'], 1]);
});

test('a fault of the body cannot wait for a chat', async () => {
  const { faults } = await startEcho();
  expect(() => faults.add({ method: 'sendVideo', kind: 'diskFull', chatId: 5 })).toThrow('cannot know the chat');
});
