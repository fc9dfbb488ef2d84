import { expect, test } from 'vitest';
import { dataFor, withoutForeignContent } from '../support/discord/gateway-content.ts';
import { intentsFailure, isWanted } from '../support/discord/gateway-intents.ts';
import { setup } from './gateway-setup.ts';

const botId = '1';
const content = { content: 'hi', embeds: [{}], attachments: [{}], components: [{}] };
const hidden = { content: '', embeds: [], attachments: [], components: [] };
const foreign = { id: '9', guild_id: '5', author: { id: '2' }, mentions: [], ...content };

test('which intent brings which event', () => {
  const guilds = 1;
  const wanted = (intents: number, ...events: string[]) => events.filter((event) => isWanted(intents, '5', event));
  const names = [
    'GUILD_CREATE',
    'GUILD_DELETE',
    'CHANNEL_DELETE',
    'THREAD_CREATE',
    'MESSAGE_CREATE',
    'GUILD_MEMBER_ADD',
  ];
  expect(wanted(guilds, ...names, 'INTERACTION_CREATE')).toEqual([...names.slice(0, 4), 'INTERACTION_CREATE']);
  expect(wanted(0, ...names, 'INTERACTION_CREATE')).toEqual(['INTERACTION_CREATE']);
  expect(wanted(1 << 9, 'MESSAGE_CREATE', 'MESSAGE_REACTION_ADD', 'TYPING_START')).toEqual(['MESSAGE_CREATE']);
  expect([isWanted(1 << 9, null, 'MESSAGE_CREATE'), isWanted(1 << 12, null, 'MESSAGE_CREATE')]).toEqual([false, true]);
  expect(isWanted(guilds, null, 'CHANNEL_CREATE')).toBe(false);
});

test('intents are bits that exist and were granted', () => {
  const unprivileged = 0x3fffff & ~(0b111 << 17) & ~((1 << 1) | (1 << 8) | (1 << 15));
  expect([0, 1, unprivileged, 1 << 17].map((bits) => intentsFailure(bits, 0))).toEqual([
    undefined,
    undefined,
    undefined,
    4013,
  ]);
  expect([-1, 0.5, '1', null].map((bits) => intentsFailure(bits, 0))).toEqual([4013, 4013, 4013, 4013]);
  expect([intentsFailure(1 << 8, 0), intentsFailure(1 << 8, 1 << 8)]).toEqual([4014, undefined]);
});

test('without MESSAGE_CONTENT a bot reads its own messages, those that name it, and direct ones', () => {
  const shown = [
    foreign,
    { ...foreign, author: { id: botId } },
    { ...foreign, mentions: [{ id: botId }] },
    { ...foreign, guild_id: undefined },
  ].map((message) => withoutForeignContent(message, botId));
  expect(shown).toMatchObject([hidden, content, content, content]);
});

test('a quoted message is hidden too', () => {
  const quoted = { ...foreign, guild_id: undefined };
  const message = { ...foreign, author: { id: botId }, referenced_message: quoted, poll: {} };
  expect(withoutForeignContent(message, botId)).toMatchObject({ ...content, poll: {}, referenced_message: hidden });
  expect(withoutForeignContent({ ...foreign, poll: {} }, botId)).not.toHaveProperty('poll');
});

test('with MESSAGE_CONTENT everything is shown', () => {
  expect(dataFor(1 << 15, 'MESSAGE_CREATE', foreign, botId)).toEqual(foreign);
  expect(dataFor(0, 'MESSAGE_UPDATE', foreign, botId)).toMatchObject(hidden);
});

test('a client gets no more than it asked for', async () => {
  const { connect, emit } = await setup();
  const client = await connect();
  client.identify();
  await client.event('GUILD_CREATE');
  emit('5', 'MESSAGE_CREATE', foreign);
  emit('5', 'CHANNEL_DELETE', { id: '7' });
  emit('5', 'GUILD_DELETE', { id: '5' });
  await client.event('GUILD_DELETE');
  expect(client.names()).toEqual(['READY', 'GUILD_CREATE', 'GUILD_CREATE', 'CHANNEL_DELETE', 'GUILD_DELETE']);
});
