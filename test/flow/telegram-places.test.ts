import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readOutcome, waitForFrames, waitUntilPosted } from '../support/app.ts';
import type { LiveOrigin } from '../support/live.ts';
import { framesOf, limitFor, type TelegramApp, type TelegramAppOptions } from '../support/telegram-app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();
let s: TelegramApp;
let origin: LiveOrigin;

async function open(options: TelegramAppOptions = {}): Promise<void> {
  s = await flow.telegram(options);
  origin = await flow.origin(12);
}

async function recordUntilPosted(command: string, where: Parameters<TelegramApp['say']>[1] = {}): Promise<void> {
  await s.say(command, where);
  await waitForFrames(s.t.app, 1);
  origin.end();
  await waitUntilPosted(s.t.app);
}

test('without a vault the parts are single videos in order, and /target test says what is missing', async () => {
  await open({ hasVault: false });
  const limit = await limitFor(origin, 3, 12);
  await s.say(`/target add archive @archive_channel limit=${limit}B`);
  expect(await s.say('/target test archive')).toContain('There is no vault');
  await recordUntilPosted(`/record ${origin.url} to=archive`);
  const videos = s.posts();
  expect(videos.length).toBeGreaterThan(1);
  expect(videos.map(({ length }) => length)).toEqual(videos.map(() => 1));
  expect(videos.flat().map(({ caption }) => caption?.match(/part \d+\/\d+/)?.[0])).toEqual(
    videos.map((_, at) => `part ${at + 1}/${videos.length}`),
  );
  expect(await framesOf(s, videos.flat())).toBe(await origin.frames());
});

test('a channel without a discussion group gets its post, and nobody waits for a comment', async () => {
  await open();
  const lonely = s.world.addChannel({ title: 'Lonely' });
  await s.say(`/target add lonely ${lonely.id}`);
  expect(await s.say('/target test lonely')).toContain('no discussion group');
  await recordUntilPosted(`/record ${origin.url} to=lonely`);
  expect(s.posts(lonely)).toHaveLength(1);
  const { posts } = await readOutcome(s.t.app);
  expect(posts.find(({ kind }) => kind === 'comment')?.state).toBe('skipped');
});

test('a group that becomes a supergroup in mid recording gets its post there', async () => {
  await open();
  const old = s.world.addGroup({ title: 'Friends', type: 'group' });
  await s.say(`/record ${origin.url}`, { chat: old });
  await waitForFrames(s.t.app, 1);
  const now = s.world.migrate(old);
  origin.end();
  await waitUntilPosted(s.t.app);
  const videos = s.world.messages(now).filter(({ video }) => video);
  expect(videos).toHaveLength(1);
  expect(await framesOf(s, videos)).toBe(await origin.frames());
  expect(await s.say('/status s1', { chat: now })).toContain('posted');
});

test('in a forum everything stays in the topic it was asked in', async () => {
  await open();
  const forum = s.world.addGroup({ title: 'Forum', type: 'forum' });
  const { message_thread_id: threadId } = await topicIn(forum.id);
  await recordUntilPosted(`/record ${origin.url}`, { chat: forum, threadId });
  const ours = s.world.messages(forum).filter(({ from, forum_topic_created: isNew }) => from?.is_bot && !isNew);
  expect(ours.length).toBeGreaterThan(2);
  expect(ours.map((message) => message.message_thread_id)).toEqual(ours.map(() => threadId));
});

async function topicIn(chatId: number): Promise<{ message_thread_id: number }> {
  const response = await fetch(`${s.telegram.root}/bot${s.telegram.token}/createForumTopic`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ chat_id: chatId, name: 'Streams' }),
  });
  return ((await response.json()) as { result: { message_thread_id: number } }).result;
}

test('everybody reads their own language', async () => {
  await open();
  const ivan = s.world.addUser({ firstName: 'Ivan', languageCode: 'ru' });
  const his = s.world.privateChat(ivan);
  expect(await s.say('/whoami', { chat: his, user: ivan })).toMatch(/[а-я]/);
  await s.say(`/grant ${ivan.id} operator`, { chat: s.home });
  const group = s.world.addGroup({ title: 'Both' });
  await s.say(`/grant ${ivan.id} operator`, { chat: group });
  await recordUntilPosted(`/record ${origin.url}`, { chat: group, user: ivan });
  expect(s.card(group)?.text).toMatch(/Длительность|Размер|Пробелы|[А-Яа-я]{4}/);
  expect(await s.say('/status s1', { chat: group })).toMatch(/posted/);
  expect(await s.say('/status s1', { chat: group, user: ivan })).toMatch(/[а-я]/);
});

test.each([
  ['[DROPS] x 100% win "%(id)s" 💥 <script>alert(1)</script> &amp; **bold** [a](http://b) ../../etc'],
  [`${'超'.repeat(78)}💥💥`],
])(
  'scenario 12: a title of signs that programs take for their own is recorded, split and posted verbatim: %s',
  async (title) => {
    await open();
    const dir = await mkdtemp(join(tmpdir(), 'aircheck-ytdlp-'));
    try {
      const formats = [{ url: origin.url, protocol: 'm3u8_native', height: 180, vcodec: 'h264', acodec: 'aac' }];
      await writeFile(join(dir, 'answer.json'), JSON.stringify({ title, is_live: true, formats }));
      await writeFile(join(dir, 'yt-dlp'), `#!/bin/sh\ncat "$(dirname "$0")/answer.json"\n`, { mode: 0o755 });
      await s.close();
      s = await flow.telegram({ env: { YTDLP: join(dir, 'yt-dlp') } });
      await s.say(`/target set here limit=${await limitFor(origin, 2, 8)}B`);
      await recordUntilPosted(`/record ${new URL('/page', origin.url).href}`);
      const [video, ...others] = s.world.messages(s.home).filter((message) => message.video);
      expect(others.length).toBeGreaterThan(0);
      expect(video?.caption).toContain(title);
      expect(s.card()?.text).toContain(title);
      expect(video?.video?.file_name).toMatch(/^[A-Za-z0-9._-]+\.mp4$/);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
);

test('strangers are not obeyed, and hear why once', async () => {
  await open();
  const stranger = s.world.addUser({ firstName: 'Eve' });
  const hers = s.world.privateChat(stranger);
  expect(await s.say(`/record ${origin.url}`, { chat: hers, user: stranger })).toContain(String(stranger.id));
  expect(await s.say(`/record ${origin.url}`, { chat: hers, user: stranger })).toBe('');
  const messages = s.world.messages(s.home).length;
  await s.say('/whoami');
  await waitFor(() => s.world.messages(s.home).length > messages);
  expect((await readOutcome(s.t.app)).sessions).toEqual([]);
});
