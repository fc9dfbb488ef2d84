import { Routes } from 'discord.js';
import { expect, test } from 'vitest';
import { AmbiguousError, FatalError, TemporaryError } from '../../src/core/errors.ts';
import type { OutgoingPost, PostItem } from '../../src/core/ports.ts';
import { type Bot, openBot, outgoing, partFiles, patience } from './driver-setup.ts';

const messagesRoute = 'POST /channels/:channel/messages';
const kib = 1024;

const post = (bot: Bot, out: OutgoingPost, items: PostItem[] = []) => bot.chat.post(bot.target, out, items, patience());
const reconcile = (bot: Bot, out: OutgoingPost) => bot.chat.reconcile(bot.target, out, [], patience());
const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );
const sent = ({ world, channel }: Bot) => world.messages(channel);
const fileNames = (bot: Bot) => sent(bot).map(({ attachments }) => attachments.map(({ filename }) => filename));

test('an album is one message with its files in order and its caption', async () => {
  const bot = await openBot();
  const out = outgoing(bot, 'album', 'A *title*\npart 1');
  const ids = await post(bot, out, await partFiles([3 * kib, 2 * kib * kib, 10]));
  const [message] = sent(bot);
  expect(ids).toEqual({ messageIds: [message?.id], chatId: bot.channel.id });
  expect(message?.content).toBe('A \\*title\\*\npart 1');
  expect(message?.attachments.map(({ size }) => size)).toEqual([3 * kib, 2 * kib * kib, 10]);
  expect(fileNames(bot)[0]).toEqual([1, 2, 3].map((at) => `part${at}-p${out.id}-${at}of3.mp4`));
});

test('a post whose answer was lost is found, and even if sent again stands once', async () => {
  const bot = await openBot();
  const out = outgoing(bot, 'video', 'caption');
  const items = await partFiles([kib]);
  bot.server.fault({ kind: 'dropAfter', route: messagesRoute });
  expect(await failure(post(bot, out, items))).toBeInstanceOf(AmbiguousError);
  const [stands] = sent(bot);
  const ids = { messageIds: [stands?.id], chatId: bot.channel.id };
  expect(await reconcile(bot, out)).toEqual({ verdict: 'posted', ids });
  expect(await post(bot, out, items)).toEqual(ids);
  expect(sent(bot)).toHaveLength(1);
});

test('a post that never came is missing; a fresh one is not given up yet', async () => {
  const bot = await openBot();
  const out = outgoing(bot, 'video', 'caption');
  bot.server.fault({ kind: 'dropBefore', route: messagesRoute });
  expect(await failure(post(bot, out, await partFiles([kib])))).toBeInstanceOf(AmbiguousError);
  expect(await reconcile(bot, out)).toEqual({ verdict: 'missing' });
  const patient = await openBot({}, { settleMs: 60_000 });
  expect(await reconcile(patient, outgoing(patient, 'video', 'caption'))).toEqual({ verdict: 'unknown' });
});

test('an answer of the front after the call went through is looked for as well', async () => {
  const bot = await openBot();
  for (const [kind, fault] of Object.entries({
    error5xx: { kind: 'error5xx', processed: true } as const,
    html502: { kind: 'html502', processed: true } as const,
  })) {
    const out = outgoing(bot, 'card', `card ${kind}`);
    bot.server.fault({ ...fault, route: messagesRoute });
    expect(await failure(post(bot, out))).toBeInstanceOf(AmbiguousError);
    expect(await reconcile(bot, out)).toMatchObject({ verdict: 'posted' });
  }
});

test('a message that is too big becomes several, and albums are smaller from then on', async () => {
  const bot = await openBot();
  const items = await partFiles([100 * kib, 100 * kib, 100 * kib, 100 * kib]);
  bot.server.fault({ kind: 'tooLarge', route: messagesRoute });
  const out = outgoing(bot, 'album', 'caption');
  const ids = await post(bot, out, items);
  expect(ids.messageIds).toHaveLength(2);
  const name = (at: number) => `part${at}-p${out.id}-${at}of4.mp4`;
  expect(fileNames(bot)).toEqual([
    [name(1), name(2)],
    [name(3), name(4)],
  ]);
  expect(sent(bot).map(({ content }) => content)).toEqual(['caption', '']);
  expect(await reconcile(bot, out)).toEqual({ verdict: 'posted', ids });
  const target = { ...bot.target, limits: { partBytes: 100 * kib } };
  expect(await bot.chat.limits(target)).toMatchObject({ albumItems: 2 });
  await post(bot, outgoing(bot, 'album', 'next'), items);
  expect(bot.server.calls.filter(({ status }) => status === 413)).toHaveLength(1);
});

