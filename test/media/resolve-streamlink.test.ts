import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askStreamlink } from '../../src/media/ask-streamlink.ts';
import { resolve } from '../../src/media/resolve.ts';
import { chooseStream } from '../../src/media/resolve-streamlink.ts';
import { streamlinkCommand } from '../../src/media/streamlink-program.ts';
import { streamlinkArgs } from '../../src/sources/streamlink/args.ts';
import { type AnsweringYtdlp, startAnsweringYtdlp } from '../support/answering-ytdlp.ts';

let server: Server;
let base: string;
let dir: string;
let ytdlp: AnsweringYtdlp;
let streamlink: string;
const master =
  '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360\nlow.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2900000,RESOLUTION=1280x720\nhigh.m3u8\n';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aircheck-streamlink-'));
  ytdlp = await startAnsweringYtdlp();
  server = createServer((request, response) => {
    const isPlaylist = request.url?.startsWith('/live.m3u8');
    response.statusCode = isPlaylist || request.url === '/page' ? 200 : 404;
    response.end(isPlaylist ? master : '<html></html>');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  streamlink = join(dir, 'streamlink');
  await writeFile(streamlink, `#!/bin/sh\ncat "\${1#@}" > '${dir}/args'\ncat '${dir}/answer'\n`, { mode: 0o755 });
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await ytdlp.close();
  await rm(dir, { recursive: true, force: true });
});

const signal = AbortSignal.timeout(100_000);
const answer = (value: unknown) => writeFile(join(dir, 'answer'), JSON.stringify(value));
const ask = (programs: { streamlink?: string }) =>
  resolve(`${base}/page`, {
    quality: 'best',
    programs: { ytdlp: ytdlp.path, ...programs },
    signal,
    allowPrivate: true,
  });

test('a site that yt-dlp does not know is asked of streamlink', async () => {
  const headers = {
    'User-Agent': 'a browser',
    Referer: 'https://site/',
    'Accept-Encoding': 'gzip',
    Connection: 'keep-alive',
  };
  const best = { type: 'hls', url: 'https://cdn/720.m3u8', master: 'https://cdn/all.m3u8', headers };
  await answer({
    plugin: 'site',
    metadata: { id: 7, author: 'Somebody', title: 'On air' },
    streams: { '720p': best, best },
  });
  expect(await ask({ streamlink })).toEqual({
    input: {
      url: 'https://cdn/all.m3u8',
      headers: { 'User-Agent': 'a browser', Referer: 'https://site/' },
      protocol: 'hls',
      quality: 'best',
    },
    title: 'On air',
    channel: 'Somebody',
    isLive: true,
    isEnded: false,
    pageId: '7',
  });
  expect(await readFile(join(dir, 'args'), 'utf8')).toBe(`no-config\njson\nurl=${base}/page\n`);
});

test.each([
  ['No plugin can handle URL: https://example.com/', { name: 'UserError', code: 'site_unknown' }],
  ['No playable streams found on this URL: https://example.com/', { name: 'UserError', code: 'stream_offline' }],
  ['Unable to open URL: https://example.com/ (503)', { name: 'TemporaryError', code: 'resolve_failed' }],
])('%s', async (error, expected) => {
  await answer({ error });
  await expect(ask({ streamlink })).rejects.toMatchObject(expected);
});

test('what yt-dlp cannot read streamlink may; else yt-dlp is believed', async () => {
  await ytdlp.complain('ERROR: [Kick] x: Unable to download webpage: HTTP Error 403: Forbidden');
  await answer({ error: 'No playable streams found on this URL: https://example.com/' });
  await expect(ask({ streamlink })).rejects.toMatchObject({ name: 'TemporaryError', code: 'resolve_failed' });
  await answer({ streams: { best: { type: 'hls', url: 'https://cdn/a.m3u8' } } });
  expect(await ask({ streamlink })).toMatchObject({ isLive: true, input: { url: 'https://cdn/a.m3u8' } });
  await ytdlp.complain('ERROR: Unsupported URL: https://example.com/');
});

test('without streamlink the site is unknown', async () => {
  await expect(ask({ streamlink: join(dir, 'none') })).rejects.toMatchObject({ code: 'site_unknown' });
  await expect(ask({})).rejects.toMatchObject({ code: 'site_unknown' });
});

test('the nearest lower picture where there is no master playlist; what is not HLS is left to streamlink', () => {
  const of = (type: string, url: string) => ({ type, url, headers: {} });
  const streams = {
    '360p': of('hls', 'l'),
    '720p60': of('hls', 'h'),
    audio_only: of('hls', 'a'),
    best: of('hls', 'h'),
  };
  expect(chooseStream('page', { streams }, '480p')).toMatchObject({ url: 'l', protocol: 'hls' });
  expect(chooseStream('page', { streams }, 'best')).toMatchObject({ url: 'h' });
  expect(chooseStream('page', { streams }, 'audio')).toMatchObject({ url: 'a' });
  const left = { url: 'page', headers: {}, protocol: 'http', quality: '480p', engine: 'streamlink' };
  expect(chooseStream('page', { streams: { best: of('dash', 'x') } }, '480p')).toEqual(left);
});

test('a master elsewhere is not given the cookies that were made for its variant', () => {
  const headers = { Cookie: 'session=1', Referer: 'https://site/' };
  const input = (master: string) =>
    chooseStream('page', { streams: { best: { type: 'hls', url: 'https://cdn/720.m3u8', master, headers } } }, 'best');
  expect(input('https://cdn/all.m3u8').headers).toEqual(headers);
  expect(input('https://other/all.m3u8').headers).toEqual({ Referer: 'https://site/' });
});

test('what a single binary is told stands in a file of our own, and in no process list', async () => {
  const input = { url: 'https://site/?key=1', headers: { Authorization: 'Bearer a=b' }, protocol: 'http' } as const;
  const wanted = streamlinkArgs({ ...input, quality: '720p' }, { ffmpeg: '/usr/bin/ffmpeg', isFirst: true });
  const given = await streamlinkCommand(wanted, { program: streamlink, url: input.url, allowPrivate: true });
  const path = given.args.join().slice(1);
  expect(given).toMatchObject({ command: streamlink, args: [`@${path}`] });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  expect(lines).toContain('http-header=Authorization=Bearer a=b');
  expect(lines).toContain('stream-sorting-excludes=>720p');
  expect(lines.slice(-2)).toEqual(['url=https://site/?key=1', 'default-stream=best,worst-unfiltered']);
  await given.close();
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('the real program answers so, as a single binary too', async () => {
  const asking = { streamlink: 'streamlink', allowPrivate: true, signal };
  const page = await askStreamlink(`hls://${base}/live.m3u8`, asking);
  expect(chooseStream('page', page, '480p')).toMatchObject({
    url: `${base}/live.m3u8`,
    protocol: 'hls',
    quality: '480p',
  });
  const single = join(dir, 'single');
  await writeFile(single, '#!/bin/sh\nexec streamlink "$@"\n', { mode: 0o755 });
  const told = await askStreamlink(`hls://${base}/live.m3u8`, { ...asking, streamlink: single });
  expect(Object.keys(told.streams)).toEqual(Object.keys(page.streams));
  await expect(askStreamlink(`${base}/page`, asking)).rejects.toMatchObject({ code: 'site_unknown' });
});
