import { expect, test } from 'vitest';
import { bytes, expectRefused, setup, takeUpdates } from './setup.ts';

test('posting in a channel needs the right to', async () => {
  const { api, world } = await setup();
  const channel = world.addChannel({ title: 'C', botRights: { can_edit_messages: true } });
  const text = 'Bad Request: need administrator rights in the channel chat';
  await expectRefused(api.sendMessage(channel.id, 'x'), 400, text);
  world.setRights(channel, { can_post_messages: true });
  await api.sendMessage(channel.id, 'x');
});

test('a bot that was never there does not find a private channel; a public one refuses it', async () => {
  const { api, world } = await setup();
  const hidden = world.addChannel({ title: 'C', botRights: 'none' });
  await expectRefused(api.sendMessage(hidden.id, 'x'), 400, 'Bad Request: chat not found');
  const open = world.addChannel({ title: 'D', username: 'open_channel', botRights: 'none' });
  expect(await api.getChat('@open_channel')).toMatchObject({ id: open.id, title: 'D' });
  await expectRefused(api.sendMessage(open.id, 'x'), 403, 'Forbidden: bot is not a member of the channel chat');
});

test('a bot that was kicked is told so, by an update and by every call', async () => {
  const all = await setup();
  const { api, world, bot } = all;
  for (const chat of [
    world.addChannel({ title: 'C' }),
    world.addGroup({ title: 'S' }),
    world.addGroup({ title: 'G', type: 'group' }),
  ]) {
    await api.sendMessage(chat.id, 'x');
    world.kick(chat);
    const text = `Forbidden: bot was kicked from the ${chat.type} chat`;
    await expectRefused(api.sendMessage(chat.id, 'y'), 403, text);
    await expectRefused(api.getChat(chat.id), 403, text);
  }
  const [update] = await takeUpdates(all, 3);
  expect(update?.my_chat_member).toMatchObject({
    old_chat_member: { status: 'administrator' },
    new_chat_member: { status: 'kicked', user: bot },
  });
});

test('a bot that left is no member', async () => {
  const { api, world, bot } = await setup();
  const group = world.addGroup({ title: 'S' });
  world.setMember(group, bot, 'left');
  const text = 'Forbidden: bot is not a member of the supergroup chat';
  await expectRefused(api.sendMessage(group.id, 'x'), 403, text);
});

test('a restricted bot may send only what it is allowed', async () => {
  const { api, world, bot } = await setup();
  const group = world.addGroup({ title: 'S' });
  world.setMember(group, bot, 'restricted');
  world.setRights(group, { can_send_videos: false });
  const text = 'Bad Request: not enough rights to send videos to the chat';
  await expectRefused(api.sendVideo(group.id, bytes()), 400, text);
  await api.sendMessage(group.id, 'x');
});

test('a person who blocked the bot, and one who is gone', async () => {
  const { api, world, bot } = await setup();
  const ann = world.addUser({ firstName: 'Ann' });
  const chat = world.privateChat(ann);
  world.setMember(chat, ann, 'kicked');
  expect(await api.getUpdates()).toMatchObject([
    { my_chat_member: { chat, from: ann, new_chat_member: { user: bot, status: 'kicked' } } },
  ]);
  await expectRefused(api.sendMessage(chat.id, 'x'), 403, 'Forbidden: bot was blocked by the user');
  world.setMember(chat, ann, 'member');
  await api.sendMessage(chat.id, 'x');
  world.deactivate(ann);
  await expectRefused(api.sendMessage(chat.id, 'x'), 403, 'Forbidden: user is deactivated');
});

test('a group that became a supergroup says where it went', async () => {
  const all = await setup();
  const { api, world } = all;
  const group = world.addGroup({ title: 'G', type: 'group' });
  await api.sendMessage(group.id, 'x');
  const moved = world.migrate(group);
  const text = 'Bad Request: group chat was upgraded to a supergroup chat';
  const error = await expectRefused(api.sendMessage(group.id, 'y'), 400, text);
  expect(error.parameters).toEqual({ migrate_to_chat_id: moved.id });
  await api.sendMessage(moved.id, 'y');
  const updates = await takeUpdates(all, 2);
  expect(updates.map(({ message }) => [message?.migrate_to_chat_id, message?.migrate_from_chat_id])).toEqual([
    [moved.id, undefined],
    [undefined, group.id],
  ]);
});

