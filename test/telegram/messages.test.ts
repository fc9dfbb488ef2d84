import { expect, test } from 'vitest';
import { bytes, expectRefused, setup, takeUpdates } from './setup.ts';

test('getMe tells who the bot is', async () => {
  const { api, bot } = await setup();
  expect(await api.getMe()).toMatchObject({ ...bot, is_bot: true, can_read_all_group_messages: false });
});

test('a message comes back with its chat, date, sender and entities', async () => {
  const { api, world, bot } = await setup();
  const chat = world.privateChat(world.addUser({ firstName: 'Ann' }));
  const message = await api.sendMessage(chat.id, '<b>Live</b> at https://example.com/a', { parse_mode: 'HTML' });
  expect(message).toMatchObject({
    message_id: 1,
    chat,
    from: bot,
    text: 'Live at https://example.com/a',
    entities: [
      { type: 'bold', offset: 0, length: 4 },
      { type: 'url', offset: 8, length: 21 },
    ],
  });
  expect(Math.abs(message.date - Date.now() / 1000)).toBeLessThan(60);
});

test('a channel post is by the channel and by nobody', async () => {
  const { api, world } = await setup();
  const channel = world.addChannel({ title: 'Recordings', username: 'recordings' });
  const message = await api.sendMessage('@recordings', 'hello');
  expect(message).toMatchObject({ chat: channel, sender_chat: channel, text: 'hello' });
  expect(message).not.toHaveProperty('from');
});

test('channels and supergroups count their own ids, private chats share those of the bot', async () => {
  const { api, world } = await setup();
  const [one, other] = ['Ann', 'Bob'].map((firstName) => world.privateChat(world.addUser({ firstName })));
  const channel = world.addChannel({ title: 'C' });
  const chats = [one, other, channel, one, channel];
  const ids: number[] = [];
  for (const chat of chats) ids.push((await api.sendMessage(chat?.id ?? 0, 'x')).message_id);
  expect(ids).toEqual([1, 2, 1, 3, 2]);
});

test('text is 1 to 4096 characters after its markup is gone', async () => {
  const { api, world } = await setup();
  const { id } = world.privateChat(world.addUser({ firstName: 'Ann' }));
  await api.sendMessage(id, `<b>${'😀'.repeat(4096)}</b>`, { parse_mode: 'HTML' });
  await expectRefused(api.sendMessage(id, 'x'.repeat(4097)), 400, 'Bad Request: message is too long');
  await expectRefused(api.sendMessage(id, ' \n '), 400, 'Bad Request: text must be non-empty');
  await expectRefused(api.sendMessage(id, ''), 400, 'Bad Request: message text is empty');
  await expectRefused(api.sendMessage(id, 'x'.repeat(32_769)), 400, 'Bad Request: text is too long');
});

test('a caption is at most 1024 characters', async () => {
  const { api, world } = await setup();
  const { id } = world.addChannel({ title: 'C' });
  await api.sendVideo(id, bytes(), { caption: 'x'.repeat(1024) });
  const long = api.sendVideo(id, bytes(), { caption: 'x'.repeat(1025) });
  await expectRefused(long, 400, 'Bad Request: message caption is too long');
  expect(world.messages(world.addChannel({ title: 'D' }))).toEqual([]);
});

test('an unknown chat is not found, an unknown person cannot be spoken to', async () => {
  const { api, world } = await setup();
  await expectRefused(api.sendMessage(-1_001_234, 'x'), 400, 'Bad Request: chat not found');
  await expectRefused(api.sendMessage('@nobody_here', 'x'), 400, 'Bad Request: chat not found');
  const ann = world.addUser({ firstName: 'Ann' });
  await expectRefused(api.sendMessage(ann.id, 'x'), 400, 'Bad Request: chat not found');
  world.say(ann, world.addGroup({ title: 'G' }), 'hi');
  const text = "Forbidden: bot can't initiate conversation with a user";
  await expectRefused(api.sendMessage(ann.id, 'x'), 403, text);
});

test('a reply shows its message, and one to nothing is refused unless that is allowed', async () => {
  const { api, world } = await setup();
  const ann = world.addUser({ firstName: 'Ann' });
  const chat = world.privateChat(ann);
  const said = world.say(ann, chat, '/record https://example.com/live');
  const reply = await api.sendMessage(chat.id, 'yes', { reply_parameters: { message_id: said.message_id } });
  expect(reply.reply_to_message).toMatchObject({ message_id: said.message_id, text: said.text });
  const nothing = { message_id: 99 };
  const text = 'Bad Request: message to be replied not found';
  await expectRefused(api.sendMessage(chat.id, 'x', { reply_parameters: nothing }), 400, text);
  const loose = { reply_parameters: { ...nothing, allow_sending_without_reply: true } };
  expect(await api.sendMessage(chat.id, 'x', loose)).not.toHaveProperty('reply_to_message');
});