test('a single file that is too big halves the limit; what stood of the post is taken away', async () => {
  const bot = await openBot();
  const before = await bot.chat.limits(bot.target);
  bot.server.fault({ kind: 'tooLarge', route: messagesRoute });
  bot.server.fault({ kind: 'tooLarge', route: messagesRoute, after: 1, times: 9 });
  const items = await partFiles([4 * kib * kib, 4 * kib * kib]);
  const error = await failure(post(bot, outgoing(bot, 'album', 'caption'), items));
  expect(error).toMatchObject({ code: 'part_over_limit' });
  expect(sent(bot)).toEqual([]);
  const { partBytes } = await bot.chat.limits(bot.target);
  expect(partBytes).toBe(Math.floor(2 * kib * kib * 0.99));
  expect(partBytes).toBeLessThan(before.partBytes);
});

test('a front that refuses the length at once is understood', async () => {
  const bot = await openBot();
  bot.server.fault({ kind: 'early413', route: messagesRoute });
  const error = await failure(post(bot, outgoing(bot, 'video', 'c'), await partFiles([8 * kib * kib])));
  expect(error).toMatchObject({ name: 'FatalError', code: 'part_over_limit' });
});

test('a post that stands in part is taken away and sent whole', async () => {
  const bot = await openBot();
  const items = await partFiles([10, 10]);
  const out = outgoing(bot, 'album', 'caption');
  bot.server.fault({ kind: 'tooLarge', route: messagesRoute });
  bot.server.fault({ kind: 'dropBefore', route: messagesRoute, after: 1 });
  expect(await failure(post(bot, out, items))).toBeInstanceOf(AmbiguousError);
  expect(sent(bot)).toHaveLength(1);
  expect(await reconcile(bot, out)).toEqual({ verdict: 'missing' });
  expect(sent(bot)).toEqual([]);
  // The nonces of what was taken away are remembered by Discord; the post has to stand all the same.
  expect((await post(bot, out, items)).messageIds).toHaveLength(2);
  expect(sent(bot)).toHaveLength(2);
});

test('a told wait is told on, and holds whoever comes next', async () => {
  const bot = await openBot();
  bot.server.fault({ kind: 'flood', route: messagesRoute, retryAfter: 300 });
  const error = await failure(post(bot, outgoing(bot, 'card', 'card')));
  expect(error).toMatchObject({ name: 'TemporaryError', code: 'chat_busy' });
  expect((error as TemporaryError).retryAfterMs).toBeGreaterThan(299_000);
  const calls = bot.server.calls.length;
  const next = await failure(post(bot, outgoing(bot, 'card', 'another')));
  expect(next).toMatchObject({ code: 'chat_busy' });
  expect(bot.server.calls).toHaveLength(calls);
});

test('a short wait is waited for', async () => {
  const bot = await openBot();
  bot.server.fault({ kind: 'flood', route: messagesRoute, retryAfter: 0.1 });
  await post(bot, outgoing(bot, 'video', 'c'), await partFiles([kib]));
  expect(sent(bot)).toHaveLength(1);
});

test('a clear no has its sentence', async () => {
  const bot = await openBot();
  const card = () => failure(post(bot, outgoing(bot, 'card', 'card')));
  bot.world.setPermissions(bot.guild, ['ViewChannel']);
  expect(await card()).toMatchObject({ name: 'FatalError', code: 'discord_rights' });
  bot.world.setPermissions(bot.guild, []);
  expect(await card()).toMatchObject({ code: 'discord_kicked' });
  bot.world.deleteChannel(bot.channel);
  expect(await card()).toMatchObject({ code: 'discord_channel_gone' });
  bot.world.revoke();
  expect(await card()).toMatchObject({ code: 'discord_token_refused' });
});

