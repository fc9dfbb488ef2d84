import { readFileSync } from 'node:fs';
import {
  type APIInteraction,
  ButtonStyle,
  PermissionFlagsBits as Flags,
  ApplicationCommandOptionType as OptionType,
  RateLimitError,
} from 'discord.js';
import { expect, test } from 'vitest';
import { markedName, readMark } from '../../src/bots/discord/album.ts';
import { inviteLink } from '../../src/bots/discord/checks.ts';
import { destination, idAt, linkTo } from '../../src/bots/discord/destination.ts';
import { toChatError } from '../../src/bots/discord/errors.ts';
import { toAsking, toEvent } from '../../src/bots/discord/event.ts';
import { isPrivate } from '../../src/bots/discord/interaction.ts';
import { cardText, componentsOf, escapeMarkdown, textPieces } from '../../src/bots/discord/markup.ts';
import { isSame, menu } from '../../src/bots/discord/menu.ts';
import { missingIn, permissionsOf, roleOf } from '../../src/bots/discord/permissions.ts';
import { readPlace } from '../../src/bots/discord/place.ts';
import { multipartBody } from '../../src/bots/discord/streamed-body.ts';
import { commandSpecs, parseCommand } from '../../src/core/command.ts';

test('what is said is shown as it is, and addresses still work', () => {
  expect(escapeMarkdown('a *b* _c_ ~~d~~ `e` ||f|| [g](h)')).toBe(
    'a \\*b\\* \\_c\\_ \\~\\~d\\~\\~ \\`e\\` \\|\\|f\\|\\| \\[g\\](h)',
  );
  expect(escapeMarkdown('# head\n> quote\n- item\n1. first')).toBe('\\# head\n\\> quote\n\\- item\n1\\. first');
  expect(escapeMarkdown('<@123> <#4> <b>')).toBe('\\<@123> \\<#4> <b>');
  expect(escapeMarkdown('my_channel https://a.example/x_y_z?q=*')).toBe('my\\_channel https://a.example/x_y_z?q=*');
});

test('a card is its lines; more than 2000 letters become pieces', () => {
  const content = { text: 'Title_1', stateText: 'recording', facts: [{ label: 'Length', value: '1:00' }] };
  expect(cardText(content)).toBe('**Title\\_1**\n● recording\nLength: 1:00');
  const pieces = textPieces({ text: Array.from({ length: 500 }, (_, i) => `line ${i}`).join('\n') });
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.every((piece) => piece.length <= 2000)).toBe(true);
  expect(pieces.join('\n').split('\n')).toHaveLength(500);
});

test('buttons say commands or open pages; what Discord refuses is left out', () => {
  const buttons = [
    { text: 'Stop', command: '/stop s1' },
    { text: 'Watch', url: 'https://a.example/sessions/1' },
    { text: 'Local', url: '/sessions/1' },
    { text: 'Long', command: `/stop ${'x'.repeat(100)}` },
  ];
  const [row] = componentsOf({ text: '', buttons });
  expect(row?.components).toMatchObject([
    { style: ButtonStyle.Secondary, custom_id: '/stop s1' },
    { style: ButtonStyle.Link, url: 'https://a.example/sessions/1' },
  ]);
  expect(componentsOf({ text: '' })).toEqual([]);
});

test('names of files say which of which post they are', () => {
  expect(markedName('show.part.mp4', 12, { index: 1, count: 3 })).toBe('show.part-p12-2of3.mp4');
  expect(readMark('show.part-p12-2of3.mp4')).toEqual({ postId: 12, index: 1, count: 3 });
  expect(readMark('holiday.mp4')).toBeUndefined();
});

test('addresses name a channel in a server, or a direct message', () => {
  expect(destination('1/2')).toEqual({ guildId: '1', channelId: '2' });
  expect(destination('2')).toEqual({ channelId: '2' });
  const link = (address: string, chatId: string) =>
    linkTo({ id: 1, kind: 'discord', address, limits: {} }, { messageIds: ['9'], chatId });
  expect(link('1/2', '2')).toBe('https://discord.com/channels/1/2/9');
  expect(link('1', '2')).toBe('https://discord.com/channels/1/2/9');
  expect(link('2', '2')).toBe('https://discord.com/channels/@me/2/9');
  expect(['<#22>', '1/22', 'https://discord.com/channels/1/22/9', '22'].map(readPlace)).toEqual([
    '22',
    '22',
    '22',
    '22',
  ]);
  // Source: the example of https://docs.discord.com/developers/reference#snowflakes, cut to its time.
  expect(BigInt(idAt(new Date('2016-04-30T11:18:25.796Z'))) >> 22n).toBe(175928847299117063n >> 22n);
});

test('permissions: roles, then overwrites of everybody, of roles and of the member', () => {
  const guild = {
    id: '1',
    owner_id: '9',
    roles: [
      { id: '1', permissions: String(Flags.ViewChannel | Flags.SendMessages) },
      { id: '2', permissions: String(Flags.AttachFiles) },
    ],
  };
  const member = { userId: '5', roles: ['2'] };
  const overwrite = (id: string, type: 0 | 1, allow: bigint, deny: bigint) => ({
    ...{ id, type },
    ...{ allow: String(allow), deny: String(deny) },
  });
  const both = Flags.ViewChannel | Flags.SendMessages | Flags.AttachFiles;
  expect(permissionsOf({ guild, member })).toBe(both);
  const denied = overwrite('1', 0, 0n, Flags.SendMessages);
  expect(permissionsOf({ guild, member, overwrites: [denied] })).toBe(Flags.ViewChannel | Flags.AttachFiles);
  const back = overwrite('2', 0, Flags.SendMessages, 0n);
  expect(permissionsOf({ guild, member, overwrites: [back, denied] })).toBe(both);
  const own = overwrite('5', 1, 0n, Flags.AttachFiles);
  expect(permissionsOf({ guild, member, overwrites: [own] }) & Flags.AttachFiles).toBe(0n);
  expect(permissionsOf({ guild, member: { userId: '9', roles: [] } }) & Flags.Administrator).not.toBe(0n);
  expect(missingIn(Flags.ViewChannel, { isThread: true })).toEqual([
    'discord_needs_attach',
    'discord_needs_history',
    'discord_needs_thread_send',
  ]);
});

