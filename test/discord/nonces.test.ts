import { Routes } from 'discord.js';
import { expect, test } from 'vitest';
import { expectRefused, restOf, send, setup } from './setup.ts';

const words = { content: 'once', nonce: 'post-1', enforce_nonce: true };

test('the same nonce in the next minutes gives the message that it made', async () => {
  const server = await setup();
  const first = await send(server, server.channel, words);
  const second = await send(server, server.channel, { ...words, content: 'other words' });
  expect(second).toMatchObject({ id: first.id, content: 'once', nonce: 'post-1' });
  expect(server.world.messages(server.channel)).toHaveLength(1);
});

test('after the window the nonce is forgotten', async () => {
  const server = await setup({ nonceWindowMs: 120_000 });
  server.world.freeze();
  await send(server, server.channel, words);
  server.world.advance(120_001);
  await send(server, server.channel, words);
  expect(server.world.messages(server.channel)).toHaveLength(2);
});

test('without enforce_nonce two messages are made', async () => {
  const server = await setup();
  await send(server, server.channel, { content: 'a', nonce: 'n' });
  await send(server, server.channel, { content: 'b', nonce: 'n' });
  expect(server.world.messages(server.channel)).toHaveLength(2);
});

test('when its message was deleted, the nonce gives "Unknown Message" and posts nothing', async () => {
  const server = await setup();
  const { id } = await send(server, server.channel, words);
  server.world.erase(server.channel, id);
  await expectRefused(send(server, server.channel, words), 404, 10008);
  expect(server.world.messages(server.channel)).toEqual([]);
});

test('history has no nonces', async () => {
  const server = await setup();
  const sent = await send(server, server.channel, words);
  expect(sent.nonce).toBe('post-1');
  const path = Routes.channelMessage(server.channel.id, sent.id);
  expect(await server.rest.get(path)).not.toHaveProperty('nonce');
});

test('a lost answer and a second try make one message', async () => {
  const server = await setup();
  const fault = server.fault({ kind: 'dropAfter', route: 'POST /channels/:channel/messages' });
  await expect(send({ rest: restOf(server) }, server.channel, words)).rejects.toThrow();
  expect(server.world.messages(server.channel)).toHaveLength(1);
  const { id } = await send(server, server.channel, words);
  expect(server.world.messages(server.channel).map((message) => message.id)).toEqual([id]);
  expect(fault.hits).toBe(1);
});

test('a nonce has at most 25 characters', async () => {
  const server = await setup();
  await expectRefused(send(server, server.channel, { content: 'x', nonce: 'n'.repeat(26) }), 400, 50035);
});

test('enforce_nonce without a nonce and one nonce in two channels are noted', async () => {
  const server = await setup();
  const other = server.world.addChannel(server.guild);
  await send(server, server.channel, { content: 'x', enforce_nonce: true });
  await send(server, server.channel, words);
  await send(server, other, words);
  expect(server.violations.splice(0)).toEqual(['enforce_nonce without a nonce', 'nonce post-1 in two channels']);
});
