import type { CallbackQuery, Message, Update, UserFromGetMe } from 'grammy/types';
import { describe, expect, test } from 'vitest';
import { chatOf, toEvent } from '../../src/bots/telegram/event.ts';
import { menus } from '../../src/bots/telegram/menu.ts';
import { backOffMs } from '../../src/bots/telegram/patience.ts';
import { readPlace } from '../../src/bots/telegram/place.ts';
import { createAlarm } from '../../src/bots/telegram/poll.ts';

const me = { id: 1000, is_bot: true, first_name: 'Aircheck', username: 'AircheckBot' } as UserFromGetMe;
const anna = { id: 5, is_bot: false, first_name: 'Anna', last_name: 'K', language_code: 'ru-RU' };
const home = { id: 5, type: 'private', first_name: 'Anna' };
const group = { id: -1001, type: 'supergroup', title: 'Group' };

const message = (fields: object) =>
  ({ update_id: 1, message: { message_id: 7, date: 1, from: anna, chat: group, ...fields } as Message }) as Update;
const said = (text: string, fields: object = {}) => toEvent(message({ text, ...fields }), me);

describe('what a message says', () => {
  test('a command in a group, with the person and the language of their app', () => {
    expect(said('/record https://x.example/a?b=c quality=720p')).toEqual({
      kind: 'command',
      chat: { kind: 'telegram', chatId: '-1001' },
      user: { id: '5', name: 'Anna K', isOwner: false, language: 'ru' },
      text: '/record https://x.example/a?b=c quality=720p',
      messageId: '7',
      isPrivate: false,
    });
  });

  test.each([
    ['/status@aircheckbot s1', '/status s1'],
    ['/status@AircheckBot', '/status'],
    ['/nonsense@AircheckBot', '/nonsense'],
    ['/STATUS s1', '/STATUS s1'],
  ])('%s in a group is for us', (text, heard) => {
    expect(said(text)).toMatchObject({ kind: 'command', text: heard });
  });

  test.each(['/status@OtherBot', '/nonsense', 'hello', 'see /status', '/status@', '/sta-tus'])(
    '%s in a group is not for us',
    (text) => {
      expect(said(text)).toBeUndefined();
    },
  );

  test('any text in a private chat is handed over; /start asks for help', () => {
    expect(said('hello', { chat: home })).toMatchObject({ text: 'hello', chat: { chatId: '5' } });
    expect(said('/nonsense', { chat: home })).toMatchObject({ text: '/nonsense' });
    expect(said('/start abc', { chat: home })).toMatchObject({ text: '/help' });
    expect(said('/status@OtherBot', { chat: home })).toBeUndefined();
  });

  test('threads count in forums alone', () => {
    expect(said('/status', { message_thread_id: 9 })).toMatchObject({ chat: { kind: 'telegram', chatId: '-1001' } });
    const inTopic = said('/status', { message_thread_id: 9, is_topic_message: true });
    expect(inTopic).toMatchObject({ chat: { threadId: '9' } });
  });

  test.each([
    ['what was forwarded', { forward_origin: { type: 'user', date: 1, sender_user: anna } }],
    ['other bots', { from: { ...anna, is_bot: true } }],
    ['channels that speak in a group', { sender_chat: { id: -1009, type: 'channel', title: 'C' } }],
    ['captions of files', { text: undefined, caption: '/status', document: {} }],
    ['messages made through a bot', { via_bot: { ...anna, is_bot: true } }],
  ])('%s are not heard', (_name, fields) => {
    expect(said('/status', fields)).toBeUndefined();
  });

  test('a file of cookies is heard: named so, or a text file by itself in private', () => {
    const file = (fields: object, name = 'cookies.txt') =>
      toEvent(message({ document: { file_id: 'f', file_name: name }, ...fields }), me);
    const heard = { text: '/cookies', document: { file_id: 'f' } };
    expect(file({ chat: home })).toMatchObject({ ...heard, isPrivate: true });
    expect(file({ caption: '/cookies@AircheckBot' })).toMatchObject({ ...heard, isPrivate: false });
    expect(file({})).toBeUndefined();
    expect(file({ chat: home }, 'photo.jpg')).toBeUndefined();
    expect(file({ chat: home, caption: 'look at this' })).toBeUndefined();
  });

  test('edited messages and channel posts are no commands', () => {
    const { message: original } = message({ text: '/status' });
    for (const kind of ['edited_message', 'channel_post', 'edited_channel_post']) {
      const update = { update_id: 1, [kind]: original } as Update;
      expect(toEvent(update, me)).toBeUndefined();
      expect(chatOf(update)).toBeUndefined();
    }
  });

  test('an admin who writes as the group has no name', () => {
    const from = { id: 1087968824, is_bot: true, first_name: 'Group' };
    expect(said('/status', { from, sender_chat: group })).toMatchObject({ kind: 'nameless', text: '/status' });
  });

  test('a group that became a supergroup tells so from both sides', () => {
    const old = toEvent(message({ chat: { id: -5, type: 'group', title: 'G' }, migrate_to_chat_id: -1005 }), me);
    expect(old).toEqual({ kind: 'migrate', from: '-5', to: '-1005' });
    expect(toEvent(message({ migrate_from_chat_id: -5 }), me)).toEqual({ kind: 'migrate', from: '-5', to: '-1001' });
  });

  test('a pressed button is its command', () => {
    const press = (fields: object) =>
      ({ update_id: 1, callback_query: { id: 'q', from: anna, ...fields } as CallbackQuery }) as Update;
    const card = { message_id: 3, date: 1, chat: group };
    const pressed = press({ data: '/stop s12', message: card });
    expect(toEvent(pressed, me)).toMatchObject({ text: '/stop s12', user: { id: '5' }, chat: { chatId: '-1001' } });
    expect(chatOf(pressed)).toBe('-1001');
    expect(toEvent(press({ data: 'page:2', message: card }), me)).toBeUndefined();
    expect(toEvent(press({ data: '/stop s12' }), me)).toBeUndefined();
  });
});

