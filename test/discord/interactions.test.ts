import { type APIMessage, Routes } from 'discord.js';
import { expect, test } from 'vitest';
import type { Interaction } from '../support/discord/interactions.ts';
import { expectRefused, type Setup, send, setup } from './setup.ts';

/** A server with `/record url quality`, a user who may use it, and ways to answer. */
async function withCommand() {
  const server = await setup();
  const { rest, world, applicationId, guild } = server;
  const qualities = [{ name: 'best', value: 'best' }];
  const url = { type: 3, name: 'url', description: 'x', required: true, autocomplete: true };
  const quality = { type: 3, name: 'quality', description: 'x', choices: qualities };
  const command = { name: 'record', description: 'x', options: [url, quality] };
  await rest.put(Routes.applicationCommands(applicationId), { body: [command] });
  const user = world.addUser({ username: 'viewer' });
  world.addMember(guild, user);
  return { ...server, user };
}

type Ready = Awaited<ReturnType<typeof withCommand>>;

function record({ world, user, channel }: Ready): Interaction {
  return world.command(user, channel, 'record', { url: 'https://example.org' });
}

function answer(
  { rest }: Pick<Setup, 'rest'>,
  { id, token }: Interaction,
  body: object,
  query?: URLSearchParams,
): Promise<unknown> {
  return rest.post(Routes.interactionCallback(id, token), { body, auth: false, ...(query && { query }) });
}

function original({ applicationId }: Setup, { token }: Interaction, id = '@original') {
  return Routes.webhookMessage(applicationId, token, id);
}

test('a command comes with who gave it, where, and what they may do there', async () => {
  const server = await withCommand();
  const { world, guild, channel, user } = server;
  world.setBoost(guild, { fileLimit: 1000, announcedFileLimit: 2000 });
  const heard: object[] = [];
  world.onDispatch.push((guildId, event, data) => heard.push({ guildId, event, data }));
  const { payload } = record(server);
  expect(heard).toEqual([{ guildId: guild.id, event: 'INTERACTION_CREATE', data: payload }]);
  expect(payload).toMatchObject({
    type: 2,
    channel_id: channel.id,
    guild_id: guild.id,
    locale: 'en-US',
    attachment_size_limit: 2000,
    app_permissions: expect.stringMatching(/^\d+$/),
    member: { user: { id: user.id }, permissions: expect.stringMatching(/^\d+$/) },
    data: { name: 'record', options: [{ name: 'url', type: 3, value: 'https://example.org' }] },
  });
});

test('a file that comes with a command stands in `resolved`, at an address of its own', async () => {
  const { rest, world, applicationId, user, channel } = await withCommand();
  const file = { type: 11, name: 'file', description: 'x' };
  await rest.put(Routes.applicationCommands(applicationId), {
    body: [{ name: 'bring', description: 'x', options: [file] }],
  });
  const files = { file: { fileName: 'a.txt', bytes: Buffer.from('bytes') } };
  const { payload } = world.command(user, channel, 'bring', {}, { files });
  const { options, resolved } = payload['data'] as never as {
    options: { value: string }[];
    resolved: { attachments: Record<string, { url: string }> };
  };
  const id = options[0]?.value ?? '';
  expect(options).toEqual([{ name: 'file', type: 11, value: id }]);
  expect(resolved.attachments).toMatchObject({ [id]: { id, filename: 'a.txt', size: 5, ephemeral: true } });
  const url = resolved.attachments[id]?.url ?? '';
  expect(new URL(url).pathname).toBe(`/ephemeral-attachments/${applicationId}/${id}/a.txt`);
  expect(await (await fetch(url)).text()).toBe('bytes');
  expect((await fetch(url.replace(/hm=./, 'hm=-'))).status).toBe(404);
  expect(() => world.command(user, channel, 'bring', { file: id })).toThrow('takes a file');
});

test('a client lets nobody send what the command does not take', async () => {
  const { world, user, channel, guild } = await withCommand();
  const send = (name: string, options: Record<string, string | number>) => () =>
    world.command(user, channel, name, options);
  expect(send('other', {})).toThrow('no command');
  expect(send('record', {})).toThrow('needs url');
  expect(send('record', { url: 'x', bitrate: 5 })).toThrow('no option bitrate');
  expect(send('record', { url: 5 })).toThrow('another type');
  expect(send('record', { url: 'x', quality: '720p' })).toThrow('no choice');
  const stranger = world.addUser();
  expect(() => world.command(stranger, channel, 'record', { url: 'x' })).toThrow('no member');
  expect(guild.members.has(stranger.id)).toBe(false);
});

