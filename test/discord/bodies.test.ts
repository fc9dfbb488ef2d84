import { Routes } from 'discord.js';
import { expect, test } from 'vitest';
import { expectRefused, send, setup } from './setup.ts';

const button = (more: object = {}) => ({ type: 2, style: 1, label: 'Stop', custom_id: 'stop', ...more });
const row = (...components: object[]) => ({ type: 1, components });
const text = (length: number) => 'x'.repeat(length);

const refused: [string, object, string][] = [
  ['2001 characters', { content: text(2001) }, 'content'],
  ['a number as content', { content: 5 }, 'content'],
  ['eleven embeds', { embeds: Array.from({ length: 11 }, () => ({ title: 'x' })) }, 'embeds'],
  ['6001 characters in embeds', { embeds: [{ description: text(4000) }, { description: text(2001) }] }, 'embeds'],
  ['a title of 257', { embeds: [{ title: text(257) }] }, 'embeds'],
  ['26 fields', { embeds: [{ fields: Array.from({ length: 26 }, () => ({ name: 'a', value: 'b' })) }] }, 'embeds'],
  ['a field without a value', { embeds: [{ fields: [{ name: 'a', value: '' }] }] }, 'embeds'],
  ['a picture that is no address', { embeds: [{ image: { url: 'no address' } }] }, 'embeds'],
  ['a time that is none', { embeds: [{ timestamp: 'today' }] }, 'embeds'],
  ['a link to a file', { embeds: [{ url: 'attachment://a.png' }] }, 'embeds'],
  [
    'six rows',
    { components: Array.from({ length: 6 }, (_, n) => row(button({ custom_id: String(n) }))) },
    'components',
  ],
  ['six buttons', { components: [row(...[1, 2, 3, 4, 5, 6].map((n) => button({ custom_id: `${n}` })))] }, 'components'],
  ['a button by itself', { components: [button()] }, 'components'],
  ['one custom_id twice', { components: [row(button(), button())] }, 'components'],
  ['a custom_id of 101', { components: [row(button({ custom_id: text(101) }))] }, 'components'],
  ['a button without an id', { components: [row({ type: 2, style: 1, label: 'x' })] }, 'components'],
  ['a link without an address', { components: [row(button({ style: 5 }))] }, 'components'],
  ['a label of 81', { components: [row(button({ label: text(81) }))] }, 'components'],
  ['no such component', { components: [{ type: 99 }] }, 'components'],
  [
    'text next to new components',
    { content: 'x', flags: 1 << 15, components: [{ type: 10, content: 'y' }] },
    '_errors',
  ],
  ['an unknown message as a reply', { content: 'x', message_reference: { message_id: '1' } }, 'message_reference'],
];

test.each(refused)('%s is refused', async (_, body, place) => {
  const server = await setup();
  const error = await expectRefused(send(server, server.channel, body), 400, 50035);
  expect(Object.keys((error.rawError as { errors: object }).errors)).toEqual([place]);
  expect(server.world.messages(server.channel)).toEqual([]);
});

const taken: [string, object][] = [
  ['2000 characters, counted as people count them', { content: '🔴'.repeat(2000) }],
  ['6000 characters in embeds', { embeds: [{ description: text(4000) }, { description: text(2000) }] }],
  [
    'five rows of five buttons',
    { components: [0, 1, 2, 3, 4].map((y) => row(...[0, 1, 2, 3, 4].map((x) => button({ custom_id: `${y} ${x}` })))) },
  ],
  ['new components', { flags: 1 << 15, components: [{ type: 17, components: [{ type: 10, content: 'y' }] }] }],
  [
    'a reply to what is gone, where that is said',
    { content: 'x', message_reference: { message_id: '1', fail_if_not_exists: false } },
  ],
];

test.each(taken)('%s is taken', async (_, body) => {
  const server = await setup();
  await send(server, server.channel, body);
  expect(server.world.messages(server.channel)).toHaveLength(1);
});

test('what Discord would ignore is noted', async () => {
  const server = await setup();
  await send(server, server.channel, { content: 'x', caption: 'y', embeds: [{ titel: 'z' }] });
  expect(server.violations.splice(0)).toEqual([
    'MessageCreateRequest has no field caption',
    'MessageCreateRequest has no field embeds.0.titel',
  ]);
});

test('a message of new components stays one when it is edited', async () => {
  const server = await setup();
  const components = [{ type: 10, content: 'y' }];
  const { id } = await send(server, server.channel, { flags: 1 << 15, components });
  const path = Routes.channelMessage(server.channel.id, id);
  await server.rest.patch(path, { body: { components: [{ type: 10, content: 'z' }] } });
  await expectRefused(server.rest.patch(path, { body: { content: 'words' } }), 400, 50035);
});

test('a picture that was not sent along is noted', async () => {
  const server = await setup();
  await send(server, server.channel, { embeds: [{ image: { url: 'attachment://cover.jpg' } }] });
  expect(server.violations.splice(0)).toEqual(['an embed shows a file that is not there: cover.jpg']);
});

test('all that is wrong is told at once, at its place', async () => {
  const server = await setup();
  const body = { embeds: [{ title: text(300), url: 5 }], components: [row()] };
  const error = await expectRefused(send(server, server.channel, body), 400, 50035);
  const place = (code: string) => ({ _errors: [expect.objectContaining({ code })] });
  expect(error.rawError).toMatchObject({
    message: 'Invalid Form Body',
    errors: {
      embeds: { 0: { title: place('BASE_TYPE_MAX_LENGTH'), url: place('STRING_TYPE_CONVERT') } },
      components: { 0: { components: place('BASE_TYPE_MIN_LENGTH') } },
    },
  });
});
