import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDirectPlatform } from '../../src/monitor/platforms/direct.ts';
import { createGenericPlatform } from '../../src/monitor/platforms/generic.ts';
import { type AnsweringYtdlp, startAnsweringYtdlp } from '../support/answering-ytdlp.ts';
import { type PlaylistSite, startPlaylistSite } from '../support/playlist-site.ts';
import { programs } from '../support/programs.ts';

let site: PlaylistSite;
let ytdlp: AnsweringYtdlp;
beforeAll(async () => {
  [site, ytdlp] = await Promise.all([startPlaylistSite(), startAnsweringYtdlp()]);
});
afterAll(() => Promise.all([site.close(), ytdlp.close()]));

const options = () => ({
  programs: { ...programs, ytdlp: ytdlp.path, streamlink: 'no-such-program' },
  allowPrivate: true,
});
const look = async (platform: ReturnType<typeof createDirectPlatform>, url: string) => {
  const [status] = await platform.check(
    [{ id: 1, platform: platform.name, channel: url, url }],
    AbortSignal.timeout(60_000),
  );
  return status;
};

test.each([
  ['https://cdn.example/live/index.m3u8?token=a', true],
  ['https://cdn.example/live.mpd', true],
  ['https://radio.example/stream.mp3', true],
  ['rtmp://server.example/app/key', true],
  ['srt://server.example:9000?streamid=read:a', true],
  ['https://site.example/watch?file=a.m3u8', false],
  ['https://site.example/channel', false],
])('%s is media itself: %s', (link, isDirect) => {
  const match = createDirectPlatform(options()).match(new URL(link));
  expect(match).toEqual(isDirect ? { channel: link, url: link } : undefined);
});

test('a playlist costs one request, and no program is asked', async () => {
  const platform = createDirectPlatform(options());
  const url = `${site.root}/cheap.m3u8?token=a`;
  site.setLive('cheap', true);
  expect(await look(platform, url)).toMatchObject({ state: 'live' });
  // Gone and back: 404 right after it went live, as servers do while they make the first segment.
  site.setLive('cheap', false);
  expect(await look(platform, url)).toMatchObject({ state: 'offline', reason: 'stream_offline' });
  site.setLive('cheap', true);
  expect(await look(platform, url)).toMatchObject({ state: 'live' });
  expect(site.requests).toEqual(['/cheap.m3u8?token=a', '/cheap.m3u8?token=a', '/cheap.m3u8?token=a']);
  expect(await ytdlp.asked()).toEqual([]);
});

test('a server that is not there is unknown, not offline', async () => {
  expect(await look(createDirectPlatform(options()), 'rtmp://127.0.0.1:9/app/key')).toMatchObject({ state: 'unknown' });
});

test('a page is asked of yt-dlp: announced, live with its title, and what it does not say', async () => {
  const platform = createGenericPlatform(options());
  const url = `${site.root}/channel`;
  await ytdlp.answer({ live_status: 'is_upcoming', release_timestamp: 1_800_000_000 });
  expect(await look(platform, url)).toMatchObject({ state: 'scheduled', scheduledFor: new Date(1_800_000_000_000) });
  const formats = [{ url: 'https://cdn/a.m3u8', protocol: 'm3u8_native', height: 720 }];
  await ytdlp.answer({ id: 'channel', title: 'It is 20:00 2026-11-21 12:00', is_live: true, formats });
  const live = await look(platform, url);
  expect(live).toMatchObject({ state: 'live', title: 'It is 20:00' });
  // A page's id may be that of the channel: two broadcasts would be one.
  expect(live?.broadcastId).toBeUndefined();
  await ytdlp.answer({ live_status: 'was_live' });
  expect(await look(platform, url)).toMatchObject({ state: 'ended', reason: 'stream_ended' });
  await ytdlp.complain('ERROR: [site] x: Unable to download webpage: HTTP Error 503');
  expect(await look(platform, url)).toMatchObject({ state: 'unknown', reason: 'resolve_failed' });
  await ytdlp.complain('ERROR: Unsupported URL: https://example.com/');
  expect(await look(platform, url)).toMatchObject({ state: 'unknown', reason: 'site_unknown' });
});
