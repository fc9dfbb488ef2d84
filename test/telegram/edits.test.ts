import { InputMediaBuilder } from 'grammy';
import { expect, test } from 'vitest';
import { bytes, expectRefused, setup } from './setup.ts';

const notModified =
  'Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a ' +
  'current content and reply markup of the message';
const cannotEdit = "Bad Request: message can't be edited";
const dayMs = 24 * 3600_000;
const stop = { inline_keyboard: [[{ text: 'Stop', callback_data: 'stop' }]] };

async function channelSetup() {
  const all = await setup();
  return { ...all, channel: all.world.addChannel({ title: 'C' }) };
}

test('a text is edited, at any age, and shows when', async () => {
  const { api, world, channel } = await channelSetup();
  const { message_id: id } = await api.sendMessage(channel.id, 'live');
  world.advance(30 * dayMs);
  const edited = await api.editMessageText(channel.id, id, '<i>over</i>', { parse_mode: 'HTML' });
  expect(edited).toMatchObject({ text: 'over', entities: [{ type: 'italic' }], edit_date: expect.any(Number) });
});

test('the same content and buttons are "not modified"; other buttons are an edit', async () => {
  const { api, channel } = await channelSetup();
  const { message_id: id } = await api.sendMessage(channel.id, '<b>live</b>', {
    parse_mode: 'HTML',
    reply_markup: stop,
  });
  const same = { parse_mode: 'HTML', reply_markup: stop } as const;
  await expectRefused(api.editMessageText(channel.id, id, '<b>live</b>', same), 400, notModified);
  // Buttons that are not sent again are taken away.
  const bare = await api.editMessageText(channel.id, id, '<b>live</b>', { parse_mode: 'HTML' });
  expect(bare).not.toHaveProperty('reply_markup');
  await api.editMessageReplyMarkup(channel.id, id, { reply_markup: stop });
  const reordered = { inline_keyboard: [[{ callback_data: 'stop', text: 'Stop' }]] };
  await expectRefused(api.editMessageReplyMarkup(channel.id, id, { reply_markup: reordered }), 400, notModified);
});

test('what is not there cannot be edited', async () => {
  const { api, channel } = await channelSetup();
  await expectRefused(api.editMessageText(channel.id, 7, 'x'), 400, 'Bad Request: message to edit not found');
  const none = api.editMessageText(channel.id, 0, 'x');
  await expectRefused(none, 400, 'Bad Request: message identifier is not specified');
});

test('texts have no caption, media no text, and each its own limit', async () => {
  const { api, channel } = await channelSetup();
  const text = await api.sendMessage(channel.id, 'x');
  const media = await api.sendVideo(channel.id, bytes(), { caption: 'a' });
  const caption = api.editMessageCaption(channel.id, text.message_id, { caption: 'b' });
  await expectRefused(caption, 400, 'Bad Request: there is no caption in the message to edit');
  const wrong = api.editMessageText(channel.id, media.message_id, 'b');
  await expectRefused(wrong, 400, 'Bad Request: there is no text in the message to edit');
  const long = api.editMessageText(channel.id, text.message_id, 'x'.repeat(4097));
  await expectRefused(long, 400, 'Bad Request: MESSAGE_TOO_LONG');
  const longer = api.editMessageCaption(channel.id, media.message_id, { caption: 'x'.repeat(1025) });
  await expectRefused(longer, 400, 'Bad Request: message caption is too long');
});

test('the not-modified probe proves a caption without touching it', async () => {
  const { api, channel, world } = await channelSetup();
  const { message_id: id } = await api.sendVideo(channel.id, bytes(), { caption: 'Part 1' });
  await expectRefused(api.editMessageCaption(channel.id, id, { caption: 'Part 1' }), 400, notModified);
  expect(world.messages(channel)[0]).not.toHaveProperty('edit_date');
  expect(await api.editMessageCaption(channel.id, id)).not.toHaveProperty('caption');
});

test('only own messages are edited in groups, forwards never', async () => {
  const { api, world, channel } = await channelSetup();
  const group = world.addGroup({ title: 'G' });
  const said = world.say(world.addUser({ firstName: 'Ann' }), group, 'hi');
  await expectRefused(api.editMessageText(group.id, said.message_id, 'x'), 400, cannotEdit);
  const post = await api.sendMessage(channel.id, 'x');
  const forward = await api.forwardMessage(group.id, channel.id, post.message_id);
  await expectRefused(api.editMessageText(group.id, forward.message_id, 'y'), 400, cannotEdit);
});