test('a token that was refused in passing is good again', async () => {
  const bot = await openBot();
  bot.server.fault({ kind: 'refuse', route: messagesRoute, status: 401, code: 0, message: '401: Unauthorized' });
  const refused = { name: 'TemporaryError', code: 'discord_token_refused' };
  expect(await failure(post(bot, outgoing(bot, 'card', 'card')))).toMatchObject(refused);
  await post(bot, outgoing(bot, 'card', 'card'));
  expect(sent(bot)).toHaveLength(1);
});

test('slow mode is waited for', async () => {
  const bot = await openBot();
  bot.server.fault({ kind: 'refuse', route: messagesRoute, status: 400, code: 20016, message: 'slowmode' });
  const error = await failure(post(bot, outgoing(bot, 'card', 'card')));
  expect(error).toMatchObject({ name: 'TemporaryError', code: 'chat_busy' });
});

test('where the history cannot be read nothing is taken for missing', async () => {
  const bot = await openBot();
  bot.world.setPermissions(bot.guild, ['ViewChannel', 'SendMessages', 'AttachFiles']);
  expect(await reconcile(bot, outgoing(bot, 'video', 'caption'))).toMatchObject({ verdict: 'unknown' });
});

test('a card is edited in place; one that was deleted is told', async () => {
  const bot = await openBot();
  const card = outgoing(bot, 'card', 'starting', {
    content: { text: 'starting', buttons: [{ text: 'Stop', command: '/stop s1' }] },
  });
  const ids = await post(bot, card);
  const later = { ...card, content: { text: 'done' } };
  await bot.chat.edit(bot.target, later, ids, patience());
  expect(sent(bot)[0]).toMatchObject({ content: '**done**', components: [] });
  bot.world.erase(bot.channel, ids.messageIds[0] ?? '');
  expect(await failure(bot.chat.edit(bot.target, later, ids, patience()))).toMatchObject({
    ...{ name: 'FatalError', code: 'discord_message_gone' },
  });
});

test('two cards with the same text are told apart by their buttons', async () => {
  const bot = await openBot();
  const card = (id: string) =>
    outgoing(bot, 'card', '', { content: { text: 'Live', buttons: [{ text: 'Stop', command: `/stop ${id}` }] } });
  const [first, second] = [card('s1'), card('s2')];
  await post(bot, first);
  expect(await reconcile(bot, second)).toEqual({ verdict: 'missing' });
  expect(await reconcile(bot, first)).toMatchObject({ verdict: 'posted' });
});

test('what is posted in an announcement channel is published where that is asked for', async () => {
  const bot = await openBot();
  const channel = bot.world.addChannel(bot.guild, { type: 'announcement' });
  const address = `${bot.guild.id}/${channel.id}`;
  const out = outgoing(bot, 'video', 'caption', { chat: { kind: 'discord', chatId: address } });
  const target = { ...bot.target, address, options: { isCrossposted: true } };
  const ids = await bot.chat.post(target, out, await partFiles([10]), patience());
  const route = Routes.channelMessageCrosspost(channel.id, ids.messageIds[0] ?? '');
  const published = () => bot.server.calls.filter(({ path }) => path.endsWith(route));
  expect(published()).toHaveLength(1);
  expect(await bot.chat.reconcile(target, out, [], patience())).toEqual({ verdict: 'posted', ids });
});

test('a link has its picture', async () => {
  const bot = await openBot();
  const [picture] = await partFiles([100]);
  const out = outgoing(bot, 'link', '', {
    content: { text: 'A title', url: 'https://a.example/sessions/1' },
    coverPath: picture?.file?.path ?? '',
  });
  const ids = await post(bot, out);
  expect(sent(bot)[0]?.content).toBe('A title\nhttps://a.example/sessions/1');
  expect(fileNames(bot)).toEqual([[`cover-p${out.id}-1of1.jpg`]]);
  expect(await reconcile(bot, out)).toEqual({ verdict: 'posted', ids });
});

test('a file that is not there is a fault of ours, not of the chat', async () => {
  const bot = await openBot();
  expect(await failure(post(bot, outgoing(bot, 'video', 'c'), [{ partId: 1 }]))).toBeInstanceOf(FatalError);
});
