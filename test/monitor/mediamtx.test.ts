import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { StreamRef } from '../../src/core/ports.ts';
import { createMediamtxPlatform } from '../../src/monitor/platforms/mediamtx/mediamtx.ts';
import { type MediamtxServer, startMediamtx } from '../support/mediamtx.ts';

let site: MediamtxServer;
beforeAll(async () => {
  site = await startMediamtx();
});
afterAll(() => site.close());
beforeEach(() => {
  site.setFault(undefined);
  site.setLogin(undefined);
  site.configure({});
  site.requests.splice(0);
});

const signal = AbortSignal.timeout(100_000);
/** Each has nothing in mind of what it asked before. */
const open = (allowPrivate = true) => createMediamtxPlatform({ allowPrivate });
function serverOf(link: string): StreamRef {
  const match = open().matchServer?.(new URL(link));
  if (!match) throw new Error(`${link} is not taken`);
  return { id: 1, platform: 'mediamtx', ...match };
}
const list = (link = site.root, platform = open()) => platform.list?.(serverOf(link), signal);
const check = async (stream: StreamRef, platform = open()) => (await platform.check([stream], signal))[0];

test('a server is one by any address of its API, whoever logs in; what is no web address is none', () => {
  const { channel } = serverOf('http://media.example:9997');
  expect(channel).toBe('http://media.example:9997/');
  for (const link of ['http://media.example:9997/v3/paths/list?page=2', 'http://a:b@media.example:9997/'])
    expect(serverOf(link).channel).toBe(channel);
  expect(serverOf('https://media.example/mtx/v3/paths/list').channel).toBe('https://media.example/mtx/');
  expect(serverOf('http://a:p%40@media.example:9997').url).toBe('http://a:p%40@media.example:9997/');
  for (const link of ['rtsp://media.example:8554/x', 'srt://h:1', 'http://h/?via=file:///etc/passwd'])
    expect(open().matchServer?.(new URL(link))).toBeUndefined();
  expect(open().match(new URL('http://media.example:9997'))).toBeUndefined();
});

test('what is live is listed, with the way to it that the server has', async () => {
  site.set('web-1', true);
  site.set('web-2', false);
  site.set('live/cam', { ready: true, online: true });
  site.set('filler', { ready: true, online: false });
  site.set('a/../b', true);
  const urls = async (link?: string) => (await list(link))?.map(({ url }) => url);
  expect(await list()).toEqual([
    { channel: `${site.root}/web-1`, url: 'rtsp://127.0.0.1:8554/web-1', platformId: 'web-1' },
    { channel: `${site.root}/live/cam`, url: 'rtsp://127.0.0.1:8554/live/cam', platformId: 'live/cam' },
  ]);
  site.configure({ rtsp: false, hlsAddress: '0.0.0.0:80' });
  expect(await urls()).toEqual(['http://127.0.0.1/web-1/index.m3u8', 'http://127.0.0.1/live/cam/index.m3u8']);
  site.configure({ rtspTransports: ['udp'], hlsEncryption: true });
  expect((await urls())?.[0]).toBe('https://127.0.0.1:8888/web-1/index.m3u8');
  site.configure({ rtspEncryption: 'strict', hls: false });
  expect((await urls())?.[0]).toBe('rtsps://127.0.0.1:8322/web-1');
  expect((await urls(`${site.root}/?via=rtsp://cams.example:18554`))?.[0]).toBe('rtsp://cams.example:18554/web-1');
  expect((await urls(`${site.root}/?via=https://cams.example/hls`))?.[0]).toBe(
    'https://cams.example/hls/web-1/index.m3u8',
  );
  site.configure({ rtsp: false, hls: false });
  await expect(list()).rejects.toThrow('server_closed');
  expect(await check(serverOf(site.root))).toMatchObject({ state: 'unknown', reason: 'server_closed' });
});

test('a server and its streams are looked at by one question, and a server is never live itself', async () => {
  site.set('web-1', { ready: true, readyTime: '2026-11-21T10:00:00.123456789+01:00' });
  const platform = open();
  const [first] = (await list(site.root, platform)) ?? [];
  site.requests.splice(0);
  const server = serverOf(site.root);
  const child = { platform: 'mediamtx', channel: '', url: '', ...first };
  const gone = { ...child, id: 3, channel: `${site.root}/gone`, platformId: 'gone' };
  expect(await platform.check([server, { ...child, id: 2 }, gone], signal)).toEqual([
    { streamId: 1, state: 'offline' },
    { streamId: 2, state: 'live', title: 'web-1', startedAt: new Date('2026-11-21T09:00:00.123Z') },
    { streamId: 3, state: 'offline', reason: 'stream_offline' },
  ]);
  expect(site.requests).toEqual(['/v3/paths/list?itemsPerPage=500&page=0']);
  // The list that the look has just read is not asked for again.
  await list(site.root, platform);
  expect(site.requests).toHaveLength(1);
});

test('the login of the link goes to the API and to the media, and into no name', async () => {
  site.set('web-1', true);
  site.setLogin({ user: 'admin', pass: 'p@ss' });
  await expect(list()).rejects.toThrow('list_refused');
  expect(await check(serverOf(site.root))).toMatchObject({ state: 'unknown', reason: 'list_refused' });
  const link = site.root.replace('//', '//admin:p%40ss@');
  const [first] = (await list(link)) ?? [];
  expect(first).toMatchObject({ channel: `${site.root}/web-1`, url: 'rtsp://admin:p%40ss@127.0.0.1:8554/web-1' });
  expect(await check({ id: 2, platform: 'mediamtx', channel: '', url: '', ...first })).toMatchObject({ state: 'live' });
});

test('all pages are read', async () => {
  const names = Array.from({ length: 1_201 }, (_, at) => `many-${at}`);
  for (const name of names) site.set(name, true);
  const listed = (await list())?.map(({ platformId }) => platformId) ?? [];
  expect(names.filter((name) => !listed.includes(name))).toEqual([]);
  expect(site.requests.filter((path) => path.startsWith('/v3/paths'))).toHaveLength(3);
  for (const name of names) site.set(name, undefined);
});

test.each([
  ['gone', 'connection_lost'],
  [500, 'http_error'],
  [404, 'no_list'],
  ['page', 'no_list'],
] as const)('%s is unknown: %s', async (fault, reason) => {
  site.setFault(fault);
  expect(await check(serverOf(site.root))).toMatchObject({ state: 'unknown', reason });
  await expect(list()).rejects.toThrow(reason);
});

test('a private address is refused, as elsewhere', async () => {
  await expect(list(site.root, open(false))).rejects.toThrow('address_refused');
  expect(await check(serverOf(site.root), open(false))).toMatchObject({ state: 'unknown', reason: 'address_refused' });
});
