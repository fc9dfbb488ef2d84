import { type APIApplicationCommandOption, type APIUser, ApplicationCommandOptionType as Type } from 'discord.js';
import { expect, test } from 'vitest';
import { commandData } from '../support/discord/gateway-command-data.ts';
import { componentData, interactionData } from '../support/discord/gateway-interactions.ts';

const options: APIApplicationCommandOption[] = [
  { type: Type.String, name: 'url', description: 'what', required: true, max_length: 10 },
  {
    type: Type.String,
    name: 'quality',
    description: 'how',
    choices: [
      { name: '720p', value: '720p' },
      { name: 'best', value: 'best' },
    ],
  },
  { type: Type.Integer, name: 'days', description: 'long', min_value: 1, max_value: 7 },
  { type: Type.Boolean, name: 'silent', description: 'so' },
  { type: Type.String, name: 'target', description: 'where', autocomplete: true },
  { type: Type.Channel, name: 'channel', description: 'where' },
];
const record = { id: '7', name: 'record', type: 1, options };
const grouped = {
  id: '8',
  name: 'target',
  type: 1,
  guild_id: '5',
  options: [{ type: Type.Subcommand, name: 'add', description: 'one more', options }],
} as typeof record;
const user = { id: '3', username: 'ann', discriminator: '0', global_name: null, avatar: null } as APIUser;

test('a command carries what was given, in that order', () => {
  const data = commandData(record, { options: { days: 2, url: 'a.example', silent: true } });
  expect(data).toEqual({
    id: '7',
    name: 'record',
    type: 1,
    options: [
      { name: 'days', type: 4, value: 2 },
      { name: 'url', type: 3, value: 'a.example' },
      { name: 'silent', type: 5, value: true },
    ],
  });
  expect(commandData({ ...record, options: [] })).toEqual({ id: '7', name: 'record', type: 1 });
});

test('a subcommand nests its options; a guild’s command names its guild', () => {
  const resolved = { channels: { 4: { id: '4' } } };
  const data = commandData(grouped, { path: ['add'], options: { url: 'a', channel: '4' }, resolved });
  expect(data).toMatchObject({
    guild_id: '5',
    resolved,
    options: [{ name: 'add', type: 1, options: [{}, { type: 7 }] }],
  });
});

test('an autocomplete has one focused text, and required options may be missing', () => {
  const data = commandData(record, { options: { target: 'ab' }, focused: 'target' });
  expect(data).toMatchObject({ options: [{ name: 'target', value: 'ab', focused: true }] });
  expect(() => commandData(record, { options: { quality: '7' }, focused: 'quality' })).toThrow('no autocomplete');
});

const impossible: [string, Parameters<typeof commandData>[1], string][] = [
  ['without a required option', {}, 'option url is required'],
  ['with an unknown option', { options: { url: 'a', speed: 1 } }, 'no option speed'],
  ['with a text for a number', { options: { url: 'a', days: '2' } }, '"2" has another type'],
  ['with a fraction', { options: { url: 'a', days: 1.5 } }, 'not an integer'],
  ['with too large a number', { options: { url: 'a', days: 8 } }, '8 is not between 1 and 7'],
  ['with too long a text', { options: { url: 'a'.repeat(11) } }, '11 is not between 0 and 10'],
  ['with what is no choice', { options: { url: 'a', quality: '144p' } }, 'not among the choices'],
  ['with a subcommand that it has not', { path: ['add'], options: { url: 'a' } }, 'no subcommand add'],
];

test.each(impossible)('no client sends a command %s', (_, call, message) => {
  expect(() => commandData(record, call)).toThrow(message);
});

test('a command with subcommands cannot be used by itself', () => {
  expect(() => commandData(grouped)).toThrow('cannot be used by itself');
});

test('an interaction in a guild has a member, in a direct message a user', () => {
  const facts = {
    id: '11',
    token: 'aW50ZXJhY3Rpb24',
    applicationId: '1',
    type: 2,
    data: commandData(record, { options: { url: 'a' } }),
    user,
    channel: { id: '4', type: 0 },
    appPermissions: 2048n,
    attachmentSizeLimitBytes: 20 << 20,
  };
  const member = { roles: [], joined_at: '2026-01-01T00:00:00Z', deaf: false, mute: false, flags: 0 };
  const guild = { id: '5', features: ['NEWS'], preferred_locale: 'ru', member, memberPermissions: 8n };
  expect(interactionData({ ...facts, guild, locale: 'de' })).toMatchObject({
    guild_id: '5',
    guild_locale: 'ru',
    locale: 'de',
    member: { user, permissions: '8' },
    app_permissions: '2048',
    attachment_size_limit: 20_971_520,
    context: 0,
    authorizing_integration_owners: { 0: '5' },
    channel_id: '4',
  });
  const direct = interactionData(facts);
  expect(direct).toMatchObject({ user, locale: 'en-US', context: 1, authorizing_integration_owners: { 0: '0' } });
  expect(direct).not.toHaveProperty('member');
  expect(direct).not.toHaveProperty('guild_id');
});

test('a button carries its id, a list its values', () => {
  expect(componentData({ type: 2, custom_id: '/stop 5' })).toEqual({ id: 1, component_type: 2, custom_id: '/stop 5' });
  expect(componentData({ type: 3, custom_id: 'q', id: 4 }, ['a'])).toMatchObject({ id: 4, values: ['a'] });
});