test('the invite link of the documentation asks for what is needed', () => {
  const text = readFileSync(new URL('../../docs/discord.md', import.meta.url), 'utf8');
  expect(text).toContain(inviteLink('APPLICATION_ID'));
});

test('what somebody may do in a server gives them a right here', () => {
  expect(roleOf(String(Flags.ManageGuild))).toBe('admin');
  expect(roleOf(String(Flags.Administrator))).toBe('admin');
  expect(roleOf(String(Flags.ManageMessages))).toBe('operator');
  expect(roleOf(String(Flags.SendMessages))).toBeUndefined();
  expect(roleOf(undefined)).toBeUndefined();
});

test('the menu is the grammar, as Discord takes it', () => {
  const commands = menu();
  expect(commands.map(({ name }) => name)).toEqual(commandSpecs.map(({ name }) => name));
  const target = commands.find(({ name }) => name === 'target');
  expect(target?.options.find(({ name }) => name === 'action')?.choices?.map(({ value }) => value)).toContain('add');
  // A name is what an argument without a sentence of its own is described by.
  const bare = commands.flatMap(({ options }) => options).filter(({ name, description }) => name === description);
  expect(bare.map(({ name }) => name)).toEqual([]);
  expect(commands.find(({ name }) => name === 'cookies')?.options.at(-1)?.type).toBe(OptionType.Attachment);
  expect(commands.find(({ name }) => name === 'grant')?.options[0]?.type).toBe(OptionType.User);
  const known = commands.map((command) => ({ ...command, id: '1', version: '2', options: command.options }));
  expect(isSame(known as never, commands)).toBe(true);
  expect(isSame(known.slice(1) as never, commands)).toBe(false);
  const changed = known.map((command) => ({ ...command, description: 'old' }));
  expect(isSame(changed as never, commands)).toBe(false);
});

const interaction = (fields: object) =>
  ({ id: '7', token: 't', channel: { id: '22' }, locale: 'ru', ...fields }) as unknown as APIInteraction;
const ann = { id: '5', username: 'ann', global_name: 'Ann' };

test('a slash command is the command that would be typed', () => {
  const options = [
    { name: 'url', type: 3, value: 'https://a.example/live' },
    { name: 'to', type: 3, value: 'my "archive"' },
  ];
  const data = { type: 1, name: 'record', options };
  const member = { user: ann, nick: null, permissions: String(Flags.ManageMessages) };
  const event = toEvent(interaction({ type: 2, data, guild_id: '1', member }));
  expect(event).toMatchObject({
    chat: { kind: 'discord', chatId: '1', threadId: '22' },
    user: { id: '5', name: 'Ann', language: 'ru', role: 'operator' },
    messageId: '7',
  });
  expect(parseCommand(event?.text ?? '')).toEqual({
    name: 'record',
    args: { url: 'https://a.example/live', to: 'my archive' },
  });
});

test('a direct message is a chat of its own; a button is a command; a foreign one is none', () => {
  const data = { custom_id: '/stop s1', component_type: 2 };
  const pressed = interaction({ type: 3, data, user: ann });
  expect(toEvent(pressed)).toMatchObject({ chat: { kind: 'discord', chatId: '22' }, text: '/stop s1' });
  expect(isPrivate(pressed, { text: '/stop s1' })).toBe(true);
  expect(toEvent(interaction({ type: 3, data: { custom_id: 'x', component_type: 2 }, user: ann }))).toBeUndefined();
  const asked = { name: 'stop', options: [{ name: 'id', type: 3, value: 's', focused: true }] };
  expect(toAsking(interaction({ type: 4, data: asked, user: ann }))).toMatchObject({
    ...{ command: 'stop', argument: 'id', typed: 's' },
  });
});

test('only the person sees what was typed wrong', () => {
  const command = interaction({ type: 2, data: { type: 1, name: 'list' } });
  expect(isPrivate(command, { text: '/list' })).toBe(false);
  expect(isPrivate(command, { text: '/list page=x' })).toBe(true);
  expect(isPrivate(command, { text: '/whoami' })).toBe(true);
});

test('a body says its length before it is read, and can be read twice', async () => {
  const bytes = Buffer.from('0123456789');
  const read = async function* () {
    yield bytes;
  };
  const file = { fileName: 'a.mp4', contentType: 'video/mp4', sizeBytes: bytes.length, read };
  const body = multipartBody({ content: 'ä' }, [file, file]);
  for (const _ of [1, 2]) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body.open()) chunks.push(chunk);
    expect(Buffer.concat(chunks).length).toBe(body.sizeBytes);
    expect(Buffer.concat(chunks).toString()).toContain('name="files[1]"; filename="a.mp4"');
  }
});

test('after a 429 the wait is what Discord told, not the time until the whole bucket is fresh', () => {
  const told = { timeToReset: 290_000, retryAfter: 1_000, limit: 50, method: 'POST', hash: 'h', url: 'u', route: 'r' };
  const limited = { ...told, majorParameter: 'm', global: false, sublimitTimeout: 0, scope: 'user' as const };
  const error = toChatError(new RateLimitError(limited));
  expect(error).toMatchObject({ code: 'chat_busy', retryAfterMs: 1_000 });
});
