import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ResolveOptions, resolve } from '../../src/media/resolve.ts';

const media = '#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na.ts\n';
const master = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n';
const long = `#EXTM3U\n#EXT-X-TARGETDURATION:6\n${'#EXTINF:6,\na-long-segment-name.ts\n'.repeat(500)}`;
const files: Record<string, string> = {
  '/live.m3u8': media,
  '/master.m3u8': master,
  '/over.m3u8': `${media}#EXT-X-ENDLIST\n`,
  '/page.m3u8': '<html></html>',
  '/play?id=1': media,
  '/long': `${long}#EXT-X-ENDLIST\n`,
  '/film.mp4': '\0\0\0\x20ftypisom\0\0\0\0',
  '/live.mpd': '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic">',
  '/vod.mpd': '<MPD type="static">',
  '/channel': `<html>${'x'.repeat(100_000)}</html>`,
};

let server: Server;
let base: string;
let dir: string;
let ytdlp: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aircheck-resolve-'));
  server = createServer((request, response) => {
    // A stream without end that is no playlist: only its first bytes may be waited for.
    if (request.url === '/radio') return void response.write('ID3 sound');
    const text = files[request.url ?? ''];
    response.statusCode = text === undefined ? 404 : 200;
    response.end(text);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // Speaks as yt-dlp does: answer.json on stdout, or answer.err on stderr and exit 1; notes its arguments.
  ytdlp = join(dir, 'yt-dlp');
  const script = `#!/bin/sh
printf '%s\\n' "$@" > '${dir}/args'
cat > '${dir}/asked'
if [ -s '${dir}/answer.err' ]; then cat '${dir}/answer.err' >&2; exit 1; fi
cat '${dir}/answer.json'
`;
  await writeFile(ytdlp, script, { mode: 0o755 });
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await rm(dir, { recursive: true, force: true });
});

function ask(url: string, options: Partial<ResolveOptions> = {}) {
  const signal = AbortSignal.timeout(60_000);
  return resolve(url, { quality: 'best', programs: { ytdlp }, signal, allowPrivate: true, ...options });
}
async function answer(json: unknown): Promise<void> {
  await writeFile(join(dir, 'answer.err'), '');
  await writeFile(join(dir, 'answer.json'), typeof json === 'string' ? json : JSON.stringify(json));
}
async function complain(text: string): Promise<void> {
  await writeFile(join(dir, 'answer.err'), text);
}

describe('a playlist is looked at without yt-dlp', () => {
  test.each([
    ['/live.m3u8', true],
    ['/master.m3u8', true],
    ['/over.m3u8', false],
    ['/play?id=1', true],
    ['/long', false],
  ])('%s is live: %s', async (path, isLive) => {
    const input = { url: `${base}${path}`, headers: {}, protocol: 'hls', quality: 'best' };
    expect(await ask(`${base}${path}`)).toEqual({ input, isLive, isEnded: !isLive });
  });

  test('a playlist that is not there keeps its status', async () => {
    await expect(ask(`${base}/none.m3u8`)).rejects.toMatchObject({ status: 404 });
  });

  test('a page under the name of a playlist is no stream', async () => {
    await expect(ask(`${base}/page.m3u8`)).rejects.toMatchObject({ name: 'UserError', code: 'not_a_stream' });
  });

  test('private addresses and other schemes are refused', async () => {
    await expect(ask(`${base}/live.m3u8`, { allowPrivate: false })).rejects.toMatchObject({ code: 'address_refused' });
    await expect(ask('file:///etc/passwd')).rejects.toMatchObject({ code: 'bad_url' });
  });
});

describe('media is known by its first bytes', () => {
  test('a stream without end does not hold us up', async () => {
    expect(await ask(`${base}/radio`)).toMatchObject({ input: { protocol: 'http' }, isLive: true });
  });

  test('a stream that is not there now keeps its status: no program is asked what a page may be', async () => {
    await expect(ask(`${base}/live/key.flv?sig=1`)).rejects.toMatchObject({ status: 404 });
  });

  test('a file is one broadcast, whenever it is seen', async () => {
    const first = await ask(`${base}/film.mp4`);
    expect(first).toMatchObject({
      input: { protocol: 'http' },
      isLive: true,
      broadcastId: expect.stringMatching(/^file:/),
    });
    expect((await ask(`${base}/film.mp4`)).broadcastId).toBe(first.broadcastId);
  });

  test.each([
    ['/live.mpd', true],
    ['/vod.mpd', false],
  ])('%s is live: %s', async (path, isLive) => {
    expect(await ask(base + path)).toMatchObject({ input: { protocol: 'dash' }, isLive, isEnded: !isLive });
  });
});