test('a reply across chats is an external reply with its origin and file', async () => {
  const { api, world } = await setup();
  const [channel, vault] = [world.addChannel({ title: 'C' }), world.addChannel({ title: 'V' })];
  const post = await api.sendVideo(channel.id, bytes());
  const probe = await api.sendMessage(vault.id, 'probe', {
    reply_parameters: { chat_id: channel.id, message_id: post.message_id },
  });
  expect(probe.external_reply).toMatchObject({
    origin: { type: 'channel', chat: channel, message_id: post.message_id },
    message_id: post.message_id,
    video: { file_unique_id: post.video.file_unique_id },
  });
});

test('what people say has entities for commands and links, and reaches the bot', async () => {
  const all = await setup();
  const ann = all.world.addUser({ firstName: 'Ann', languageCode: 'ru' });
  all.world.say(ann, all.world.privateChat(ann), '/record https://example.com/live best');
  const [update] = await takeUpdates(all, 1);
  expect(update?.message).toMatchObject({
    from: { id: ann.id, language_code: 'ru' },
    entities: [
      { type: 'bot_command', offset: 0, length: 7 },
      { type: 'url', offset: 8, length: 24 },
    ],
  });
});

test('a pressed button is a callback query, answered once', async () => {
  const all = await setup();
  const { api, world } = all;
  const ann = world.addUser({ firstName: 'Ann' });
  const chat = world.privateChat(ann);
  const card = await api.sendMessage(chat.id, 'card', {
    reply_markup: { inline_keyboard: [[{ text: 'Stop', callback_data: 'stop:1' }]] },
  });
  const id = world.press(ann, chat, card.message_id, 'Stop');
  const [update] = await takeUpdates(all, 1);
  expect(update?.callback_query).toMatchObject({ id, data: 'stop:1', message: { message_id: card.message_id } });
  await api.answerCallbackQuery(id, { text: 'Stopped', show_alert: true });
  expect(world.answers).toEqual([{ queryId: id, text: 'Stopped', showAlert: true }]);
  const text = 'Bad Request: query is too old and response timeout expired or query ID is invalid';
  await expectRefused(api.answerCallbackQuery(id), 400, text);
  expect(() => world.press(ann, chat, card.message_id, 'Go on')).toThrow('no button');
});

test('a pressed button that waits too long cannot be answered any more', async () => {
  const { api, world } = await setup();
  const ann = world.addUser({ firstName: 'Ann' });
  const chat = world.privateChat(ann);
  const markup = { inline_keyboard: [[{ text: 'Stop', callback_data: 'stop:1' }]] };
  const { message_id: messageId } = await api.sendMessage(chat.id, 'card', { reply_markup: markup });
  const id = world.press(ann, chat, messageId, 'stop:1');
  world.advance(61_000);
  const text = 'Bad Request: query is too old and response timeout expired or query ID is invalid';
  await expectRefused(api.answerCallbackQuery(id), 400, text);
});

test('buttons without an action or with too much data are refused', async () => {
  const { api, world } = await setup();
  const { id } = world.privateChat(world.addUser({ firstName: 'Ann' }));
  const send = (button: object) =>
    api.sendMessage(id, 'x', { reply_markup: { inline_keyboard: [[{ text: 'B', ...button } as never]] } });
  await send({ callback_data: 'x'.repeat(64) });
  await expectRefused(send({ callback_data: 'ä'.repeat(33) }), 400, 'Bad Request: BUTTON_DATA_INVALID');
  const text = "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard";
  await expectRefused(send({}), 400, text);
});

test('commands are kept by scope and language', async () => {
  const { api, world } = await setup();
  const commands = [{ command: 'record', description: 'Record a stream' }];
  await api.setMyCommands(commands, { scope: { type: 'all_group_chats' }, language_code: 'ru' });
  expect(await api.getMyCommands()).toEqual([]);
  expect(world.commands).toEqual([{ scope: { type: 'all_group_chats' }, languageCode: 'ru', commands }]);
  const wrong = api.setMyCommands([{ command: 'Record', description: 'x' }]);
  await expectRefused(wrong, 400, 'Bad Request: BOT_COMMAND_INVALID');
});
