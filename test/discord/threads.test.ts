import { type APIMessage, ChannelType, Routes } from 'discord.js';
import { expect, test } from 'vitest';
import { usualPermissions } from '../support/discord/permissions.ts';
import { expectRefused, type Setup, send, setup } from './setup.ts';

/** A message with its thread. */
async function withThread(server: Setup) {
  const { id } = await send(server, server.channel, { content: 'post' });
  const path = Routes.threads(server.channel.id, id);
  const view = (await server.rest.post(path, { body: { name: 'Chapters' } })) as { id: string; type: number };
  const thread = server.world.threads(server.channel)[0];
  if (!thread) throw new Error('no thread');
  return { id, path, view, thread };
}

test('a thread has the id of its message; a second try says that it exists', async () => {
  const server = await setup();
  const { id, path, view } = await withThread(server);
  expect(view).toMatchObject({ id, type: ChannelType.PublicThread, parent_id: server.channel.id });
  await expectRefused(server.rest.post(path, { body: { name: 'Again' } }), 400, 160004);
  expect(await server.rest.get(Routes.channelMessage(server.channel.id, id))).toMatchObject({
    flags: 32,
    thread: { id },
  });
  expect(server.world.threads(server.channel)).toHaveLength(1);
});

test('a thread begins with its message, which nobody can edit there', async () => {
  const server = await setup();
  const { id, thread } = await withThread(server);
  const [starter] = (await server.rest.get(Routes.channelMessages(thread.id))) as APIMessage[];
  expect(starter).toMatchObject({ type: 21, content: '', referenced_message: { id, content: 'post' } });
  const path = Routes.channelMessage(thread.id, starter?.id ?? '');
  await expectRefused(server.rest.patch(path, { body: { content: 'x' } }), 403, 50021);
  expect(server.world.messages(thread)).toEqual([]);
});

test('threads of announcement channels are of their own type', async () => {
  const server = await setup();
  const channel = server.world.addChannel(server.guild, { type: 'announcement' });
  const { view } = await withThread({ ...server, channel });
  expect(view.type).toBe(ChannelType.AnnouncementThread);
});

test('names are 1 to 100 long, and only some archive times exist', async () => {
  const server = await setup();
  const { id } = await send(server, server.channel, { content: 'post' });
  const path = Routes.threads(server.channel.id, id);
  await expectRefused(server.rest.post(path, { body: { name: '' } }), 400, 50035);
  await expectRefused(server.rest.post(path, { body: { name: 'x'.repeat(101) } }), 400, 50035);
  await expectRefused(server.rest.post(path, { body: { name: 'x', auto_archive_duration: 61 } }), 400, 50035);
  await server.rest.post(path, { body: { name: 'x', auto_archive_duration: 1440 } });
});

test('threads are opened and written in with rights of their own', async () => {
  const server = await setup();
  const { world, guild, channel, rest } = server;
  const { thread } = await withThread(server);
  world.setPermissions(
    guild,
    usualPermissions.filter((name) => name !== 'SendMessages'),
  );
  await send(server, thread, { content: 'x' });
  world.setPermissions(
    guild,
    usualPermissions.filter((name) => !/Thread/.test(name)),
  );
  await expectRefused(send(server, thread, { content: 'x' }), 403, 50013);
  const { id } = await send(server, channel, { content: 'another' });
  await expectRefused(rest.post(Routes.threads(channel.id, id), { body: { name: 'x' } }), 403, 50013);
});

test('writing opens an archived thread, unless it is locked', async () => {
  const server = await setup();
  const { thread } = await withThread(server);
  const state = thread.thread;
  if (!state) throw new Error('no thread');
  await server.rest.patch(Routes.channel(thread.id), { body: { archived: true } });
  await send(server, thread, { content: 'x' });
  expect(state.isArchived).toBe(false);
  Object.assign(state, { isArchived: true, isLocked: true });
  await expectRefused(send(server, thread, { content: 'x' }), 400, 50083);
});

test('a thread stands without a message, too', async () => {
  const server = await setup();
  const body = { name: 'alone', type: ChannelType.PublicThread };
  const thread = await server.rest.post(Routes.threads(server.channel.id), { body });
  expect(await server.rest.get(Routes.guildActiveThreads(server.guild.id))).toMatchObject({ threads: [thread] });
  const direct = server.world.direct(server.world.addUser());
  await expectRefused(server.rest.post(Routes.threads(direct.id), { body }), 400, 50024);
});

test('a channel takes its threads with it', async () => {
  const server = await setup();
  const { thread } = await withThread(server);
  server.world.deleteChannel(server.channel);
  await expectRefused(send(server, thread, { content: 'x' }), 404, 10003);
});

test('only posts of announcement channels are crossposted, and once', async () => {
  const server = await setup();
  const channel = server.world.addChannel(server.guild, { type: 'announcement' });
  const { id } = await send(server, channel, { content: 'news' });
  const path = Routes.channelMessageCrosspost(channel.id, id);
  expect(await server.rest.post(path)).toMatchObject({ id, flags: 1 });
  await expectRefused(server.rest.post(path), 400, 40033);
  const plain = await send(server, server.channel, { content: 'x' });
  await expectRefused(server.rest.post(Routes.channelMessageCrosspost(server.channel.id, plain.id)), 400, 50024);
});

test('the first reaction needs a right, and only emojis react', async () => {
  const server = await setup();
  const { world, guild, channel, rest } = server;
  const { id } = await send(server, channel, { content: 'x' });
  const path = (emoji: string) => Routes.channelMessageOwnReaction(channel.id, id, encodeURIComponent(emoji));
  await rest.put(path('👍'));
  expect(world.messages(channel)[0]?.reactions).toMatchObject([{ emoji: { name: '👍' }, count: 1, me: true }]);
  await expectRefused(rest.put(path('word')), 400, 10014);
  world.setPermissions(
    guild,
    usualPermissions.filter((name) => name !== 'AddReactions'),
  );
  await expectRefused(rest.put(path('🔴')), 403, 50013);
  await rest.delete(path('👍'));
  expect(world.messages(channel)[0]).not.toHaveProperty('reactions');
});

test('typing is told', async () => {
  const server = await setup();
  const events: string[] = [];
  server.world.onDispatch.push((_guildId, event) => events.push(event));
  await server.rest.post(Routes.channelTyping(server.channel.id));
  expect(events).toEqual(['TYPING_START']);
});