test.each([
  ['rtmp://host/app/key', 'rtmp'],
  ['rtsp://host/a', 'rtsp'],
  ['srt://host:9000', 'srt'],
])('%s is taken by its scheme', async (url, protocol) => {
  expect(await ask(url)).toMatchObject({ input: { url, protocol }, isLive: true, isEnded: false });
});

const hls = (height: number, more = {}) => ({
  url: `https://cdn/${height}.m3u8`,
  protocol: 'm3u8_native',
  height,
  ...more,
});
const livePage = {
  title: 'A talk 2026-11-21 03:04',
  channel: 'Somebody',
  is_live: true,
  live_status: 'is_live',
  formats: [
    { url: 'https://cdn/a.m3u8', protocol: 'm3u8_native', vcodec: 'none', acodec: 'mp4a' },
    hls(360),
    hls(720),
    hls(1080, { http_headers: { Referer: 'https://site/' } }),
    { url: 'https://cdn/x.mp4', protocol: 'https', height: 2160 },
    { url: 'https://cdn/x.mpd', protocol: 'http_dash_segments', height: 2160 },
  ],
};

describe('a page is asked of yt-dlp', () => {
  test('the best HLS format, with its headers; the title without the time that yt-dlp adds', async () => {
    await answer(livePage);
    expect(await ask(`${base}/channel`)).toEqual({
      input: { url: 'https://cdn/1080.m3u8', headers: { Referer: 'https://site/' }, protocol: 'hls', quality: 'best' },
      title: 'A talk',
      channel: 'Somebody',
      isLive: true,
      isEnded: false,
    });
    const args = (await readFile(join(dir, 'args'), 'utf8')).trim().split('\n');
    expect(args.join(' ')).not.toContain(base);
    expect(args).toContain('--no-config');
    expect(await readFile(join(dir, 'asked'), 'utf8')).toBe(`${base}/channel\n`);
  });

  test('on Twitch what the streamer wrote is the title, with a clock of their own', async () => {
    const wrote = {
      title: 'Somebody (live) 2026-11-21 03:04',
      description: 'Until 2026-11-21 06:00',
      timestamp: 1_800_000_000,
    };
    await answer({ ...livePage, ...wrote, id: '42', extractor_key: 'TwitchStream' });
    const { title, pageId, startedAt } = await ask(`${base}/channel`);
    expect({ title, pageId, startedAt }).toEqual({
      ...{ title: wrote.description, pageId: '42', startedAt: new Date(1_800_000_000_000) },
    });
  });

  test.each([
    ['720p', 'https://cdn/720.m3u8'],
    ['480p', 'https://cdn/360.m3u8'],
    ['2160p', 'https://cdn/1080.m3u8'],
    ['audio', 'https://cdn/a.m3u8'],
  ] as const)('quality %s is %s', async (quality, url) => {
    await answer(livePage);
    expect((await ask(`${base}/channel`, { quality })).input).toMatchObject({ url, quality });
  });

  test('pictures without sound are taken with their master, where the sound is listed too', async () => {
    const master = { manifest_url: 'https://cdn/master.m3u8', acodec: 'none' };
    const sound = { ...livePage.formats[0], manifest_url: 'https://cdn/master.m3u8' };
    await answer({ ...livePage, formats: [sound, hls(360, master), hls(720, master)] });
    expect((await ask(`${base}/channel`)).input.url).toBe('https://cdn/master.m3u8');
    expect((await ask(`${base}/channel`, { quality: 'audio' })).input.url).toBe('https://cdn/a.m3u8');
  });

  test('where everything is higher than asked for the lowest picture is taken, not the sound alone', async () => {
    await answer({ ...livePage, formats: [livePage.formats[0], hls(720), hls(1080)] });
    expect((await ask(`${base}/channel`, { quality: '360p' })).input.url).toBe('https://cdn/720.m3u8');
  });

  test('without HLS the next best protocol is taken', async () => {
    const dash = { url: 'https://cdn/a.m4s', manifest_url: 'https://cdn/a.mpd', protocol: 'http_dash_segments' };
    const plain = { url: 'https://cdn/a.flv', protocol: 'https' };
    await answer({ ...livePage, formats: [plain, dash] });
    expect((await ask(`${base}/channel`)).input).toMatchObject({ url: 'https://cdn/a.mpd', protocol: 'dash' });
    await answer({ ...livePage, formats: [plain] });
    expect((await ask(`${base}/channel`)).input).toMatchObject({ url: 'https://cdn/a.flv', protocol: 'http' });
  });

  test('a program that was asked for is given the page itself', async () => {
    await answer(livePage);
    const { input } = await ask(`${base}/channel`, { engine: 'yt-dlp' });
    expect(input).toMatchObject({ url: `${base}/channel`, engine: 'yt-dlp', headers: {} });
  });

  test('an announced broadcast tells when it begins', async () => {
    await answer({ live_status: 'is_upcoming', release_timestamp: 1_800_000_000 });
    const values = { startsAt: '2027-01-15T08:00:00.000Z' };
    await expect(ask(`${base}/channel`)).rejects.toMatchObject({ code: 'stream_offline', values });
  });

  test.each([
    [{ live_status: 'was_live' }, 'stream_ended'],
    [{ live_status: 'is_upcoming', release_timestamp: 1_800_000_000 }, 'stream_offline'],
    [{ live_status: 'not_live', is_live: false }, 'not_a_stream'],
  ])('%j is %s', async (page, code) => {
    await answer(page);
    await expect(ask(`${base}/channel`)).rejects.toMatchObject({ name: 'UserError', code });
  });

  test.each([
    ['ERROR: [twitch:stream] somebody: The channel is not currently live', 'stream_offline'],
    ['ERROR: [youtube] x: This live event will begin in 5 hours.', 'stream_offline'],
    ["ERROR: [youtube] x: Private video. Sign in if you've been granted access to this video", 'stream_private'],
    ['ERROR: [youtube] x: Join this channel to get access to members-only content', 'members_only'],
    ["ERROR: [youtube] x: This video is available to this channel's members on level: A", 'members_only'],
    ["ERROR: [youtube] x: Sign in to confirm you're not a bot. Use --cookies", 'bot_check'],
    ['ERROR: [a] x: The uploader has not made this video available in your country', 'geo_blocked'],
    ['ERROR: [a] x: This video is not available from your location due to geo restriction', 'geo_blocked'],
    ['ERROR: [youtube] x: This live event has ended.', 'stream_ended'],
    ['ERROR: [youtube] x: Video unavailable. This video has been removed by the uploader', 'stream_removed'],
    ['ERROR: [generic] Unable to download webpage: HTTP Error 404: Not Found', 'stream_removed'],
    ['ERROR: Unsupported URL: https://example.com/', 'site_unknown'],
  ])('%s', async (text, code) => {
    await complain(text);
    await expect(ask(`${base}/channel`)).rejects.toMatchObject({ name: 'UserError', code });
  });

  test('what is not understood may pass', async () => {
    await complain('ERROR: Unable to download webpage: timed out');
    await expect(ask(`${base}/channel`)).rejects.toMatchObject({ name: 'TemporaryError', code: 'resolve_failed' });
    await complain('ERROR: [youtube] x: Unable to download API page: HTTP Error 404: Not Found');
    await expect(ask(`${base}/channel`)).rejects.toMatchObject({ name: 'TemporaryError', code: 'resolve_failed' });
    // A broken extractor says this too: a live stream must not look offline by it.
    await complain('ERROR: [generic] x: No video formats found!; please report this issue');
    await expect(ask(`${base}/channel`)).rejects.toMatchObject({ name: 'TemporaryError', code: 'resolve_failed' });
    await answer({ ...livePage, formats: [] });
    await expect(ask(`${base}/channel`)).rejects.toMatchObject({ name: 'TemporaryError', code: 'resolve_failed' });
    await answer('no json');
    await expect(ask(`${base}/channel`)).rejects.toMatchObject({ name: 'TemporaryError', code: 'resolve_failed' });
  });

  test('without yt-dlp there is a sentence for it', async () => {
    const programs = { ytdlp: join(dir, 'no-such-program') };
    await expect(ask(`${base}/channel`, { programs })).rejects.toMatchObject({ code: 'program_missing' });
  });
});
