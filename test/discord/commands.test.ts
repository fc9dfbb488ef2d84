import { Routes } from 'discord.js';
import { expect, test } from 'vitest';
import { expectRefused, type Setup, setup } from './setup.ts';

const path = Routes.applicationCommands('1100000000000000001');
const plain = { name: 'record', description: 'Record a stream' };
const option = (more: object = {}) => ({ type: 3, name: 'url', description: 'Where', ...more });

function put({ rest }: Setup, ...commands: object[]): Promise<unknown> {
  return rest.put(path, { body: commands });
}

test('the list is replaced as a whole, and a name keeps its id', async () => {
  const server = await setup();
  const [first] = (await put(server, plain, { name: 'stop', description: 'x' })) as { id: string; version: string }[];
  await put(server, { ...plain, description: 'Other' });
  const now = server.world.commands();
  expect(now).toMatchObject([{ id: first?.id, name: 'record', description: 'Other' }]);
  expect(now[0]?.version).not.toBe(first?.version);
  expect(await server.rest.get(path)).toEqual(now);
});

test('a guild has a list of its own', async () => {
  const server = await setup();
  const guildPath = Routes.applicationGuildCommands(server.applicationId, server.guild.id);
  await server.rest.put(guildPath, { body: [plain] });
  expect(server.world.commands()).toEqual([]);
  expect(server.world.commands(server.guild)).toMatchObject([{ name: 'record', guild_id: server.guild.id }]);
  server.world.kick(server.guild);
  await expectRefused(server.rest.put(guildPath, { body: [] }), 403, 50001);
});

test('one command is made, overwritten by its name, changed, removed', async () => {
  const { rest, world } = await setup();
  const made = (await rest.post(path, { body: plain })) as { id: string };
  expect(await rest.post(path, { body: { ...plain, description: 'y' } })).toMatchObject({ id: made.id });
  const one = `${path}/${made.id}` as const;
  expect(await rest.patch(one, { body: { description: 'z' } })).toMatchObject({ id: made.id, description: 'z' });
  await rest.delete(one);
  await expectRefused(rest.get(one), 404, 10063);
  expect(world.commands()).toEqual([]);
});

const refused: [string, object][] = [
  ['capital letters', { ...plain, name: 'Record' }],
  ['a blank in the name', { ...plain, name: 'record it' }],
  ['a name of 33', { ...plain, name: 'x'.repeat(33) }],
  ['a bad name in a language', { ...plain, name_localizations: { ru: 'Запись' } }],
  ['no description', { name: 'record' }],
  ['a description of 101', { ...plain, description: 'x'.repeat(101) }],
  ['26 options', { ...plain, options: Array.from({ length: 26 }, (_, n) => option({ name: `o${n}` })) }],
  ['an option without a description', { ...plain, options: [{ type: 3, name: 'url' }] }],
  ['an option of no type', { ...plain, options: [option({ type: 99 })] }],
  ['two options of one name', { ...plain, options: [option(), option()] }],
  ['a required option behind others', { ...plain, options: [option(), option({ name: 'b', required: true })] }],
  [
    '26 choices',
    {
      ...plain,
      options: [option({ choices: Array.from({ length: 26 }, (_, n) => ({ name: `${n}`, value: `${n}` })) })],
    },
  ],
  [
    'two choices of one name',
    {
      ...plain,
      options: [
        option({
          choices: [
            { name: 'a', value: '1' },
            { name: 'a', value: '2' },
          ],
        }),
      ],
    },
  ],
  ['a choice of 101', { ...plain, options: [option({ choices: [{ name: 'a', value: 'x'.repeat(101) }] })] }],
  [
    'choices and autocomplete',
    { ...plain, options: [option({ autocomplete: true, choices: [{ name: 'a', value: '1' }] })] },
  ],
  ['a text longer than texts are', { ...plain, options: [option({ max_length: 6001 })] }],
];

test.each(refused)('%s: refused, and the list stays', async (_, command) => {
  const server = await setup();
  await put(server, plain);
  await expectRefused(put(server, plain, { ...command }), 400, 50035);
  expect(server.world.commands()).toHaveLength(1);
});

test('names in letters of other languages are names', async () => {
  const server = await setup();
  await put(server, { ...plain, name_localizations: { ru: 'запись' } });
});

test('8000 characters are the most that a command may have', async () => {
  const server = await setup();
  const options = (count: number) =>
    Array.from({ length: count }, (_, n) => option({ name: `o${n}`, choices: choicesOf(25) }));
  const choicesOf = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ name: `${n}`.padEnd(20), value: 'v'.repeat(60) }));
  await put(server, { ...plain, options: options(3) });
  await expectRefused(put(server, { ...plain, options: options(4) }), 400, 50035);
});

test('two commands of one name and 101 commands are refused', async () => {
  const server = await setup();
  await expectRefused(put(server, plain, plain), 400, 50035);
  const many = Array.from({ length: 101 }, (_, n) => ({ ...plain, name: `c${n}` }));
  await expectRefused(put(server, ...many), 400, 30032);
  await put(server, ...many.slice(1));
});

test('commands of another application are not there', async () => {
  const server = await setup();
  await expectRefused(server.rest.put(Routes.applicationCommands('1'), { body: [] }), 404, 10002);
});
