import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Platform } from '../../src/core/ports.ts';
import { createKickPlatform } from '../../src/monitor/platforms/kick.ts';
import { type AnsweringYtdlp, startAnsweringYtdlp } from '../support/answering-ytdlp.ts';
import { type KickServer, startKick } from '../support/kick.ts';
import { programs } from '../support/programs.ts';

let site: KickServer;
let ytdlp: AnsweringYtdlp;
let platform: Platform;
beforeAll(async () => {
  [site, ytdlp] = await Promise.all([startKick(), startAnsweringYtdlp()]);
});
afterAll(() => Promise.all([site.close(), ytdlp.close()]));
beforeEach(() => {
  site.setFault(undefined);
  site.requests.length = 0;
  const own = { ...programs, ytdlp: ytdlp.path, streamlink: 'no-such-program' };
  platform = createKickPlatform({ programs: own, allowPrivate: true, root: site.root });
});

async function look(channel: string) {
  const stream = { id: 1, platform: 'kick', channel, url: `${site.root}/${channel}` };
  const [status] = await platform.check([stream], AbortSignal.timeout(60_000));
  return status;
}

test.each([
  ['https://kick.com/Some-Body', 'some-body'],
  ['https://www.kick.com/some_body?clip=', 'some_body'],
  ['https://m.kick.com/xqc/', 'xqc'],
])('%s is the channel %s', (link, channel) => {
  expect(platform.match(new URL(link))).toEqual({ channel, url: `${site.root}/${channel}` });
});

test.each([
  'https://kick.com/',
  'https://kick.com/browse',
  'https://kick.com/xqc/videos/8dd97a8d-e17f-48fb-8bc3-565f88dbc9ea',
  'https://kick.com.example/xqc',
])('%s is left to others', (link) => {
  expect(platform.match(new URL(link))).toBeUndefined();
});

test('live and offline, by one small request each', async () => {
  site.setChannel('somebody', {
    slug: '92722911-nopixel-40',
    title: 'NoPixel',
    category: 'GTA',
    createdAt: '2026-11-21 10:00:00',
  });
  expect(await look('somebody')).toEqual({
    streamId: 1,
    state: 'live',
    broadcastId: '92722911-nopixel-40',
    platformId: '32807',
    title: 'NoPixel',
    category: 'GTA',
    startedAt: new Date('2026-11-21T10:00:00Z'),
  });
  site.setChannel('somebody', undefined);
  expect(await look('somebody')).toMatchObject({ state: 'offline', platformId: '32807' });
  expect(site.requests).toEqual(['/api/v2/channels/somebody', '/api/v2/channels/somebody']);
  expect(await ytdlp.asked()).toEqual([]);
});

test.each([
  ['changed', 'page_changed'],
  [429, 'rate_limited'],
  [500, 'http_error'],
] as const)('%s is unknown: %s', async (fault, reason) => {
  site.setChannel('somebody', undefined);
  site.setFault(fault);
  expect(await look('somebody')).toMatchObject({ state: 'unknown', reason });
});

test('a channel that is not there says so', async () => {
  expect(await look('nobody')).toMatchObject({ state: 'unknown', reason: 'channel_unknown' });
});

test.each(['cloudflare', 'policy'] as const)(
  'where the site refuses servers (%s), a program is asked, and more seldom',
  async (fault) => {
    site.setChannel('somebody', undefined);
    site.setFault(fault);
    const before = (await ytdlp.asked()).length;
    const formats = [{ url: 'https://cdn/a.m3u8', protocol: 'm3u8_native', height: 720 }];
    await ytdlp.answer({ id: '92722911-nopixel-40', title: 'NoPixel 2026-11-21 10:01', is_live: true, formats });
    const live = { state: 'live', broadcastId: '92722911-nopixel-40', title: 'NoPixel', reason: 'site_blocked' };
    for (let looks = 0; looks < 3; looks++) expect(await look('somebody')).toMatchObject(live);
    expect((await ytdlp.asked()).length - before).toBe(1);
    expect(site.requests.filter((path) => path.startsWith('/api'))).toHaveLength(1);
  },
);

test('where the program is refused too it is unknown, with the reason', async () => {
  site.setFault('cloudflare');
  await ytdlp.complain('ERROR: [kick:live] somebody: Unable to download JSON metadata: HTTP Error 403: Forbidden');
  expect(await look('somebody')).toMatchObject({ state: 'unknown', reason: 'site_blocked' });
});
