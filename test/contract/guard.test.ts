import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Source, SourceInput } from '../../src/core/ports.ts';
import { ffmpegSource } from '../../src/sources/ffmpeg/source.ts';
import { createPrefetch } from '../../src/sources/hls/prefetch.ts';
import { hlsSource } from '../../src/sources/hls/source.ts';
import { streamlinkSource } from '../../src/sources/streamlink/source.ts';
import { ytdlpSource } from '../../src/sources/ytdlp/source.ts';
import { writeSecretFile } from '../support/dash-origin.ts';
import { programs } from '../support/programs.ts';

/** Whatever a person or a server names, no Source opens what the guard refuses. */
let server: Server;
let port: number;
/** By the first folder of the path. */
const bodies = new Map<string, string>();
let contacts = 0;
beforeAll(async () => {
  server = createServer(({ url = '' }, response) => response.end(bodies.get(url.split('/')[1] ?? '')));
  server.on('connection', () => contacts++);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Captures until it fails or 60 s are over, and gives all that was kept. */
async function capture(source: Source, input: SourceInput, allowPrivate: boolean) {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-guard-'));
  const signal = AbortSignal.timeout(60_000);
  let error: unknown;
  try {
    for await (const _ of source.open(input, undefined, { dir, segmentMs: 2_000, signal, allowPrivate, programs }));
  } catch (caught) {
    error = caught;
  }
  const kept = await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name), 'latin1')));
  await rm(dir, { recursive: true, force: true });
  return { error, kept: kept.join('') };
}

const inputOf = (url: string, protocol: SourceInput['protocol'], more: Partial<SourceInput> = {}): SourceInput => ({
  url,
  headers: {},
  protocol,
  quality: 'best',
  ...more,
});

const ways: [string, Source, string, Partial<SourceInput> & { protocol: SourceInput['protocol'] }][] = [
  ['hls', hlsSource, 'http', { protocol: 'hls' }],
  ['a file', ffmpegSource, 'http', { protocol: 'http' }],
  ['rtmp', ffmpegSource, 'rtmp', { protocol: 'rtmp' }],
  ['rtsp', ffmpegSource, 'rtsp', { protocol: 'rtsp' }],
  ['srt', ffmpegSource, 'srt', { protocol: 'srt' }],
  ['dash', streamlinkSource, 'http', { protocol: 'dash' }],
  ['yt-dlp', ytdlpSource, 'http', { protocol: 'hls', engine: 'yt-dlp' }],
];

describe('an address of this machine or network is not contacted, however it is written', () => {
  const literal = ['127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254', 'localhost'];
  test.concurrent.each(ways)('%s', async (_, source, scheme, { protocol, ...more }) => {
    const before = contacts;
    for (const host of literal) {
      const { error, kept } = await capture(source, inputOf(`${scheme}://${host}:${port}/live`, protocol, more), false);
      expect(error, host).toMatchObject({ code: 'address_refused' });
      expect(kept).toBe('');
    }
    expect(contacts).toBe(before);
  });

  test.concurrent.each(ways.slice(0, 5))(
    '%s, under a name that leads there',
    async (_, source, scheme, { protocol, ...more }) => {
      const before = contacts;
      const url = `${scheme}://${hostname()}:${port}/live`;
      const { error } = await capture(source, inputOf(url, protocol, more), false);
      expect(error).toMatchObject({ name: expect.stringMatching(/UserError|TemporaryError/) });
      expect(contacts).toBe(before);
    },
  );
});

describe('what a server names is not read from this machine', () => {
  const named: [string, (file: string) => string][] = [
    ['a playlist', (file) => `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${file}\n#EXT-X-ENDLIST\n`],
    ['a playlist with concat:', (file) => playlistOf(`concat:${new URL(file).pathname}|${new URL(file).pathname}`)],
    ['a playlist with subfile', (file) => playlistOf(`subfile,,start,0,end,99,,:${new URL(file).pathname}`)],
    ['a script for ffmpeg', (file) => `ffconcat version 1.0\nfile '${new URL(file).pathname}'\n`],
    [
      'a session description',
      (file) => `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\na=control:${file}\nm=video 0 RTP/AVP 96\n`,
    ],
  ];
  const readers = ways.filter(([name]) => ['hls', 'a file', 'yt-dlp'].includes(name));
  const cases = readers.flatMap((way) => named.map(([what, make]) => [what, way[0], way, make] as const));

  test.concurrent.for(cases)('%s, by %s', async ([what, name, way, make], { onTestFinished }) => {
    const [, source, scheme, { protocol, ...more }] = way;
    const file = await writeSecretFile();
    onTestFinished(file.remove);
    const folder = encodeURIComponent(`${what} ${name}`);
    bodies.set(folder, make(file.url));
    const url = `${scheme}://127.0.0.1:${port}/${folder}/live.m3u8`;
    const { error, kept } = await capture(source, inputOf(url, protocol, more), true);
    expect(kept).not.toContain(file.secret);
    expect(String(error)).not.toContain(file.secret);
  });
});

const playlistOf = (address: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${address}\n#EXT-X-ENDLIST\n`;

test('a Media Segment whose host leads here is a Gap once something was had of the stream, and its end before', async () => {
  const before = contacts;
  const fetchOne = async (isReturn: boolean) => {
    const url = `http://localhost:${port}/1.ts`;
    const { signal } = new AbortController();
    const prefetch = createPrefetch({ input: { url, headers: {} }, allowPrivate: false, signal, isReturn });
    prefetch.slideTo(2);
    const segment = { sequence: 1, url, durationMs: 1_000, discontinuity: false, isGap: false };
    void prefetch.add({ segment, playlist: '' });
    prefetch.end();
    for await (const { fetched } of prefetch) return fetched;
    return undefined;
  };
  await expect(fetchOne(false)).rejects.toMatchObject({ code: 'address_refused' });
  expect(await fetchOne(true)).toMatchObject({ isOk: false, cause: 'http_error', detail: 'address_refused' });
  expect(contacts).toBe(before);
});
