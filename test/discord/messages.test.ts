import { type APIMessage, type RESTGetAPIGatewayBotResult, Routes } from 'discord.js';
import { expect, test } from 'vitest';
import { expectRefused, send, setup } from './setup.ts';

test('the bot learns who it is and where its gateway stands', async () => {
  const { rest, bot, applicationId, root } = await setup();
  expect(await rest.get(Routes.user())).toMatchObject({ id: bot.id, bot: true });
  expect(await rest.get(Routes.currentApplication())).toMatchObject({ id: applicationId, bot: { id: bot.id } });
  const { url } = (await rest.get(Routes.gatewayBot())) as RESTGetAPIGatewayBotResult;
  expect(url).toBe(root.replace('http', 'ws').replace('/api', ''));
});

test('a message is posted, read, edited and deleted', async () => {
  const { rest, channel, world } = await setup();
  const { id } = await send({ rest }, channel, { content: 'hello' });
  const path = Routes.channelMessage(channel.id, id);
  expect(await rest.get(path)).toMatchObject({ id, content: 'hello', edited_timestamp: null });
  await rest.patch(path, { body: { content: 'changed' } });
  expect(world.messages(channel)).toMatchObject([{ content: 'changed', edited_timestamp: expect.any(String) }]);
  await rest.delete(path);
  await expectRefused(rest.get(path), 404, 10008);
  expect(world.messages(channel)).toEqual([]);
});

test('files come with their names, descriptions and bytes', async () => {
  const { rest, channel, world } = await setup();
  const files = ['one.mp4', 'two words.mp4'].map((name) => ({ name, data: Buffer.from(`bytes of ${name}`) }));
  const attachments = [
    { id: '0', filename: 'one.mp4', description: 'the first' },
    { id: '1', filename: 'two words.mp4' },
  ];
  const body = { content: 'part', attachments };
  const message = (await rest.post(Routes.channelMessages(channel.id), { body, files })) as APIMessage;
  expect(message.attachments).toMatchObject([
    { filename: 'one.mp4', description: 'the first', size: 16 },
    { filename: 'two_words.mp4', size: 22 },
  ]);
  const [first] = message.attachments;
  expect(await (await fetch(first?.url ?? '')).text()).toBe('bytes of one.mp4');
  expect(world.fileOf(first?.id ?? '').sha256).toBe(world.messages(channel)[0]?.fileSha256[0]);
});
