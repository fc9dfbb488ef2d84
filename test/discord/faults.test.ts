import { HTTPError, RateLimitError, Routes } from 'discord.js';
import { expect, test } from 'vitest';
import type { FaultSpec } from '../support/discord/faults.ts';
import { waitFor } from '../support/wait.ts';
import { expectRefused, restOf, type Setup, send, setup } from './setup.ts';

const route = 'POST /channels/:channel/messages';

/** How a message fares under a fault, and whether it was posted. */
async function fare(server: Setup, spec: FaultSpec) {
  const fault = server.fault(spec);
  const error = await send({ rest: restOf(server) }, server.channel, { content: 'x' }).catch(
    (reason: unknown) => reason,
  );
  expect(fault.hits).toBe(1);
  return { error, count: server.world.messages(server.channel).length };
}

test('no answer: nothing was done, or all of it', async () => {
  const before = await setup();
  const lost = await fare(before, { kind: 'dropBefore', route });
  expect(lost).toMatchObject({ count: 0, error: { code: 'UND_ERR_SOCKET' } });
  const after = await setup();
  expect(await fare(after, { kind: 'dropAfter', route })).toMatchObject({
    count: 1,
    error: { code: 'UND_ERR_SOCKET' },
  });
  expect(after.calls).toMatchObject([{ status: 0 }]);
});

test.each([false, true])('5xx, processed: %s', async (processed) => {
  const count = processed ? 1 : 0;
  const broken = await fare(await setup(), { kind: 'error5xx', status: 503, route, processed });
  expect(broken).toMatchObject({ count, error: { status: 503 } });
  const front = await fare(await setup(), { kind: 'html502', route, processed });
  expect(front).toMatchObject({ count, error: { status: 502 } });
  expect(front.error).toBeInstanceOf(HTTPError);
});

test('a slow answer goes through after the client has gone', async () => {
  const server = await setup();
  const client = new AbortController();
  server.fault({ kind: 'run', route, fn: () => client.abort() });
  const fault = server.fault({ kind: 'delay', ms: 20, route });
  const path = Routes.channelMessages(server.channel.id);
  await expect(server.rest.post(path, { body: { content: 'x' }, signal: client.signal })).rejects.toThrow('aborted');
  await waitFor(() => server.world.messages(server.channel).length === 1, { what: 'the message' });
  expect(fault.hits).toBe(1);
});

test('too large, as Discord says it or as its front does', async () => {
  const server = await setup();
  server.fault({ kind: 'tooLarge', route });
  await expectRefused(send(server, server.channel, { content: 'x' }), 413, 40005);
  server.fault({ kind: 'early413', route });
  await expectRefused(send({ rest: restOf(server) }, server.channel, { content: 'x' }), 413, 40005);
  expect(server.world.messages(server.channel)).toEqual([]);
});

test('floods for one, for all and for a thing', async () => {
  for (const scope of ['user', 'global', 'shared'] as const) {
    const { error, count } = await fare(await setup(), { kind: 'flood', retryAfter: 2.5, scope, route });
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ global: scope === 'global', retryAfter: expect.any(Number) });
    expect(count).toBe(0);
  }
});

test('a refusal of any kind, with what it says besides', async () => {
  const server = await setup();
  const more = { retry_after: 12.5 };
  server.fault({ kind: 'refuse', route, status: 400, code: 20016, message: 'Slow mode', more });
  const error = await expectRefused(send(server, server.channel, { content: 'x' }), 400, 20016);
  expect(error.rawError).toMatchObject(more);
});

test('a front that refuses and hangs up in the middle of a body', async () => {
  const server = await setup();
  const fault = server.fault({ kind: 'early413', isCut: true, route });
  const files = [{ name: 'a.mp4', data: Buffer.alloc(8 * 2 ** 20) }];
  const path = Routes.channelMessages(server.channel.id);
  await expect(restOf(server).post(path, { body: {}, files })).rejects.toThrow();
  expect([fault.hits, server.world.messages(server.channel)]).toEqual([1, []]);
});

test('a body may break off, or come slowly', async () => {
  const server = await setup();
  expect(await fare(server, { kind: 'resetBody', route })).toMatchObject({
    count: 0,
    error: { code: expect.any(String) },
  });
  server.fault({ kind: 'slowBody', bytesPerSecond: 2000, route });
  await send(server, server.channel, { content: 'x'.repeat(100) });
  expect(server.world.messages(server.channel)).toHaveLength(1);
});

test('something happens just before', async () => {
  const server = await setup();
  server.fault({ kind: 'run', route, fn: () => server.world.kick(server.guild) });
  await expectRefused(send(server, server.channel, { content: 'x' }), 403, 50001);
});

test('faults wait for their turn, their channel and their count', async () => {
  const server = await setup();
  const other = server.world.addChannel(server.guild);
  const fault = server.fault({ kind: 'tooLarge', route, id: other.id, after: 1, times: 2 });
  await send(server, server.channel, { content: 'x' });
  await send(server, other, { content: 'x' });
  await expectRefused(send(server, other, { content: 'x' }), 413, 40005);
  await expectRefused(send(server, other, { content: 'x' }), 413, 40005);
  await send(server, other, { content: 'x' });
  expect(fault.hits).toBe(2);
});

test('a fault is found by an expression for the real path', async () => {
  const server = await setup();
  const { id } = await send(server, server.channel, { content: 'x' });
  server.fault({ kind: 'tooLarge', route: new RegExp(`^PATCH .*${id}$`) });
  await expectRefused(
    server.rest.patch(Routes.channelMessage(server.channel.id, id), { body: { content: 'y' } }),
    413,
    40005,
  );
});

test('the front that bans says so without the headers of Discord', async () => {
  const { error, count } = await fare(await setup(), { kind: 'banned', route });
  expect(error).toBeInstanceOf(RateLimitError);
  expect(count).toBe(0);
});