test('a reply stands in the channel as the answer to the command', async () => {
  const server = await withCommand();
  const interaction = record(server);
  const query = new URLSearchParams({ with_response: 'true' });
  const response = await answer(server, interaction, { type: 4, data: { content: 'on it' } }, query);
  const [message] = server.world.messages(server.channel);
  expect(message).toMatchObject({ content: 'on it', type: 20, interaction_metadata: { id: interaction.id } });
  expect(response).toMatchObject({
    interaction: { response_message_id: message?.id },
    resource: { message: { content: 'on it' } },
  });
  expect(interaction.replies()).toMatchObject([
    { isEphemeral: false, isLoading: false, message: { content: 'on it' } },
  ]);
});

test('an ephemeral reply stands in no channel, and can be changed and taken back', async () => {
  const server = await withCommand();
  const interaction = record(server);
  await answer(server, interaction, { type: 4, data: { content: 'no', flags: 64 } });
  expect(server.world.messages(server.channel)).toEqual([]);
  const path = original(server, interaction);
  const { id } = (await server.rest.patch(path, { body: { content: 'still no' }, auth: false })) as APIMessage;
  await expectRefused(server.rest.get(Routes.channelMessage(server.channel.id, id)), 404, 10008);
  expect(interaction.replies()).toMatchObject([
    { isEphemeral: true, isDeleted: false, message: { content: 'still no' } },
  ]);
  await server.rest.delete(path, { auth: false });
  expect(interaction.replies()).toMatchObject([{ isDeleted: true }]);
  await expectRefused(server.rest.get(path, { auth: false }), 404, 10008);
});

test('a deferred answer is filled by an edit, with files', async () => {
  const server = await withCommand();
  const interaction = record(server);
  await answer(server, interaction, { type: 5 });
  expect(interaction.replies()).toMatchObject([{ isLoading: true }]);
  const files = [{ name: 'a.jpg', data: Buffer.from('jpeg') }];
  const body = { content: 'done', attachments: [{ id: 0, filename: 'a.jpg' }] };
  await server.rest.patch(original(server, interaction), { body, files, auth: false });
  expect(interaction.replies()).toMatchObject([
    { isLoading: false, message: { content: 'done', attachments: [{ filename: 'a.jpg' }] } },
  ]);
});

test('the first followup of a deferred answer fills it, and its flag means nothing', async () => {
  const server = await withCommand();
  const interaction = record(server);
  await answer(server, interaction, { type: 5 });
  const path = Routes.webhook(server.applicationId, interaction.token);
  await server.rest.post(path, { body: { content: 'secret?', flags: 64 }, auth: false });
  expect(interaction.replies()).toMatchObject([{ isEphemeral: false, message: { content: 'secret?' } }]);
  await server.rest.post(path, { body: { content: 'secret', flags: 64 }, auth: false });
  expect(interaction.replies()[1]).toMatchObject({ isEphemeral: true, message: { content: 'secret' } });
});

test('followups after the deferred answer was deleted are messages of their own', async () => {
  const server = await withCommand();
  const interaction = record(server);
  await answer(server, interaction, { type: 5 });
  await server.rest.delete(original(server, interaction), { auth: false });
  const path = Routes.webhook(server.applicationId, interaction.token);
  await server.rest.post(path, { body: { content: 'only you', flags: 64 }, auth: false });
  const [deferred, followup] = interaction.replies();
  expect(deferred?.isDeleted).toBe(true);
  expect(followup).toMatchObject({ isEphemeral: true, isDeleted: false });
});

test('a deferral takes no words and no flag but one', async () => {
  const server = await withCommand();
  await answer(server, record(server), { type: 5, data: { flags: 64 } });
  await answer(server, record(server), { type: 5, data: { content: 'words' } });
  expect(server.violations.splice(0)).toEqual([expect.stringContaining('deferred')]);
});

test('one answer only', async () => {
  const server = await withCommand();
  const interaction = record(server);
  await answer(server, interaction, { type: 5 });
  await expectRefused(answer(server, interaction, { type: 4, data: { content: 'x' } }), 400, 40060);
  expect(interaction.replies()).toHaveLength(1);
});

test('three seconds for the first answer, fifteen minutes for the others', async () => {
  const server = await withCommand();
  server.world.freeze();
  const late = record(server);
  server.world.advance(3001);
  await expectRefused(answer(server, late, { type: 5 }), 404, 10062);
  const intime = record(server);
  server.world.advance(3000);
  await answer(server, intime, { type: 5 });
  const path = original(server, intime);
  server.world.advance(15 * 60_000 - 3000);
  await server.rest.patch(path, { body: { content: 'x' }, auth: false });
  server.world.advance(1);
  await expectRefused(server.rest.patch(path, { body: { content: 'y' }, auth: false }), 401, 50027);
});

