import { Routes } from 'discord.js';
import { expect, test } from 'vitest';
import { type Permission, usualPermissions } from '../support/discord/permissions.ts';
import { expectRefused, type Setup, send, setup } from './setup.ts';

function without(...taken: Permission[]): Permission[] {
  return usualPermissions.filter((name) => !taken.includes(name));
}

const files = [{ name: 'a.mp4', data: Buffer.from('bytes') }];

function upload({ rest, channel }: Setup): Promise<unknown> {
  const body = { attachments: [{ id: 0, filename: 'a.mp4' }] };
  return rest.post(Routes.channelMessages(channel.id), { body, files });
}

test('a channel that the bot does not see is "Missing Access", one that is not there is unknown', async () => {
  const server = await setup();
  server.world.setPermissions(server.guild, without('ViewChannel'));
  await expectRefused(send(server, server.channel, { content: 'x' }), 403, 50001);
  await expectRefused(server.rest.get(Routes.channel(server.channel.id)), 403, 50001);
  await expectRefused(server.rest.get(Routes.channel('1')), 404, 10003);
});

test('each thing that is sent needs its own right', async () => {
  const server = await setup();
  const { world, guild, channel } = server;
  world.setPermissions(guild, without('SendMessages'));
  await expectRefused(send(server, channel, { content: 'x' }), 403, 50013);
  world.setPermissions(guild, without('AttachFiles'));
  await expectRefused(upload(server), 403, 50013);
  await send(server, channel, { content: 'x' });
  world.setPermissions(guild, without('EmbedLinks'));
  await expectRefused(send(server, channel, { embeds: [{ title: 'x' }] }), 403, 50013);
  await upload(server);
});

test('overwrites of a channel go over the roles: everybody, then roles, then the bot itself', async () => {
  const server = await setup();
  const { world, channel } = server;
  world.setOverwrites(channel, [{ deny: ['SendMessages'] }]);
  await expectRefused(send(server, channel, { content: 'x' }), 403, 50013);
  world.setOverwrites(channel, [{ deny: ['SendMessages'] }, { who: 'bot', allow: ['SendMessages'] }]);
  await send(server, channel, { content: 'x' });
});

test('an administrator may everything, whatever a channel says', async () => {
  const server = await setup();
  const { world, guild, channel } = server;
  world.setPermissions(guild, ['Administrator']);
  world.setOverwrites(channel, [{ who: 'bot', deny: ['ViewChannel', 'SendMessages'] }]);
  await send(server, channel, { content: 'x' });
});

test('who was removed from a guild sees nothing of it', async () => {
  const server = await setup();
  server.world.kick(server.guild);
  await expectRefused(send(server, server.channel, { content: 'x' }), 403, 50001);
  await expectRefused(server.rest.get(Routes.guild(server.guild.id)), 404, 10004);
});

test('a deleted channel is unknown', async () => {
  const server = await setup();
  server.world.deleteChannel(server.channel);
  await expectRefused(send(server, server.channel, { content: 'x' }), 404, 10003);
});

test('messages of others can be deleted with the right to manage, and never edited', async () => {
  const server = await setup();
  const { world, guild, channel, rest } = server;
  const user = world.addUser();
  world.addMember(guild, user);
  const path = Routes.channelMessage(channel.id, world.say(user, channel, 'theirs').id);
  await expectRefused(rest.patch(path, { body: { content: 'mine' } }), 403, 50005);
  await expectRefused(rest.delete(path), 403, 50013);
  world.setPermissions(guild, [...usualPermissions, 'ManageMessages']);
  await rest.delete(path);
});

test('many messages go at once, unless one is older than two weeks', async () => {
  const server = await setup();
  const { world, guild, channel, rest } = server;
  world.setPermissions(guild, [...usualPermissions, 'ManageMessages']);
  const post = async () => (await send(server, channel, { content: 'x' })).id;
  const path = Routes.channelBulkDelete(channel.id);
  const old = [await post(), await post()];
  await expectRefused(rest.post(path, { body: { messages: old.slice(1) } }), 400, 50035);
  world.advance(15 * 24 * 60 * 60_000);
  await expectRefused(rest.post(path, { body: { messages: old } }), 400, 50034);
  await rest.post(path, { body: { messages: [await post(), await post()] } });
  expect(world.messages(channel).map(({ id }) => id)).toEqual(old);
});

test('people are written to when they share a guild with the bot and take direct messages', async () => {
  const server = await setup();
  const { world, guild, rest } = server;
  const user = world.addUser();
  const { id } = (await rest.post(Routes.userChannels(), { body: { recipient_id: user.id } })) as { id: string };
  const direct = world.direct(user);
  expect(direct.id).toBe(id);
  await expectRefused(send(server, direct, { content: 'x' }), 403, 50007);
  world.addMember(guild, user);
  await send(server, direct, { content: 'x' });
  world.closeDirect(user);
  await expectRefused(send(server, direct, { content: 'x' }), 403, 50007);
});

test('roles, members and overwrites can be read to see what is missing', async () => {
  const { rest, guild, channel, bot, world } = await setup();
  world.setOverwrites(channel, [{ deny: ['SendMessages'] }]);
  expect(await rest.get(Routes.channel(channel.id))).toMatchObject({
    permission_overwrites: [{ id: guild.id, deny: '2048' }],
  });
  const roles = (await rest.get(Routes.guildRoles(guild.id))) as {
    id: string;
    managed: boolean;
    permissions: string;
  }[];
  const mine = roles.find(({ managed }) => managed);
  expect(BigInt(mine?.permissions ?? 0) & 2048n).toBe(2048n);
  expect(await rest.get(Routes.guildMember(guild.id, bot.id))).toMatchObject({ roles: [mine?.id] });
});
