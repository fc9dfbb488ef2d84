import { expect, test } from 'vitest';
import type { OnEvent } from '../../src/bots/discord/listen.ts';
import { registerCommands } from '../../src/bots/discord/menu.ts';
import { UserError } from '../../src/core/errors.ts';
import type { ChatEvent } from '../../src/core/ports.ts';
import { waitFor } from '../support/wait.ts';
import { openBot, outgoing, patience, shownTo } from './driver-setup.ts';

const callback = 'POST /interactions/:interaction/:token/callback';
const echo: OnEvent = async ({ text }) => ({ text: `echo ${text}` });

/** Answers when it is told to. */
function held() {
  let release = () => {};
  const isFree = new Promise<void>((resolve) => void (release = resolve));
  const heard: ChatEvent[] = [];
  const onEvent: OnEvent = async (event) => {
    heard.push(event);
    await isFree;
    return { text: `echo ${event.text}` };
  };
  return { onEvent, heard, release };
}

test('a command is deferred at once, and answered in its place however long it takes', async () => {
  const bot = await openBot();
  const handler = held();
  await bot.start(handler.onEvent);
  const command = bot.world.command(bot.person, bot.channel, 'list');
  await waitFor(() => command.answeredWith() === 5 && handler.heard.length === 1);
  expect(command.replies()).toMatchObject([{ isLoading: true, isEphemeral: false }]);
  handler.release();
  const [reply, ...more] = await shownTo(command);
  expect([reply?.message.content, reply?.isEphemeral, more]).toEqual(['echo /list', false, []]);
});

test('the event says who, where, with which right and in which language', async () => {
  const bot = await openBot();
  const heard: ChatEvent[] = [];
  await bot.start(async (event) => {
    heard.push(event);
    return { text: 'ok' };
  });
  const boss = bot.world.addUser({ username: 'boss', globalName: 'Boss' });
  bot.world.addMember(bot.guild, boss, ['ManageGuild']);
  await shownTo(bot.world.command(boss, bot.channel, 'status', { id: 's1' }, { locale: 'ru' }));
  await shownTo(bot.world.command(bot.person, bot.world.direct(bot.person), 'status'));
  expect(heard).toMatchObject([
    {
      chat: { kind: 'discord', chatId: bot.guild.id, threadId: bot.channel.id },
      user: { id: boss.id, name: 'Boss', language: 'ru', role: 'admin' },
      text: '/status id=s1',
    },
    { chat: { kind: 'discord', chatId: bot.world.direct(bot.person).id }, text: '/status' },
  ]);
  expect(heard[1]?.user.role).toBeUndefined();
});

test('errors are shown to the person alone, and nothing else of them stays', async () => {
  const bot = await openBot();
  await bot.start(async () => ({ text: 'not possible', isError: true }));
  const late = bot.world.command(bot.person, bot.channel, 'list');
  const shown = await shownTo(late);
  expect(shown).toMatchObject([{ isEphemeral: true, message: { content: 'not possible' } }]);
  expect(bot.world.messages(bot.channel)).toEqual([]);
  const typo = bot.world.command(bot.person, bot.channel, 'record', { url: 'nonsense' });
  expect(await shownTo(typo)).toMatchObject([{ isEphemeral: true, message: { content: 'not possible' } }]);
});

test('strangers are told that it is private, they alone', async () => {
  const bot = await openBot();
  await bot.start(async () => undefined);
  const [reply] = await shownTo(bot.world.command(bot.person, bot.channel, 'list'));
  expect(reply).toMatchObject({ isEphemeral: true });
  expect(reply?.message.content).toContain(bot.person.id);
});

test('a fault of the handler is a sentence', async () => {
  const bot = await openBot();
  await bot.start(async () => {
    throw new UserError('nothing_active');
  });
  const [reply] = await shownTo(bot.world.command(bot.person, bot.channel, 'stop', {}, { locale: 'ru' }));
  expect(reply?.message.content).toMatch(/[а-я]/);
});

test('a button of a card is a command, answered to the person alone', async () => {
  const bot = await openBot();
  await bot.start(echo);
  const buttons = [{ text: 'Status', command: '/status s1' }];
  const card = outgoing(bot, 'card', '', { content: { text: 'Live', buttons } });
  const ids = await bot.chat.post(bot.target, card, [], patience());
  const pressed = bot.world.press(bot.person, bot.channel, ids.messageIds[0] ?? '', '/status s1');
  expect(await shownTo(pressed)).toMatchObject([{ isEphemeral: true, message: { content: 'echo /status s1' } }]);
  expect(bot.world.messages(bot.channel)).toHaveLength(1);
});

test('a long answer goes on in more messages', async () => {
  const bot = await openBot();
  const text = Array.from({ length: 400 }, (_, at) => `line ${at}`).join('\n');
  await bot.start(async () => ({ text }));
  const shown = await shownTo(bot.world.command(bot.person, bot.channel, 'list'), 2);
  expect(shown.map(({ message }) => message.content).join('\n')).toBe(text);
});

test('a command that comes twice is done once', async () => {
  const bot = await openBot();
  const handler = held();
  bot.server.gateway.fault({ kind: 'duplicate', event: 'INTERACTION_CREATE' });
  await bot.start(handler.onEvent);
  const command = bot.world.command(bot.person, bot.channel, 'list');
  await waitFor(() => bot.server.calls.filter(({ path }) => path.endsWith('/callback')).length === 2);
  handler.release();
  expect(await shownTo(command)).toHaveLength(1);
  expect(handler.heard).toHaveLength(1);
});