test('before the first answer there is nothing to follow, and tokens cannot be guessed', async () => {
  const server = await withCommand();
  const interaction = record(server);
  const path = Routes.webhook(server.applicationId, interaction.token);
  await expectRefused(server.rest.post(path, { body: { content: 'x' }, auth: false }), 404, 10015);
  await expectRefused(answer(server, { ...interaction, token: 'other' }, { type: 5 }), 404, 10062);
});

test('autocomplete is answered with up to 25 choices and with nothing else', async () => {
  const server = await withCommand();
  const { world, user, channel } = server;
  const typing = () => world.autocomplete(user, channel, { name: 'record', focused: 'url', options: { url: 'exa' } });
  const interaction = typing();
  expect(interaction.payload).toMatchObject({
    type: 4,
    data: { options: [{ name: 'url', value: 'exa', focused: true }] },
  });
  await expectRefused(answer(server, interaction, { type: 5 }), 400, 50035);
  const choices = Array.from({ length: 26 }, (_, n) => ({ name: `${n}`, value: `${n}` }));
  await expectRefused(answer(server, interaction, { type: 8, data: { choices } }), 400, 50035);
  await answer(server, interaction, { type: 8, data: { choices: choices.slice(1) } });
  expect(interaction.choices()).toHaveLength(25);
  expect(() =>
    world.autocomplete(user, channel, { name: 'record', focused: 'quality', options: { quality: 'b' } }),
  ).toThrow();
});

test('a button knows its message; it can be changed or answered', async () => {
  const server = await withCommand();
  const { world, user, channel } = server;
  const row = { type: 1, components: [{ type: 2, style: 4, label: 'Stop', custom_id: '/stop 1' }] };
  const { id } = await send(server, channel, { content: 'recording', components: [row] });
  expect(() => world.press(user, channel, id, 'other')).toThrow('no button');
  const pressed = world.press(user, channel, id, '/stop 1');
  expect(pressed.payload).toMatchObject({
    type: 3,
    message: { id },
    data: { custom_id: '/stop 1', component_type: 2 },
  });
  await answer(server, pressed, { type: 7, data: { content: 'stopped', components: [] } });
  expect(world.messages(channel)).toMatchObject([{ id, content: 'stopped', components: [] }]);
});

test('a button may be put off without a word, and answered for one person', async () => {
  const server = await withCommand();
  const { world, user, channel, rest } = server;
  const row = { type: 1, components: [{ type: 2, style: 2, label: 'Status', custom_id: 's' }] };
  const { id } = await send(server, channel, { content: 'card', components: [row] });
  const pressed = world.press(user, channel, id, 's');
  await answer(server, pressed, { type: 6 });
  const path = Routes.webhook(server.applicationId, pressed.token);
  await rest.post(path, { body: { content: 'recording', flags: 64 }, auth: false });
  expect(pressed.replies().map(({ message }) => message.content)).toEqual(['card', 'recording']);
  expect(world.messages(channel)).toHaveLength(1);
});

test('in a direct conversation there is a user and no member', async () => {
  const server = await withCommand();
  const { world, user } = server;
  const direct = world.direct(user);
  const { payload } = world.command(user, direct, 'record', { url: 'x' }, { locale: 'ru' });
  expect(payload).toMatchObject({ user: { id: user.id }, context: 1, locale: 'ru' });
  expect(payload).not.toHaveProperty('member');
  expect(payload).not.toHaveProperty('guild_id');
});

test('an answer in a channel that is gone finds it unknown', async () => {
  const server = await withCommand();
  const interaction = record(server);
  await answer(server, interaction, { type: 5 });
  server.world.deleteChannel(server.channel);
  await expectRefused(
    server.rest.patch(original(server, interaction), { body: { content: 'x' }, auth: false }),
    404,
    10003,
  );
});

test('commands are hidden from members who lack what they ask for', async () => {
  const server = await withCommand();
  const { world, rest, user, channel, guild } = server;
  const command = { name: 'stop', description: 'x', default_member_permissions: String(1 << 5), contexts: [0] };
  await rest.post(Routes.applicationCommands(server.applicationId), { body: command });
  expect(() => world.command(user, channel, 'stop')).toThrow('not shown');
  const manager = world.addUser();
  world.addMember(guild, manager, ['ManageGuild']);
  world.command(manager, channel, 'stop');
  expect(() => world.command(manager, world.direct(manager), 'stop')).toThrow('not shown');
});
