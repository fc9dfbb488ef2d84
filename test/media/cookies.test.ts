import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeCookieFile } from '../../src/core/cookies.ts';
import type { Source } from '../../src/core/ports.ts';
import { run } from '../../src/lib/run.ts';
import { askYtdlp } from '../../src/media/ask-ytdlp.ts';
import { endWarmYtdlp } from '../../src/media/warm-ytdlp.ts';
import { streamlinkSource } from '../../src/sources/streamlink/source.ts';
import { ytdlpSource } from '../../src/sources/ytdlp/source.ts';
import { read } from '../contract/source.ts';
import { waitFor } from '../support/wait.ts';

type Asked = { host: string; path: string; cookie: string | undefined };

/** A playlist at 127.0.0.1 whose one segment lies at localhost: two hosts, one server that never answers the second. */
const asked: Asked[] = [];
const server = createServer((request, response) => {
  const { host = '', cookie } = request.headers;
  asked.push({ host: host.replace(/:.*/, ''), path: request.url ?? '', cookie });
  if (!request.url?.startsWith('/live.m3u8')) return;
  const { port } = server.address() as AddressInfo;
  response.setHeader('content-type', 'application/vnd.apple.mpegurl');
  response.end(`#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://localhost:${port}/segment.ts\n`);
});
const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/live.m3u8`;
const cookies = async () =>
  writeCookieFile([
    {
      ...{ domain: '127.0.0.1', isForSubdomains: false, path: '/', isSecure: false, isHttpOnly: true },
      ...{ expiresAt: 4_000_000_000, name: 'login', value: 'c00kie-value' },
    },
  ]);

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aircheck-cookies-'));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await endWarmYtdlp();
  server.closeAllConnections();
  server.close();
  await rm(dir, { recursive: true, force: true });
});

const signal = AbortSignal.timeout(120_000);
const processes = async () => (await run('ps', ['-eo', 'args', '-ww'])).stdout;
/** Those with our cookies: other tests write theirs at the same time. */
const privateFiles = async () => {
  const dirs = (await readdir(tmpdir())).filter((name) => /^aircheck-\w{6}$/.test(name));
  const texts = await Promise.all(
    dirs.map((name) => readFile(join(tmpdir(), name, 'private'), 'utf8').catch(() => '')),
  );
  return texts.filter((text) => text.includes('c00kie-value')).length;
};

test('a page is asked with its cookies, by the warm yt-dlp and by a process of its own', async () => {
  const single = join(dir, 'yt-dlp');
  await writeFile(single, '#!/bin/sh\nexec yt-dlp "$@"\n', { mode: 0o755 });
  const before = await privateFiles();
  for (const ytdlp of ['yt-dlp', single]) {
    asked.length = 0;
    await askYtdlp(url(), { ytdlp, allowPrivate: true, signal, cookies });
    expect(asked.map(({ cookie }) => cookie)).toContain('login=c00kie-value');
  }
  expect(await privateFiles()).toBe(before);
});

test.each<[string, Source]>([
  ['yt-dlp', ytdlpSource],
  ['streamlink', streamlinkSource],
])('%s captures with cookies; they go to their own host only, and stand in no process list', async (_name, source) => {
  asked.length = 0;
  const input = { url: url(), headers: {}, protocol: 'hls' as const, quality: 'best' as const };
  const open: Source['open'] = (of, from, options) => source.open(of, from, { ...options, cookies });
  const reading = await read({ ...source, open }, input);
  await waitFor(() => asked.some(({ host }) => host === 'localhost') || undefined, { what: 'the other host is asked' });
  expect(await processes()).not.toContain('c00kie-value');
  reading.abort();
  await reading.done.catch(() => undefined);
  const own = asked.filter(({ host }) => host === '127.0.0.1');
  expect(own.map(({ cookie }) => cookie)).toContain('login=c00kie-value');
  expect(asked.filter(({ host }) => host === 'localhost').map(({ cookie }) => cookie ?? '')).toContain('');
  expect(asked.filter(({ host, cookie }) => host === 'localhost' && cookie)).toEqual([]);
});