test('a command that is said while the gateway breaks off is answered once', async () => {
  for (const kind of ['dropBefore', 'dropAfter', 'reconnect', 'invalidate'] as const) {
    const bot = await openBot();
    const heard: string[] = [];
    bot.server.gateway.fault({ kind, event: 'INTERACTION_CREATE' });
    await bot.start(async ({ text }) => {
      heard.push(text);
      return { text: 'ok' };
    });
    const command = bot.world.command(bot.person, bot.channel, 'list');
    expect(await shownTo(command)).toHaveLength(1);
    expect(heard).toEqual(['/list']);
  }
});

test('an answer that comes after 15 minutes stands in the channel', async () => {
  const bot = await openBot();
  const handler = held();
  await bot.start(handler.onEvent);
  const command = bot.world.command(bot.person, bot.channel, 'list');
  await waitFor(() => command.answeredWith() === 5);
  bot.world.advance(16 * 60_000);
  handler.release();
  await waitFor(() => bot.world.messages(bot.channel).some(({ content }) => content === 'echo /list'));
});

test('a command that was not deferred in time is answered in the channel', async () => {
  const bot = await openBot();
  await bot.start(echo);
  bot.server.fault({ kind: 'run', route: callback, fn: () => bot.world.advance(4_000) });
  bot.world.command(bot.person, bot.channel, 'list');
  await waitFor(() => bot.world.messages(bot.channel).some(({ content }) => content === 'echo /list'));
  expect(bot.world.messages(bot.channel)).toHaveLength(1);
});

test('an answer whose way is lost is said again where that does no harm', async () => {
  const bot = await openBot();
  await bot.start(echo);
  const route = 'PATCH /webhooks/:webhook/:token/messages/:message';
  bot.server.fault({ kind: 'dropAfter', route });
  const command = bot.world.command(bot.person, bot.channel, 'list');
  expect(await shownTo(command)).toMatchObject([{ message: { content: 'echo /list' } }]);
});

test('values are suggested while a person types', async () => {
  const asked: unknown[] = [];
  const suggest = async (asking: unknown) => {
    asked.push(asking);
    return Array.from({ length: 30 }, (_, at) => ({ value: `s${at}`, label: `s${at} ${'x'.repeat(120)}` }));
  };
  const bot = await openBot({}, { suggest });
  await bot.start(echo);
  const typing = bot.world.autocomplete(bot.person, bot.channel, { name: 'stop', options: { id: 's' }, focused: 'id' });
  const choices = await waitFor(() => typing.choices());
  expect(choices).toHaveLength(25);
  expect(choices[0]?.value).toBe('s0');
  expect(asked).toMatchObject([{ command: 'stop', argument: 'id', typed: 's', user: { id: bot.person.id } }]);
});

test('commands are registered where they changed, and only there', async () => {
  const bot = await openBot();
  const puts = () => bot.server.calls.filter(({ verb }) => verb === 'PUT').length;
  await registerCommands(bot.driver, bot.server.applicationId);
  expect(puts()).toBe(1);
  await registerCommands(bot.driver, bot.server.applicationId);
  expect(puts()).toBe(1);
  const ofGuild = { ...bot.driver, guilds: [bot.guild.id] };
  await registerCommands(ofGuild, bot.server.applicationId);
  expect([bot.world.commands(), bot.world.commands(bot.guild).length > 5]).toEqual([[], true]);
  await registerCommands(ofGuild, bot.server.applicationId);
  expect(puts()).toBe(3);
});

test('what was said before a process died is answered by the next', async () => {
  const bot = await openBot();
  const stop = await bot.start(() => new Promise(() => {}));
  const command = bot.world.command(bot.person, bot.channel, 'list');
  await waitFor(() => command.answeredWith() === 5);
  await stop();
  await bot.start(echo);
  expect(await shownTo(command)).toMatchObject([{ message: { content: 'echo /list' } }]);
});

test('a file that came with a command is read from its address, which stands in no log', async () => {
  const bot = await openBot();
  const heard: ChatEvent[] = [];
  await bot.start(async (event) => {
    heard.push(event);
    const bytes = await event.file?.read(100, patience());
    return { text: `${event.file?.name}: ${String(bytes)}` };
  });
  const give = async (text: string) => {
    const files = { file: { fileName: 'cookies.txt', bytes: Buffer.from(text) } };
    const command = bot.world.command(bot.person, bot.channel, 'cookies', { action: 'list' }, { files });
    const [reply] = await shownTo(command);
    return { ...reply, content: reply?.message.content };
  };
  expect(await give('two words')).toMatchObject({ isEphemeral: true, content: 'cookies.txt: two words' });
  expect(heard).toMatchObject([{ text: '/cookies action=list', isPrivate: true }]);
  expect((await give('x'.repeat(101))).content).toContain('too big');
  const files = { file: { fileName: 'cookies.txt', bytes: Buffer.from('late') } };
  const late = bot.world.command(bot.person, bot.channel, 'cookies', {}, { files });
  bot.world.attachments.clear();
  expect((await shownTo(late))[0]?.message.content).toContain('went wrong');
  expect(bot.logged.join('')).not.toContain('ephemeral-attachments');
});
