import { Routes } from 'discord.js';
import { expect, test } from 'vitest';
import { usualPermissions } from '../support/discord/permissions.ts';
import { expectRefused, type Setup, send, setup } from './setup.ts';

/** Who is pinged by the last message. */
function pinged({ world, channel }: Setup): object {
  const { mentions, mention_roles: roles, mention_everyone: everyone } = world.messages(channel).at(-1) ?? {};
  return { users: mentions?.map(({ id }) => id), roles, everyone };
}

async function withPeople() {
  const server = await setup();
  server.world.setPermissions(server.guild, [...usualPermissions, 'MentionEveryone']);
  const { id } = server.world.addUser();
  return { ...server, id, content: `@everyone <@${id}> <@&${server.guild.id}>` };
}

test('who is named is pinged, unless the message says that nobody is', async () => {
  const server = await withPeople();
  const { content, channel, id, guild } = server;
  await send(server, channel, { content });
  expect(pinged(server)).toEqual({ users: [id], roles: [guild.id], everyone: true });
  await send(server, channel, { content, allowed_mentions: { parse: [] } });
  expect(pinged(server)).toEqual({ users: [], roles: [], everyone: false });
  await send(server, channel, { content, allowed_mentions: { users: [id] } });
  expect(pinged(server)).toEqual({ users: [id], roles: [], everyone: false });
});

test('an edit says anew whom it pings', async () => {
  const server = await withPeople();
  const { content, channel, id, rest } = server;
  const message = await send(server, channel, { content: 'x', allowed_mentions: { parse: [] } });
  await rest.patch(Routes.channelMessage(channel.id, message.id), { body: { content } });
  expect(pinged(server)).toMatchObject({ users: [id] });
});

test('everybody is pinged by who may do so', async () => {
  const server = await withPeople();
  server.world.setPermissions(server.guild, usualPermissions);
  await send(server, server.channel, { content: '@everyone' });
  expect(pinged(server)).toMatchObject({ everyone: false });
});

test('a kind and its ids exclude each other', async () => {
  const server = await withPeople();
  const allowed_mentions = { parse: ['users'], users: [server.id] };
  await expectRefused(send(server, server.channel, { content: 'x', allowed_mentions }), 400, 50035);
  await expectRefused(send(server, server.channel, { content: 'x', allowed_mentions: { parse: ['all'] } }), 400, 50035);
});
