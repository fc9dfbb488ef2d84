import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Api, GrammyError, HttpError, InputFile } from 'grammy';
import { expect, onTestFinished, test } from 'vitest';
import { startTelegram, type TelegramOptions } from '../support/telegram/server.ts';
import { waitFor } from '../support/wait.ts';
import { expectRefusal } from './echo.ts';

const video = Buffer.from('not really a video, but bytes'.repeat(1000));
const sha256 = createHash('sha256').update(video).digest('hex');

async function open(options: TelegramOptions = {}) {
  const telegram = await startTelegram({ flood: false, ...options });
  onTestFinished(() => telegram.close());
  const channel = telegram.world.addChannel({ title: 'Streams', botRights: { can_post_messages: true } });
  const api = new Api(telegram.token, { apiRoot: telegram.root });
  const upload = (text: string) => api.sendVideo(channel.id, new InputFile(video, 'a.mp4'), { caption: text });
  return { ...telegram, telegram, channel, api, upload };
}

/** What a promise was refused with. */
async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

test('a bot is who it is, and an upload is what was sent', async () => {
  const { api, bot, world, channel, upload, violations, calls, token } = await open();
  expect(await api.getMe()).toMatchObject({ id: bot.id, is_bot: true, username: bot.username });
  const message = await upload('one');
  expect(world.messages(channel)).toMatchObject([
    { message_id: message.message_id, caption: 'one', fileSha256: sha256 },
  ]);
  expect(world.fileOf(message.video?.file_id ?? '')).toMatchObject({ sizeBytes: video.length, sha256 });
  expect(violations).toEqual([]);
  expect(calls.map(({ method, status }) => [method, status])).toEqual([
    ['getMe', 200],
    ['sendVideo', 200],
  ]);
  expect(calls[0]?.token).toBe(token);
});

test('a file of the cloud is downloaded as it was uploaded', async () => {
  const { api, upload, root, token } = await open();
  const message = await upload('one');
  const file = await api.getFile(message.video?.file_id ?? '');
  const response = await fetch(`${root}/file/bot${token}/${file.file_path}`);
  expect(
    createHash('sha256')
      .update(Buffer.from(await response.arrayBuffer()))
      .digest('hex'),
  ).toBe(sha256);
});

test('dropAfter: the post stands, though no answer came', async () => {
  const { world, channel, upload, telegram } = await open();
  telegram.fault({ method: 'sendVideo', kind: 'dropAfter' });
  expect(await errorOf(upload('lost'))).toBeInstanceOf(HttpError);
  expect(world.messages(channel)).toMatchObject([{ caption: 'lost', fileSha256: sha256 }]);
});

test('resetBody: nothing is posted', async () => {
  const { world, channel, upload, telegram } = await open();
  telegram.fault({ method: 'sendVideo', kind: 'resetBody' });
  expect(await errorOf(upload('lost'))).toBeInstanceOf(HttpError);
  expect(world.messages(channel)).toEqual([]);
});

test('partialAlbum: the first items stand, though the album was refused', async () => {
  const { api, world, channel, upload, telegram } = await open();
  const { video: stored } = await upload('vault');
  telegram.fault({ method: 'sendMediaGroup', kind: 'partialAlbum', keep: 2 });
  const item = { type: 'video', media: stored?.file_id ?? '' } as const;
  const refusal = await errorOf(api.sendMediaGroup(channel.id, [item, item, item]));
  expect(refusal).toBeInstanceOf(GrammyError);
  expect(refusal).toMatchObject({ error_code: 400, description: expect.stringContaining('send message #3') });
  expect(world.albums(channel).map((album) => album.length)).toEqual([2]);
});

test('messageIdZero: the post appears when it is published, and comes as an update', async () => {
  const { api, world, channel, upload, telegram } = await open();
  telegram.fault({ method: 'sendVideo', kind: 'messageIdZero' });
  expect((await upload('later')).message_id).toBe(0);
  expect(world.messages(channel)).toEqual([]);
  world.publish();
  const [message] = world.messages(channel);
  expect(message).toMatchObject({ caption: 'later', fileSha256: sha256 });
  const updates = await api.getUpdates({ timeout: 1 });
  expect(updates.at(-1)?.channel_post).toMatchObject({ message_id: message?.message_id, caption: 'later' });
});

test('run: the bot is kicked between upload and album', async () => {
  const { api, world, channel, upload, telegram } = await open();
  const { video: stored } = await upload('vault');
  telegram.fault({ method: 'sendMediaGroup', kind: 'run', fn: () => world.kick(channel) });
  const item = { type: 'video', media: stored?.file_id ?? '' } as const;
  expect(await errorOf(api.sendMediaGroup(channel.id, [item, item]))).toMatchObject({ error_code: 403 });
});

test('a revoked token is unauthorized', async () => {
  const { telegram, root, token } = await open();
  telegram.revoke(token);
  await expectRefusal(fetch(`${root}/bot${token}/getMe`), 401, 'Unauthorized');
});

test('two bots do not share file ids', async () => {
  const { telegram, channel, root, upload } = await open();
  const second = telegram.addBot('1000002:AAG-another-bot');
  telegram.world.setMember(channel, second, 'administrator');
  const { video: stored } = await upload('vault');
  const api = new Api('1000002:AAG-another-bot', { apiRoot: root });
  expect(await api.getMe()).toMatchObject({ id: second.id });
  expect(await errorOf(api.sendVideo(channel.id, stored?.file_id ?? ''))).toMatchObject({ error_code: 400 });
});

test('a restart ends polls and keeps the world', async () => {
  const { api, world, channel, upload, telegram } = await open();
  await upload('before');
  const poll = errorOf(api.getUpdates({ timeout: 50 }));
  await waitFor(() => [...world.bots.values()].some(({ endPoll }) => endPoll), { what: 'the poll to arrive' });
  await telegram.restart();
  expect(await poll).toMatchObject({ error_code: 429, parameters: { retry_after: 5 } });
  await upload('after');
  expect(world.messages(channel).map(({ caption }) => caption)).toEqual(['before', 'after']);
});

test('a closed server leaves nothing behind but a folder that it was given', async () => {
  const telegram = await startTelegram();
  const dir = telegram.world.options.filesDir;
  expect(existsSync(dir)).toBe(true);
  await telegram.close();
  expect(existsSync(dir)).toBe(false);
  await expect(fetch(`${telegram.root}/bot${telegram.token}/getMe`)).rejects.toThrow('fetch failed');
});
