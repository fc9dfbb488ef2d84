import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import type { Chat } from 'grammy/types';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { App } from '../../src/app.ts';
import { readCookieFile } from '../../src/core/cookies.ts';
import { checks, cookies, notices, streams, webMessages } from '../../src/db/schema.ts';
import { warnOfCookies } from '../../src/monitor/warn-of-cookies.ts';
import { startTelegramApp, type TelegramApp } from '../support/telegram-app.ts';
import { waitFor } from '../support/wait.ts';

const secret = 'c00kie-value-that-nobody-sees';
let dir: string;
let f: TelegramApp;
let app: App;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aircheck-cookies-'));
  f = await startTelegramApp({ env: { SECRET_KEY: 'ab'.repeat(32) } });
  app = f.t.app;
});
afterAll(async () => {
  await f.close();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  await app.db.delete(cookies);
  await app.db.delete(notices);
});

const inDays = (days: number) => Math.floor(Date.now() / 1000) + days * 86_400;
const line = (domain: string, name: string, { value = secret, days = 30 } = {}) =>
  [domain, 'TRUE', '/', 'TRUE', inDays(days), name, value].join('\t');
const fileOf = async (...lines: string[]) => {
  const path = join(dir, 'cookies.txt');
  await writeFile(path, ['# Netscape HTTP Cookie File', ...lines].join('\n'));
  return path;
};

/** The owner sends a file; gives the bot's answer, and whether the file still stands in the chat. */
async function send(path: string, { chat = f.home, caption }: { chat?: Chat; caption?: string } = {}) {
  const said = await f.world.sendFile(f.owner, chat, { path, ...(caption ? { caption } : {}) });
  const answer = await waitFor(
    () => f.world.messages(chat).find(({ from, message_id: id }) => from?.is_bot && id > said.message_id),
    { what: 'the answer' },
  );
  const isThere = f.world.messages(chat).some(({ message_id: id }) => id === said.message_id);
  return { text: answer.text ?? '', isThere };
}

const read = async (url: string) => readCookieFile((await app.cookies(url)) ?? '').cookies;

test('a file in private is kept by site, its message goes, and its pages are asked with it', async () => {
  const path = await fileOf(
    line('.youtube.com', 'SID'),
    line('.twitch.tv', 'auth-token', { days: 20 }),
    'not a cookie',
  );
  const { text, isThere } = await send(path);
  expect(text).toContain('Kept, encrypted');
  expect(text).toContain('youtube.com: 1 cookie, until ');
  expect(text).toContain('Not understood and left out: line 4.');
  expect(text).toContain('I removed your message');
  expect(isThere).toBe(false);
  expect(await read('https://m.youtube.com/watch?v=1')).toMatchObject([{ name: 'SID', value: secret }]);
  expect(await read('https://example.com/')).toEqual([]);
  await send(await fileOf(line('.youtube.com', 'SID', { value: 'newer' }), line('.youtube.com', 'HSID')));
  const merged = await read('https://www.youtube.com/');
  expect(merged.map(({ name, value }) => [name, value])).toEqual([
    ['SID', 'newer'],
    ['HSID', secret],
  ]);
  expect(await f.say('/cookies')).toContain('youtube.com: 2 cookies');
  expect(await f.say('/cookies remove www.youtube.com')).toContain('forgotten');
  expect(await read('https://www.youtube.com/')).toEqual([]);
});

test('in a group it is refused, and taken out where the bot may', async () => {
  const path = await fileOf(line('.youtube.com', 'SID'));
  const { text, isThere } = await send(path, { chat: f.group, caption: '/cookies' });
  expect(text).toContain('private chat');
  expect(text).toContain('I removed your message');
  expect(isThere).toBe(false);
  expect(await app.db.select().from(cookies)).toEqual([]);
});

test('bad files and strangers are told what to do, and nothing is kept', async () => {
  const big = join(dir, 'big.txt');
  await writeFile(big, 'x'.repeat(1_000_001));
  expect((await send(big)).text).toContain('at most 1000 kB');
  const other = await send(await fileOf('{"name": "value"}'));
  expect(other.text).toContain('no Netscape cookie file');
  expect(other.isThere).toBe(false);
  expect(await f.say('/cookies remove vimeo.com')).toContain('No cookies of vimeo.com');
  const operator = f.world.addUser({ firstName: 'Op' });
  const theirs = f.world.privateChat(operator);
  await f.say(`/grant ${operator.id} admin`);
  expect(await f.say('/cookies', { chat: theirs, user: operator })).not.toContain('Cookies are kept');
  expect(await app.db.select().from(cookies)).toEqual([]);
});

test('no value stands in a row or a reply', async () => {
  await send(await fileOf(line('.youtube.com', 'SID')));
  const tables = await app.db.execute<{ name: string }>(
    sql`select table_name as name from information_schema.tables where table_schema = 'public'`,
  );
  for (const { name } of tables) {
    const rows = await app.db.execute<{ row: string }>(sql`select t::text as row from ${sql.identifier(name)} t`);
    expect(rows.filter(({ row }) => row.includes(secret)).map(() => name)).toEqual([]);
  }
  const shown = f.world.messages(f.home).filter(({ from }) => from?.is_bot);
  expect(JSON.stringify(shown)).not.toContain(secret);
});

test('a warning comes once a day: before they expire, and when a site asks whether we are a robot', async () => {
  await send(await fileOf(line('.youtube.com', 'SID', { days: 2.5 })));
  const [stream] = await app.db
    .insert(streams)
    .values({ platform: 'test', channel: 'robot', url: 'https://www.vimeo.com/live' })
    .returning();
  await app.db.insert(checks).values({ streamId: stream?.id ?? 0, state: 'unknown', reason: 'bot_check' });
  await warnOfCookies(app);
  await warnOfCookies(app);
  const told = await app.db.select().from(notices);
  const toOwner = told.filter(({ chatKind }) => chatKind === 'telegram').map(({ text }) => text);
  expect(toOwner).toEqual([
    expect.stringContaining('The cookies of youtube.com expire on'),
    expect.stringContaining('vimeo.com asks whether we are a robot. Send cookies'),
  ]);
  await waitFor(() => f.world.messages(f.home).find(({ text }) => text?.includes('youtube.com expire on')), {
    what: 'the warning in the chat',
  });
});

test('the web chat takes a file by its own form, and says so without a value', async () => {
  const { url, loginUrl } = f.t.running.web as { url: string; loginUrl: string };
  const login = await fetch(loginUrl, { redirect: 'manual' });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  const form = new FormData();
  form.set('file', new File([`${line('.twitch.tv', 'auth-token')}\n`], 'cookies.txt'));
  const headers = { cookie, origin: new URL(url).origin };
  const answer = await fetch(new URL('/chat/cookies', url), {
    method: 'POST',
    body: form,
    headers,
    redirect: 'manual',
  });
  expect(answer.status).toBe(302);
  const said = await app.db.select().from(webMessages);
  expect(said.some(({ content }) => content.text.includes('twitch.tv: 1 cookie'))).toBe(true);
  expect(JSON.stringify(said)).not.toContain(secret);
  expect(await read('https://www.twitch.tv/someone')).toMatchObject([{ name: 'auth-token' }]);
});