test('posts of others are edited with the right to, for 48 hours', async () => {
  const { api, world, channel } = await channelSetup();
  const post = world.say(world.addUser({ firstName: 'Ann' }), channel, 'hi');
  await api.editMessageText(channel.id, post.message_id, 'x');
  world.advance(2 * dayMs);
  await expectRefused(api.editMessageText(channel.id, post.message_id, 'y'), 400, cannotEdit);
  world.setRights(channel, { can_edit_messages: false });
  const fresh = world.say(world.addUser({ firstName: 'Ann' }), channel, 'hi');
  await expectRefused(api.editMessageText(channel.id, fresh.message_id, 'x'), 400, cannotEdit);
});

test('media is replaced by media, and a text becomes media', async () => {
  const { api, world, channel } = await channelSetup();
  const { message_id: id } = await api.sendMessage(channel.id, 'soon');
  const media = InputMediaBuilder.video(bytes('new.mp4'), { caption: 'Part 1', duration: 9 });
  const edited = await api.editMessageMedia(channel.id, id, media);
  expect(edited).toMatchObject({ video: { duration: 9, file_name: 'new.mp4' }, caption: 'Part 1' });
  expect(world.messages(channel)[0]).not.toHaveProperty('text');
});

test('in an album a video does not become a document', async () => {
  const { api, channel } = await channelSetup();
  const { video, document } = InputMediaBuilder;
  const [first] = await api.sendMediaGroup(channel.id, [video(bytes()), video(bytes())]);
  const call = api.editMessageMedia(channel.id, first?.message_id ?? 0, document(bytes('a.txt')));
  await expectRefused(call, 400, "Bad Request: can't change media type in the album");
  await api.editMessageMedia(channel.id, first?.message_id ?? 0, video(bytes()));
});

test('a message is deleted for 48 hours, and leaves a hole in the ids', async () => {
  const { api, world, channel } = await channelSetup();
  for (const text of ['a', 'b']) await api.sendMessage(channel.id, text);
  await api.deleteMessage(channel.id, 2);
  await expectRefused(api.deleteMessage(channel.id, 2), 400, 'Bad Request: message to delete not found');
  expect((await api.sendMessage(channel.id, 'c')).message_id).toBe(3);
  world.advance(2 * dayMs);
  await expectRefused(api.deleteMessage(channel.id, 1), 400, "Bad Request: message can't be deleted for everyone");
});

test('several are deleted at once; missing ones are passed over', async () => {
  const { api, world, channel } = await channelSetup();
  for (const text of ['a', 'b', 'c']) await api.sendMessage(channel.id, text);
  expect(await api.deleteMessages(channel.id, [1, 3, 77])).toBe(true);
  expect(world.messages(channel).map(({ text }) => text)).toEqual(['b']);
  const many = Array.from({ length: 101 }, (_, index) => index + 1);
  const text = 'Bad Request: too many message identifiers specified';
  await expectRefused(api.deleteMessages(channel.id, many), 400, text);
});

test('an administrator with the right deletes what others said, a member does not', async () => {
  const { api, world } = await setup();
  const ann = world.addUser({ firstName: 'Ann' });
  const [mine, theirs] = [world.addGroup({ title: 'G' }), world.addGroup({ title: 'H', botRights: 'member' })];
  await api.deleteMessage(mine.id, world.say(ann, mine, 'hi').message_id);
  const call = api.deleteMessage(theirs.id, world.say(ann, theirs, 'hi').message_id);
  await expectRefused(call, 400, "Bad Request: message can't be deleted for everyone");
});

test('pinning needs a right, tells the chat, and shows in getChat', async () => {
  const { api, world } = await setup();
  const group = world.addGroup({ title: 'G' });
  const { message_id: id } = await api.sendMessage(group.id, 'card');
  await api.pinChatMessage(group.id, id);
  expect(await api.getChat(group.id)).toMatchObject({ pinned_message: { message_id: id } });
  expect(world.messages(group)[1]).toMatchObject({ message_id: 2, pinned_message: { message_id: id } });
  expect(await api.getUpdates()).toMatchObject([{ message: { pinned_message: { message_id: id } } }]);
  await api.unpinChatMessage(group.id);
  expect(await api.getChat(group.id)).not.toHaveProperty('pinned_message');
  world.setRights(group, { can_pin_messages: false });
  const text = 'Bad Request: not enough rights to manage pinned messages in the chat';
  await expectRefused(api.pinChatMessage(group.id, id), 400, text);
});