test('of what groups say only commands are kept', () => {
  expect(chatOf(message({ text: 'good morning' }))).toBeUndefined();
  expect(chatOf(message({ text: '/status@OtherBot' }))).toBe('-1001');
  expect(chatOf(message({ text: 'good morning', chat: home }))).toBe('5');
  expect(chatOf({ update_id: 1, my_chat_member: {} } as Update)).toBeUndefined();
});

test.each([
  ['@name', '@name'],
  ['-1001234', '-1001234'],
  ['-1001234/7', '-1001234/7'],
  ['https://t.me/name', '@name'],
  ['https://t.me/name/', '@name'],
  ['t.me/name/7', '@name/7'],
  ['https://t.me/c/1234/7', '-1001234/7'],
  ['https://t.me/c/1234', '-1001234'],
  ['https://t.me/name?boost', '@name'],
])('the place %s is %s', (typed, address) => {
  expect(readPlace(typed)).toBe(address);
});

test('a conflict is told when it lasts, and then seldom', () => {
  const isTold = createAlarm({ afterMs: 60_000, everyMs: 600_000 });
  const toldAt = Array.from({ length: 500 }, (_, i) => i * 3_000).filter((ms) => isTold(ms));
  expect(toldAt).toEqual([60_000, 660_000, 1_260_000]);
  // After a quiet hour it begins anew.
  expect(isTold(5_000_000)).toBe(false);
});

test('waits between tries double up to half a minute', () => {
  const error = new Error('ECONNREFUSED');
  expect([1, 2, 3, 20].map((failures) => backOffMs(error, failures))).toEqual([1_000, 2_000, 4_000, 30_000]);
});

test('the menus hold what Telegram takes, and admins see more', () => {
  for (const { commands } of menus()) {
    for (const { command, description } of commands) {
      expect(command).toMatch(/^[a-z0-9_]{1,32}$/);
      expect(description.length).toBeGreaterThan(0);
      expect(description.length).toBeLessThanOrEqual(256);
    }
  }
  const named = (scope: string, language: string) =>
    menus()
      .find((menu) => menu.scope.type === scope && menu.language === language)
      ?.commands.map(({ command }) => command);
  expect(named('all_private_chats', 'en')).toContain('record');
  expect(named('all_group_chats', 'ru')).not.toContain('grant');
  expect(named('all_chat_administrators', 'ru')).toContain('grant');
});
