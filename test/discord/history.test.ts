import { type APIMessage, Routes } from 'discord.js';
import { expect, test } from 'vitest';
import { usualPermissions } from '../support/discord/permissions.ts';
import { expectRefused, type Setup, send, setup } from './setup.ts';

async function list({ rest, channel }: Setup, query: Record<string, string>): Promise<string[]> {
  const path = Routes.channelMessages(channel.id);
  const messages = (await rest.get(path, { query: new URLSearchParams(query) })) as APIMessage[];
  return messages.map(({ content }) => content);
}

async function withFive(): Promise<{ server: Setup; ids: string[] }> {
  const server = await setup();
  const ids: string[] = [];
  for (const content of ['1', '2', '3', '4', '5']) ids.push((await send(server, server.channel, { content })).id);
  return { server, ids };
}

test('the newest come first, before and after a message, or around it', async () => {
  const { server, ids } = await withFive();
  const [, second = '', third = ''] = ids;
  expect(await list(server, {})).toEqual(['5', '4', '3', '2', '1']);
  expect(await list(server, { limit: '2' })).toEqual(['5', '4']);
  expect(await list(server, { before: third })).toEqual(['2', '1']);
  expect(await list(server, { after: second, limit: '2' })).toEqual(['4', '3']);
  expect(await list(server, { around: third, limit: '3' })).toEqual(['4', '3', '2']);
});

test('ids tell the time, so any moment can be a place in the history', async () => {
  const { server } = await withFive();
  const snowflakeAt = (ms: number) => String((BigInt(ms) - 1_420_070_400_000n) << 22n);
  expect(await list(server, { after: snowflakeAt(Date.now() - 60_000) })).toHaveLength(5);
  expect(await list(server, { after: snowflakeAt(Date.now() + 60_000) })).toEqual([]);
});

test('two places at once and limits out of range are refused', async () => {
  const { server } = await withFive();
  await expectRefused(list(server, { before: '1', after: '2' }), 400, 50035);
  await expectRefused(list(server, { limit: '101' }), 400, 50035);
  await expectRefused(list(server, { limit: '0' }), 400, 50035);
  await expectRefused(list(server, { after: 'x' }), 400, 50035);
});

test('without the right to read it the history is empty, and one message is refused', async () => {
  const { server, ids } = await withFive();
  server.world.setPermissions(
    server.guild,
    usualPermissions.filter((name) => name !== 'ReadMessageHistory'),
  );
  expect(await list(server, {})).toEqual([]);
  await expectRefused(server.rest.get(Routes.channelMessage(server.channel.id, ids[0] ?? '')), 403, 50013);
});

test('what others wrote has no words for the bot, its own has', async () => {
  const server = await setup();
  const user = server.world.addUser();
  server.world.addMember(server.guild, user);
  server.world.say(user, server.channel, 'a secret');
  server.world.say(user, server.channel, `<@${server.bot.id}> hello`);
  await send(server, server.channel, { content: 'mine' });
  expect(await list(server, {})).toEqual(['mine', `<@${server.bot.id}> hello`, '']);
});
