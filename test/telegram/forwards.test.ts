import { InputMediaBuilder } from 'grammy';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { bytes, expectRefused, setup, takeUpdates } from './setup.ts';

const { video } = InputMediaBuilder;

/** A channel with its group for comments; the bot is an administrator of both. */
async function linked(options: Parameters<typeof setup>[0] = {}) {
  const all = await setup(options);
  const channel = all.world.addChannel({ title: 'Channel' });
  const group = all.world.addGroup({ title: 'Comments' });
  all.world.link(channel, group);
  return { ...all, channel, group };
}

/** Waits until the group shows this many messages. */
function shown({ world, group }: Awaited<ReturnType<typeof linked>>, count: number) {
  const all = () => {
    const messages = world.messages(group);
    return messages.length === count ? messages : undefined;
  };
  return waitFor(all, { what: `${count} forwards` });
}

test('a channel post is forwarded into the linked group, told to the bot, and pinned', async () => {
  const all = await linked();
  const { api, channel, group } = all;
  const post = await api.sendVideo(channel.id, bytes(), { caption: 'Part 1' });
  const [update] = await takeUpdates(all, 1);
  expect(update?.message).toMatchObject({
    chat: group,
    from: { id: 777_000 },
    sender_chat: channel,
    is_automatic_forward: true,
    forward_origin: { type: 'channel', chat: channel, message_id: post.message_id, date: post.date },
    caption: 'Part 1',
    video: { file_unique_id: post.video.file_unique_id },
  });
  expect(await api.getChat(channel.id)).toMatchObject({ linked_chat_id: group.id });
  expect(await api.getChat(group.id)).toMatchObject({
    linked_chat_id: channel.id,
    pinned_message: { message_id: update?.message?.message_id },
  });
});

test('every item of an album is forwarded, as an album of its own', async () => {
  const all = await linked();
  const { api, world, channel, group } = all;
  const posts = await api.sendMediaGroup(channel.id, [video(bytes()), video(bytes())]);
  const forwards = await shown(all, 2);
  expect(forwards.map(({ forward_origin: origin }) => origin?.type === 'channel' && origin.message_id)).toEqual(
    posts.map(({ message_id }) => message_id),
  );
  const [albums, theirs] = [world.albums(group), world.albums(channel)];
  expect([albums.length, albums[0]?.length]).toEqual([1, 2]);
  expect(albums[0]?.[0]?.media_group_id).not.toBe(theirs[0]?.[0]?.media_group_id);
});

test('a comment replies to the forward and belongs to its thread, under any item to that of the first', async () => {
  const all = await linked();
  const { api, channel, group } = all;
  await api.sendMediaGroup(channel.id, [video(bytes()), video(bytes())]);
  const [first, second] = await shown(all, 2);
  const reply = (id = 0) => api.sendMessage(group.id, 'comment', { reply_parameters: { message_id: id } });
  const comments = [await reply(first?.message_id), await reply(second?.message_id)];
  expect(comments.map(({ message_thread_id: id }) => id)).toEqual([first?.message_id, first?.message_id]);
  expect((await reply(comments[0]?.message_id)).message_thread_id).toBe(first?.message_id);
});

test('message_thread_id makes no comment in a group without topics: it is ignored, and noted', async () => {
  const all = await linked();
  const { api, channel, group, violations } = all;
  await api.sendMessage(channel.id, 'post');
  const [forward] = await shown(all, 1);
  const loose = await api.sendMessage(group.id, 'x', { message_thread_id: forward?.message_id ?? 0 });
  expect(loose).not.toHaveProperty('message_thread_id');
  expect(violations.splice(0)).toEqual([expect.stringContaining('message_thread_id')]);
});

test('a reply to the channel post itself is no comment', async () => {
  const { api, channel, group } = await linked();
  const { message_id } = await api.sendMessage(channel.id, 'post');
  const message = await api.sendMessage(group.id, 'x', { reply_parameters: { message_id, chat_id: channel.id } });
  expect(message).toHaveProperty('external_reply.message_id', message_id);
  expect(message).not.toHaveProperty('reply_to_message');
  expect(message).not.toHaveProperty('message_thread_id');
});

test('forwards may be late and in another order, and may never come', async () => {
  const all = await linked();
  const { api, world, channel } = all;
  world.holdForwards();
  for (const text of ['one', 'two']) await api.sendMessage(channel.id, text);
  await waitFor(() => world.heldForwards?.length === 2);
  world.releaseForwards({ order: 'reversed' });
  expect((await shown(all, 2)).map(({ text }) => text)).toEqual(['two', 'one']);
  world.dropForwards(1);
  for (const text of ['three', 'four']) await api.sendMessage(channel.id, text);
  expect((await shown(all, 3)).map(({ text }) => text)).toEqual(['two', 'one', 'four']);
});

test('a forward cannot be edited, and follows the edits of its post', async () => {
  const all = await linked();
  const { api, world, channel, group } = all;
  const post = await api.sendMessage(channel.id, 'live');
  const [forward] = await shown(all, 1);
  const edit = api.editMessageText(group.id, forward?.message_id ?? 0, 'mine');
  await expectRefused(edit, 400, "Bad Request: message can't be edited");
  await api.editMessageText(channel.id, post.message_id, 'over');
  expect(world.messages(group)[0]).toMatchObject({ text: 'over', edit_date: expect.any(Number) });
  const updates = await takeUpdates(all, 2);
  expect(updates[1]?.edited_message).toMatchObject({ text: 'over', is_automatic_forward: true });
});

