import { type APIMessage, Routes } from 'discord.js';
import { expect, test } from 'vitest';
import { expectRefused, type Setup, send, setup } from './setup.ts';

type Upload = { name: string; data: Buffer };

/** Posts files as a client does: one line in `attachments` for each. */
async function post({ rest, channel }: Setup, files: Upload[], body: object = {}): Promise<APIMessage> {
  const attachments = files.map(({ name }, index) => ({ id: index, filename: name }));
  return (await rest.post(Routes.channelMessages(channel.id), { body: { attachments, ...body }, files })) as APIMessage;
}

function file(name: string, size = 10): Upload {
  return { name, data: Buffer.alloc(size, name) };
}

test('a line in attachments without its file is refused', async () => {
  const server = await setup();
  const call = post(server, [file('a.mp4')], { attachments: [{ id: 0 }, { id: 1, filename: 'b.mp4' }] });
  const error = await expectRefused(call, 400, 50035);
  expect(error.rawError).toMatchObject({
    errors: { attachments: { 1: { id: { _errors: [{ code: 'ATTACHMENT_NOT_FOUND' }] } } } },
  });
  expect(server.world.messages(server.channel)).toEqual([]);
});

test('a file without a line is attached and noted', async () => {
  const server = await setup();
  const message = await post(server, [file('a.mp4'), file('b.mp4')], { attachments: [{ id: 0, filename: 'x.mp4' }] });
  expect(message.attachments.map(({ filename }) => filename)).toEqual(['x.mp4', 'b.mp4']);
  expect(server.violations.splice(0)).toEqual(['files without a line in attachments: 1']);
});

test('names become addresses, the title keeps its words', async () => {
  const server = await setup();
  const attachments = [{ id: 0, filename: 'день 1 "a".mp4', title: 'день 1' }];
  const message = await post(server, [file('x.mp4')], { attachments });
  expect(message.attachments).toMatchObject([{ filename: '_1_a.mp4', title: 'день 1' }]);
});

test('eleven files are one too many', async () => {
  const server = await setup();
  const files = Array.from({ length: 11 }, (_, index) => file(`${index}.mp4`));
  await expectRefused(post(server, files), 400, 50035);
  expect((await post(server, files.slice(1))).attachments).toHaveLength(10);
});

test('a file over the limit of the guild is refused, and boosts raise the limit', async () => {
  const server = await setup();
  const { world, channel, guild } = server;
  world.setBoost(guild, { fileLimit: 1000 });
  await expectRefused(post(server, [file('a.mp4', 10), file('b.mp4', 1001)]), 413, 40005);
  expect(world.messages(channel)).toEqual([]);
  expect((await post(server, [file('a.mp4', 1000), file('b.mp4', 1000)])).attachments).toHaveLength(2);
});

test('limits go by boosts and by features', async () => {
  const { world } = await setup();
  const mebibytes = (bytes: number) => bytes / 2 ** 20;
  const levels = ([0, 1, 2, 3] as const).map((boostLevel) => world.addGuild({ boostLevel }).fileLimitBytes);
  expect(levels.map(mebibytes)).toEqual([20, 20, 50, 100]);
  const { fileLimitBytes } = world.addGuild({ features: ['MAX_FILE_SIZE_50_MB'] });
  expect(mebibytes(fileLimitBytes)).toBe(50);
});

test('a request over the whole limit is refused', async () => {
  const server = await setup({ requestLimitBytes: 1500 });
  await expectRefused(post(server, [file('a.mp4', 1000), file('b.mp4', 1000)]), 413, 40005);
  expect((await post(server, [file('a.mp4', 1000)])).attachments).toHaveLength(1);
});

test('addresses are signed and expire; a look at the message gives new ones', async () => {
  const server = await setup();
  const { rest, channel, world } = server;
  world.freeze();
  const message = await post(server, [file('a.mp4')]);
  const url = message.attachments[0]?.url ?? '';
  expect((await fetch(url)).status).toBe(200);
  expect((await fetch(url.replace('hm=', 'hm=0'))).status).toBe(404);
  expect((await fetch(url.replace('ex=', 'ex=f'))).status).toBe(404);
  world.advance(25 * 60 * 60_000);
  expect((await fetch(url)).status).toBe(404);
  const again = (await rest.get(Routes.channelMessage(channel.id, message.id))) as APIMessage;
  expect((await fetch(again.attachments[0]?.url ?? '')).status).toBe(200);
  world.erase(channel, message.id);
  expect((await fetch(again.attachments[0]?.url ?? '')).status).toBe(404);
});

test('an edit keeps what it lists and adds its files', async () => {
  const server = await setup();
  const { rest, channel, world } = server;
  const { id, attachments } = await post(server, [file('a.mp4'), file('b.mp4')]);
  const path = Routes.channelMessage(channel.id, id);
  await rest.patch(path, { body: { content: 'words' } });
  expect(world.messages(channel)[0]?.attachments).toHaveLength(2);
  const lines = [{ id: attachments[1]?.id }, { id: 0, filename: 'c.mp4' }];
  await rest.patch(path, { body: { attachments: lines }, files: [file('c.mp4')] });
  expect(world.messages(channel)[0]?.attachments.map(({ filename }) => filename)).toEqual(['b.mp4', 'c.mp4']);
  await rest.patch(path, { body: { attachments: [] } });
  expect(world.messages(channel)[0]?.attachments).toEqual([]);
});

test('the front of a part names the file when nothing else does', async () => {
  const server = await setup();
  const { channel, token, root } = server;
  const form = new FormData();
  form.set('payload_json', JSON.stringify({ content: 'raw' }));
  form.set('files[0]', new Blob(['bytes']), 'raw name.bin');
  const headers = { authorization: `Bot ${token}`, 'user-agent': 'DiscordBot (https://example.org, 1.0)' };
  const response = await fetch(`${root}/v10${Routes.channelMessages(channel.id)}`, {
    method: 'POST',
    headers,
    body: form,
  });
  expect(await response.json()).toMatchObject({ content: 'raw', attachments: [{ filename: 'raw_name.bin', size: 5 }] });
});

test('a file alone is a message, nothing at all is none', async () => {
  const server = await setup();
  expect((await post(server, [file('a.mp4')])).content).toBe('');
  await expectRefused(send(server, server.channel, { content: '  ' }), 400, 50006);
  await expectRefused(send(server, server.channel, {}), 400, 50006);
});
