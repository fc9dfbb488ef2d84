import { expect, test } from 'vitest';
import { answerOf, expectRefusal, postJson, startEcho } from './echo.ts';

test('what a method does not know is noted and left out', async () => {
  const { bot, seen, violations } = await startEcho();
  const markup = { inline_keyboard: [[{ text: 'x', callback_data: 'x', colour: 'red' }]] };
  await postJson(`${bot}/sendMessage`, { chat_id: 1, text: 'x', reply_to_message_id: 4, reply_markup: markup });
  expect(violations).toEqual([
    'sendMessage has no parameter "reply_to_message_id"',
    'inline keyboard button has no field "colour"',
  ]);
  const button = { text: 'x', callback_data: 'x' };
  expect(seen[0]?.params).toEqual({ chat_id: 1, text: 'x', reply_markup: { inline_keyboard: [[button]] } });
});

const missing: [method: string, params: object, description: string][] = [
  ['sendMessage', { chat_id: 1 }, 'message text is empty'],
  ['sendMessage', { chat_id: 1, text: '' }, 'message text is empty'],
  ['sendMessage', { text: 'x' }, 'chat_id is empty'],
  ['sendMessage', {}, 'message text is empty'],
  ['sendVideo', { chat_id: 1 }, 'there is no video in the request'],
  ['sendPhoto', { chat_id: 1 }, 'there is no photo in the request'],
  ['sendMediaGroup', { chat_id: 1 }, 'parameter "media" is required'],
  ['forwardMessage', { chat_id: 1, message_id: 2 }, 'chat_id is empty'],
  ['deleteMessage', { chat_id: 1 }, 'message identifier is not specified'],
  ['deleteMessages', { chat_id: 1 }, 'message identifiers are not specified'],
  ['getFile', {}, 'file_id not specified'],
  ['sendChatAction', { chat_id: 1 }, 'wrong parameter action in request'],
];

test.each(missing)('%s without what it needs is refused: %j', async (method, params, description) => {
  const { bot, violations } = await startEcho();
  await expectRefusal(postJson(`${bot}/${method}`, params), 400, `Bad Request: ${description}`);
  expect(violations).toEqual([]);
});

const button = (fields: object) => ({ inline_keyboard: [[fields]] });
const wrong: [method: string, params: object, description: string][] = [
  ['sendMessage', { reply_markup: '{' }, "can't parse reply keyboard markup JSON object"],
  ['sendMessage', { reply_markup: [] }, 'object expected as reply markup'],
  [
    'sendMessage',
    { reply_markup: button({ callback_data: 'x' }) },
    'can\'t parse inline keyboard button: Can\'t find field "text"',
  ],
  [
    'sendMessage',
    { reply_markup: button({ text: 'x', callback_data: {} }) },
    'can\'t parse inline keyboard button: Field "callback_data" must be of type String',
  ],
  ['sendMessage', { reply_parameters: 'x' }, "can't parse reply parameters JSON object"],
  ['sendMessage', { reply_parameters: {} }, 'can\'t parse reply parameters: Can\'t find field "message_id"'],
  ['sendMessage', { entities: '[' }, "can't parse entities JSON object"],
  ['sendMessage', { disable_notification: 'maybe' }, 'parameter "disable_notification" must be of type Boolean'],
  ['sendMessage', { message_thread_id: 'x' }, 'parameter "message_thread_id" must be of type Integer'],
  ['sendMediaGroup', { media: 'x' }, "can't parse media JSON object"],
  ['sendMediaGroup', { media: [{ media: 'id' }] }, 'can\'t parse InputMedia: Can\'t find field "type"'],
  [
    'sendMediaGroup',
    { media: [{ type: 'sticker', media: 'id' }] },
    'can\'t parse InputMedia: type "sticker" is unsupported',
  ],
  ['sendMediaGroup', { media: [{ type: 'video' }] }, 'can\'t parse InputMedia: Can\'t find field "media"'],
  ['editMessageMedia', { media: 'x' }, "can't parse input media JSON object"],
  [
    'sendMediaGroup',
    { media: [{ type: 'video', media: 'id', width: 'wide' }] },
    'can\'t parse InputMedia: Field "width" must be of type Number',
  ],
];

test.each(wrong)('%s with a wrong value is refused: %j', async (method, params, description) => {
  const { bot } = await startEcho();
  const call = postJson(`${bot}/${method}`, { chat_id: 1, text: 'x', ...params });
  await expectRefusal(call, 400, `Bad Request: ${description}`);
});

test('scalars are what their text says', async () => {
  const { bot, seen, violations } = await startEcho();
  await fetch(`${bot}/sendMessage?chat_id=-1001234567890123&text=12&disable_notification=1&message_thread_id=-7`);
  await postJson(`${bot}/sendMessage`, { chat_id: '77', text: 12, protect_content: 'False' });
  expect(seen.map(({ params }) => params)).toEqual([
    { chat_id: -1001234567890123, text: '12', disable_notification: true, message_thread_id: -7 },
    { chat_id: 77, text: '12', protect_content: false },
  ]);
  expect(violations).toEqual([]);
});

test('numbers within objects may be texts, absent fields may be null', async () => {
  const { bot, seen } = await startEcho();
  const reply_parameters = { message_id: '5', quote: null };
  await postJson(`${bot}/sendMessage`, { chat_id: 1, text: 'x', reply_parameters, reply_markup: null });
  expect(seen[0]?.params).toEqual({ chat_id: 1, text: 'x', reply_parameters: { message_id: 5 } });
});

test('unions are told apart by their constant or their fields', async () => {
  const { bot, seen, violations } = await startEcho();
  const commands = [{ command: 'record', description: 'Record' }];
  const scope = { type: 'chat_member', chat_id: -1001, user_id: 7 };
  await postJson(`${bot}/setMyCommands`, { commands, scope });
  await postJson(`${bot}/sendMessage`, { chat_id: 1, text: 'x', reply_markup: { force_reply: true } });
  await postJson(`${bot}/setMessageReaction`, {
    chat_id: 1,
    message_id: 2,
    reaction: [{ type: 'emoji', emoji: '👍' }],
  });
  expect(seen.map(({ params }) => params)).toEqual([
    { commands, scope },
    { chat_id: 1, text: 'x', reply_markup: { force_reply: true } },
    { chat_id: 1, message_id: 2, reaction: [{ type: 'emoji', emoji: '👍' }] },
  ]);
  expect(violations).toEqual([]);
});

test('a webhook may be removed by setting none', async () => {
  const { bot } = await startEcho();
  expect((await answerOf(postJson(`${bot}/setWebhook`, { url: '' }))).body.result.params).toEqual({});
});