test('getChatMember shows rights one by one, and strangers as left', async () => {
  const { api, world, bot } = await setup();
  const channel = world.addChannel({ title: 'C', botRights: { can_post_messages: true } });
  const ann = world.addUser({ firstName: 'Ann' });
  expect(await api.getChatMember(channel.id, bot.id)).toMatchObject({
    status: 'administrator',
    can_post_messages: true,
    can_edit_messages: false,
    can_delete_messages: false,
  });
  expect(await api.getChatMember(channel.id, ann.id)).toEqual({ user: ann, status: 'left' });
  world.setMember(channel, ann, 'creator');
  expect(await api.getChatAdministrators(channel.id)).toMatchObject([{ user: bot }, { user: ann, status: 'creator' }]);
  await expectRefused(api.getChatMember(channel.id, 5), 400, 'Bad Request: PARTICIPANT_ID_INVALID');
});

test('who is in a channel only administrators see', async () => {
  const { api, world, bot } = await setup();
  const channel = world.addChannel({ title: 'C', botRights: 'member' });
  const ann = world.addUser({ firstName: 'Ann' });
  await expectRefused(api.getChatMember(channel.id, ann.id), 400, 'Bad Request: member list is inaccessible');
  expect(await api.getChatMember(channel.id, bot.id)).toMatchObject({ status: 'member' });
});

test('topics: made with a right, sent into by id, closed, and "General" has no id', async () => {
  const { api, world } = await setup();
  const forum = world.addGroup({ title: 'F', type: 'forum' });
  const topic = await api.createForumTopic(forum.id, 'Recordings');
  const { message_thread_id: threadId } = topic;
  const created = { message_thread_id: threadId, forum_topic_created: { name: 'Recordings' } };
  expect(await api.getUpdates()).toMatchObject([{ message: created }]);
  const sent = await api.sendMessage(forum.id, 'x', { message_thread_id: threadId });
  expect(sent).toMatchObject({ message_thread_id: threadId, is_topic_message: true });
  expect(await api.sendMessage(forum.id, 'general')).not.toHaveProperty('message_thread_id');
  const general = api.sendMessage(forum.id, 'x', { message_thread_id: 1 });
  await expectRefused(general, 400, 'Bad Request: message thread not found');
  await api.closeForumTopic(forum.id, threadId);
  world.setRights(forum, { can_manage_topics: false });
  const closed = api.sendMessage(forum.id, 'x', { message_thread_id: threadId });
  await expectRefused(closed, 400, 'Bad Request: TOPIC_CLOSED');
  const another = api.createForumTopic(forum.id, 'More');
  await expectRefused(another, 400, 'Bad Request: not enough rights to create a topic');
  const group = world.addGroup({ title: 'G' });
  await expectRefused(api.createForumTopic(group.id, 'x'), 400, 'Bad Request: the chat is not a forum');
});

test('a bot kicked between upload and album posts nothing', async () => {
  const { api, world, fault } = await setup();
  const [vault, channel] = [world.addChannel({ title: 'V' }), world.addChannel({ title: 'C' })];
  const { video } = await api.sendVideo(vault.id, bytes());
  fault({ method: 'sendMediaGroup', kind: 'run', fn: () => world.kick(channel) });
  const items = [1, 2].map(() => ({ type: 'video' as const, media: video.file_id }));
  await expectRefused(api.sendMediaGroup(channel.id, items), 403, 'Forbidden: bot was kicked from the channel chat');
  expect(world.messages(channel)).toEqual([]);
});

test('actions, reactions, drafts and the menu button are taken where they fit', async () => {
  const { api, world } = await setup();
  const group = world.addGroup({ title: 'G' });
  const ann = world.addUser({ firstName: 'Ann' });
  const { id } = world.privateChat(ann);
  const { message_id: said } = world.say(ann, group, 'hi');
  expect(await api.sendChatAction(group.id, 'upload_video')).toBe(true);
  expect(await api.setMessageReaction(group.id, said, [{ type: 'emoji', emoji: '👍' }])).toBe(true);
  expect(await api.setChatMenuButton({ chat_id: id, menu_button: { type: 'commands' } })).toBe(true);
  const wrong = api.sendChatAction(group.id, 'sleep' as never);
  await expectRefused(wrong, 400, 'Bad Request: wrong parameter action in request');
});