test('a bot in privacy mode that is no administrator does not see automatic forwards', async () => {
  const all = await linked();
  const { api, world, channel, bot } = all;
  const group = world.addGroup({ title: 'Other', botRights: 'member' });
  world.link(channel, group);
  await api.sendMessage(channel.id, 'post');
  await waitFor(() => world.messages(group).length === 1);
  expect(await api.getUpdates()).toEqual([]);
  world.setMember(group, bot, 'administrator');
  await api.sendMessage(channel.id, 'post');
  const updates = await takeUpdates(all, 2);
  expect(updates.map((update) => Object.keys(update)[1])).toEqual(['my_chat_member', 'message']);
});

test('an auto-scheduled post is forwarded when it appears, under its real id', async () => {
  const all = await linked({ bigChannelDelayMs: 1 });
  const { api, channel } = all;
  await api.sendMessage(channel.id, 'text is never kept back');
  const answer = await api.sendVideo(channel.id, bytes());
  expect(answer.message_id).toBe(0);
  const [, forward] = await shown(all, 2);
  expect(forward?.forward_origin).toMatchObject({ message_id: 2 });
});

test('forwardMessage shows where a message is from, and its file is the same', async () => {
  const { api, world, channel } = await linked();
  const vault = world.addChannel({ title: 'Vault' });
  const post = await api.sendVideo(channel.id, bytes(), { caption: 'rec:1:2' });
  const probe = await api.forwardMessage(vault.id, channel.id, post.message_id);
  expect(probe).toMatchObject({
    chat: vault,
    caption: 'rec:1:2',
    forward_origin: { type: 'channel', chat: channel, message_id: post.message_id, date: post.date },
    video: { file_unique_id: post.video.file_unique_id },
  });
  const missing = api.forwardMessage(vault.id, channel.id, post.message_id + 1);
  await expectRefused(missing, 400, 'Bad Request: message to forward not found');
  const again = await api.forwardMessage(channel.id, vault.id, probe.message_id);
  expect(again.forward_origin).toEqual(probe.forward_origin);
});

test('what a person said is forwarded with the person as its origin', async () => {
  const { api, world, group } = await linked();
  const ann = world.addUser({ firstName: 'Ann' });
  const said = world.say(ann, group, 'hello');
  const chat = world.privateChat(ann);
  const forward = await api.forwardMessage(chat.id, group.id, said.message_id);
  expect(forward.forward_origin).toEqual({ type: 'user', sender_user: ann, date: said.date });
});

test('protected content is neither forwarded nor copied', async () => {
  const { api, world, channel } = await linked();
  const vault = world.addChannel({ title: 'Vault' });
  const post = await api.sendMessage(channel.id, 'x', { protect_content: true });
  const forward = api.forwardMessage(vault.id, channel.id, post.message_id);
  await expectRefused(forward, 400, "Bad Request: message has protected content and can't be forwarded");
});

test('nothing is forwarded from a protected chat, and getChat says so', async () => {
  const { api, world, channel } = await linked();
  const vault = world.addChannel({ title: 'Vault' });
  const post = await api.sendMessage(channel.id, 'x');
  expect(await api.getChat(channel.id)).not.toHaveProperty('has_protected_content');
  world.protect(channel);
  expect(await api.getChat(channel.id)).toHaveProperty('has_protected_content', true);
  const text = "Bad Request: message has protected content and can't be forwarded";
  await expectRefused(api.forwardMessage(vault.id, channel.id, post.message_id), 400, text);
  await expectRefused(api.forwardMessages(vault.id, channel.id, [post.message_id]), 400, text);
  expect(await api.sendMessage(channel.id, 'y')).toHaveProperty('has_protected_content', true);
});

test('several messages are forwarded or copied in order, albums stay albums, missing ones are passed over', async () => {
  const { api, world, channel } = await linked();
  const vault = world.addChannel({ title: 'Vault' });
  await api.sendMediaGroup(channel.id, [video(bytes(), { caption: 'a' }), video(bytes())]);
  expect(await api.forwardMessages(vault.id, channel.id, [1, 2, 9])).toEqual([{ message_id: 1 }, { message_id: 2 }]);
  expect(await api.copyMessages(vault.id, channel.id, [1, 2])).toEqual([{ message_id: 3 }, { message_id: 4 }]);
  expect(world.albums(vault).map((album) => album.length)).toEqual([2, 2]);
  expect(world.messages(vault).map(({ forward_origin: origin }) => origin?.type)).toEqual([
    'channel',
    'channel',
    undefined,
    undefined,
  ]);
  const text = 'Bad Request: message identifiers must be in a strictly increasing order';
  await expectRefused(api.forwardMessages(vault.id, channel.id, [2, 1]), 400, text);
});

test('a copy is the own message of the bot, with another caption if asked for', async () => {
  const { api, world, channel } = await linked();
  const vault = world.addChannel({ title: 'Vault' });
  const { message_id: id } = await api.sendVideo(channel.id, bytes(), { caption: 'a' });
  expect(await api.copyMessage(vault.id, channel.id, id, { caption: 'b' })).toEqual({ message_id: 1 });
  expect(world.messages(vault)[0]).toMatchObject({ caption: 'b' });
  await api.editMessageCaption(vault.id, 1, { caption: 'c' });
  const missing = api.copyMessage(vault.id, channel.id, 99);
  await expectRefused(missing, 400, 'Bad Request: message to copy not found');
});
