import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { readOutcome, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { type LiveOptions, type LiveOrigin } from '../support/live.ts';
import { framesOf, limitFor, type TelegramApp, type TelegramAppOptions } from '../support/telegram-app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();
let s: TelegramApp;
let origin: LiveOrigin;

async function open(options: TelegramAppOptions = {}, live: LiveOptions = {}): Promise<void> {
  s = await flow.telegram(options);
  origin = await flow.origin(24, live);
}

test('a recording becomes an album of the channel with a comment under it, and the card links to it', async () => {
  await open();
  const limit = await limitFor(origin, 3, 24);
  expect(await s.say(`/target add archive @archive_channel limit=${limit}B`)).toContain('archive');
  expect(await s.say('/target test archive')).toBe('Target "archive" works.');
  expect(await s.say(`/record ${origin.url} to=archive`)).toContain('Recording');
  await waitForFrames(s.t.app, 500);
  // Parts go up while the stream is live.
  await waitFor(() => s.world.messages(s.vault).length > 0, { what: 'a staged part' });
  expect(s.posts()).toEqual([]);
  origin.end();
  await waitUntilPosted(s.t.app);
  const [album, ...others] = s.posts();
  expect(others).toEqual([]);
  expect(album?.length).toBeGreaterThan(1);
  expect(await framesOf(s, album ?? [])).toBe(await origin.frames());
  expect(album?.[0]?.caption).toContain(`parts 1–${album?.length}/${album?.length}`);
  expect(album?.slice(1).map(({ caption }) => caption)).not.toContainEqual(expect.anything());
  const comments = s.world.messages(s.group).filter(({ from }) => from?.is_bot);
  const forward = s.world.messages(s.group).find(({ is_automatic_forward: isForward }) => isForward);
  expect(comments.map(({ reply_to_message: parent }) => parent?.message_id)).toEqual([forward?.message_id]);
  expect(comments[0]?.text).toContain('Complete');
  const link = `https://t.me/c/${String(s.channel.id).slice(4)}/${album?.[0]?.message_id}`;
  await s.cardShows(({ reply_markup: markup }) => JSON.stringify(markup).includes(link));
});

test('a recording is stopped by the button of its card', async () => {
  await open();
  await s.say(`/record ${origin.url}`);
  await waitForFrames(s.t.app, 300);
  const card = await waitFor(() => s.card(), { what: 'the card' });
  const query = s.world.press(s.owner, s.home, card.message_id, 'Stop');
  await waitUntilPosted(s.t.app);
  expect(s.world.answers.find(({ queryId }) => queryId === query)?.text).toContain('Stopping');
  const videos = s.world.messages(s.home).filter(({ video }) => video);
  expect(videos.length).toBe(1);
  expect((await readOutcome(s.t.app)).sessions[0]?.endReason).toBe('stopped');
});

test('twelve parts become two labelled albums, in order', async () => {
  await open();
  const limit = await limitFor(origin, 12, 24);
  await s.say(`/target add archive @archive_channel limit=${limit}B`);
  await s.say(`/record ${origin.url} to=archive`);
  await waitForFrames(s.t.app, 1);
  origin.end();
  await waitUntilPosted(s.t.app);
  const albums = s.posts();
  const sizes = albums.map((album) => album.length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(sizes).toEqual([10, total - 10]);
  expect(albums.map(([first]) => first?.caption?.match(/parts .*?\/\d+/)?.[0])).toEqual([
    `parts 1–10/${total}`,
    total === 11 ? undefined : `parts 11–${total}/${total}`,
  ]);
  expect(await framesOf(s, albums.flat())).toBe(await origin.frames());
  const files = albums.flat().map(({ video }) => s.world.fileOf(video?.file_id ?? '').sizeBytes);
  expect(Math.max(...files)).toBeLessThanOrEqual(limit);
});

test('with a server of our own files go by their path, whatever it calls it', async () => {
  const there = '/srv/aircheck';
  const server = { mode: 'local' as const, containerRoot: { here: tmpdir(), there } };
  const env = { TELEGRAM_LOCAL: '1', TELEGRAM_PATH_MAP: `${tmpdir()}:${there}` };
  await open({ server, env }, { segments: 8, window: 8 });
  await s.say('/target add archive @archive_channel');
  await s.say(`/record ${origin.url} to=archive`);
  await waitForFrames(s.t.app, 1);
  origin.end();
  await waitUntilPosted(s.t.app);
  const [video, ...others] = s.posts().flat();
  expect(others).toEqual([]);
  expect(await framesOf(s, video ? [video] : [])).toBe(await origin.frames());
  const staged = s.telegram.calls.filter(({ method }) => method === 'sendVideo')[0]?.params;
  expect(staged?.video).toMatch(/^file:\/\/\/srv\/aircheck\/.*\/part\.mp4$/);
  expect(staged?.thumbnail).toMatch(/^file:\/\/\/srv\/aircheck\//);
});

test('a backup is a second target: the same files by their ids, uploaded once', async () => {
  await open({}, { segments: 12, window: 12 });
  const limit = await limitFor(origin, 3, 12);
  const backup = s.world.addChannel({ title: 'Backup' });
  await s.say(`/target add archive @archive_channel limit=${limit}B`);
  await s.say(`/target add backup ${backup.id} limit=${limit}B`);
  await s.say(`/record ${origin.url} to=archive,backup`);
  await waitForFrames(s.t.app, 1);
  origin.end();
  await waitUntilPosted(s.t.app, 2);
  const [album = [], ...others] = s.posts();
  const [copy = [], ...more] = s.posts(backup);
  expect([others, more]).toEqual([[], []]);
  expect(copy.map(({ fileSha256 }) => fileSha256)).toEqual(album.map(({ fileSha256 }) => fileSha256));
  expect(await framesOf(s, copy)).toBe(await origin.frames());
  expect(s.telegram.calls.filter(({ method }) => method === 'sendVideo')).toHaveLength(album.length);
});
