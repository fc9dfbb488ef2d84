import { expect, test } from 'vitest';
import { learnSaid } from '../../src/bots/discord/limits.ts';
import type { ChatAddress } from '../../src/core/model.ts';
import { type Bot, openBot, outgoing, partFiles, patience } from './driver-setup.ts';

const mebibyte = 1 << 20;
const usable = (bytes: number) => Math.floor(bytes * 0.99);

test('the size of a file is what the server takes, by its boosts and by what it says', async () => {
  const bot = await openBot();
  const limitIn = async (guildId: string) =>
    (await bot.chat.limits({ ...bot.target, address: `${guildId}/1` })).partBytes;
  expect(await limitIn(bot.guild.id)).toBe(usable(20 * mebibyte));
  expect(await limitIn(bot.world.addGuild({ boostLevel: 2 }).id)).toBe(usable(50 * mebibyte));
  const boosted = bot.world.addGuild({ boostLevel: 3 });
  expect(await limitIn(boosted.id)).toBe(usable(100 * mebibyte));
  expect(await limitIn(bot.world.addGuild({ features: ['MAX_FILE_SIZE_50_MB'] }).id)).toBe(usable(50 * mebibyte));
  await learnSaid(bot.driver, boosted.id, 60 * mebibyte);
  await learnSaid(bot.driver, boosted.id, 500 * mebibyte);
  expect(await limitIn(boosted.id)).toBe(usable(60 * mebibyte));
});

test('a target may ask for less, and a direct message has the default', async () => {
  const bot = await openBot();
  const own = await bot.chat.limits({ ...bot.target, limits: { partBytes: 5_000_000 } });
  expect(own).toMatchObject({ partBytes: 5_000_000, albumItems: 10, maxParts: 10 });
  const direct = bot.world.direct(bot.person);
  expect(await bot.chat.limits({ ...bot.target, address: direct.id })).toMatchObject({
    partBytes: usable(20 * mebibyte),
  });
});

async function commentOn(bot: Bot, chat: ChatAddress, text: string) {
  const parent = await bot.chat.post(
    bot.target,
    outgoing(bot, 'video', 'First line\nmore', { chat }),
    await partFiles([10]),
    patience(),
  );
  const comment = outgoing(bot, 'comment', text, { chat, parent });
  const ids = await bot.chat.post(bot.target, comment, [], patience());
  expect(await bot.chat.reconcile(bot.target, comment, [], patience())).toEqual({ verdict: 'posted', ids });
  return { parent, ids, comment };
}

test('comments stand in the thread of the post, long ones in pieces', async () => {
  const bot = await openBot();
  const here = { kind: 'discord' as const, chatId: bot.guild.id, threadId: bot.channel.id };
  const text = Array.from({ length: 300 }, (_, at) => `0:${at} chapter`).join('\n');
  const { parent, ids, comment } = await commentOn(bot, here, text);
  const [thread] = bot.world.threads(bot.channel);
  expect(thread).toMatchObject({ id: parent.messageIds[0], name: 'First line' });
  expect(ids.chatId).toBe(thread?.id);
  expect(ids.messageIds.length).toBeGreaterThan(1);
  const again = await bot.chat.post(bot.target, comment, [], patience());
  expect(again).toEqual(ids);
  const next = await bot.chat.post(
    bot.target,
    outgoing(bot, 'comment', 'more', { chat: here, parent }),
    [],
    patience(),
  );
  expect(next.chatId).toBe(thread?.id);
});

test('where there are no threads a comment answers its post', async () => {
  const bot = await openBot();
  const direct = bot.world.direct(bot.person);
  const { parent, ids } = await commentOn(bot, { kind: 'discord', chatId: direct.id }, 'a comment');
  const [, answer] = bot.world.messages(direct);
  expect(answer).toMatchObject({ id: ids.messageIds[0], message_reference: { message_id: parent.messageIds[0] } });
});

test('what is missing in a channel is said in a sentence each', async () => {
  const bot = await openBot();
  const doctor = (more: object = {}) => bot.chat.doctor({ ...bot.target, ...more });
  expect(await doctor()).toEqual([]);
  expect(await doctor({ options: { isCrossposted: true } })).toEqual(['discord_not_announcement']);
  expect(await doctor({ address: bot.guild.id })).toEqual(['discord_needs_channel']);
  expect(await doctor({ address: `${bot.guild.id}/999999999999999999` })).toEqual(['discord_channel_gone']);
  const category = bot.world.addChannel(bot.guild, { type: 'category' });
  expect(await doctor({ address: `${bot.guild.id}/${category.id}` })).toEqual(['discord_no_posts_here']);
  const quiet = bot.world.addChannel(bot.guild, {
    overwrites: [{ who: 'bot', deny: ['AttachFiles', 'CreatePublicThreads'] }],
  });
  expect(await doctor({ address: `${bot.guild.id}/${quiet.id}` })).toEqual([
    'discord_needs_attach',
    'discord_needs_threads',
  ]);
  const direct = bot.world.direct(bot.person);
  expect(await doctor({ address: direct.id })).toEqual([]);
});

test('a place is named by its id, as #channel, or by a link', async () => {
  const bot = await openBot();
  const { chat, channel, guild, person, world } = bot;
  const place = { address: `${guild.id}/${channel.id}`, name: '#vods', isTheirs: false };
  for (const name of [
    channel.id,
    `<#${channel.id}>`,
    `https://discord.com/channels/${guild.id}/${channel.id}`,
    place.address,
  ])
    expect(await chat.findPlace(name, person.id)).toEqual(place);
  const boss = world.addUser();
  world.addMember(guild, boss, ['ManageChannels']);
  expect(await chat.findPlace(channel.id, boss.id)).toMatchObject({ isTheirs: true });
  const direct = world.direct(person);
  expect(await chat.findPlace(direct.id, person.id)).toEqual({ address: direct.id, name: 'ann', isTheirs: true });
  expect(await chat.findPlace(guild.id, '')).toMatchObject({ address: guild.id, name: 'Guild' });
  await expect(chat.findPlace('999999999999999999', person.id)).rejects.toMatchObject({ code: 'place_unknown' });
  await expect(chat.findPlace('#vods', person.id)).rejects.toMatchObject({ code: 'place_unknown' });
});
