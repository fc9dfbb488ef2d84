import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Config, readConfig } from '../../src/config.ts';
import type { CookieReader } from '../../src/core/cookies.ts';
import type { Platform, StreamRef } from '../../src/core/ports.ts';
import { openDatabase } from '../../src/db/client.ts';
import { checkYoutube } from '../../src/doctor.ts';
import { createDataApi } from '../../src/monitor/platforms/youtube/data-api.ts';
import { pageReader } from '../../src/monitor/platforms/youtube/page.ts';
import { dailyUnits, type Quota } from '../../src/monitor/platforms/youtube/quota.ts';
import { createYoutubePlatform, dataApiRoot } from '../../src/monitor/platforms/youtube/youtube.ts';
import { spendUnits, takeUnit } from '../../src/queue/daily-quota.ts';
import { type AnsweringYtdlp, startAnsweringYtdlp } from '../support/answering-ytdlp.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';
import { programs } from '../support/programs.ts';
import { type Broadcast, watchPage } from '../support/youtube/pages.ts';
import { startYoutube, type YoutubeServer } from '../support/youtube/server.ts';

let site: YoutubeServer;
let ytdlp: AnsweringYtdlp;
let [refusals, spendings] = [0, 0];
let database: TestDatabase & ReturnType<typeof openDatabase>;
beforeAll(async () => {
  [site, ytdlp] = await Promise.all([startYoutube(), startAnsweringYtdlp()]);
  const fresh = await freshDatabase();
  database = { ...fresh, ...openDatabase(fresh.url, { max: 4 }) };
});
afterAll(async () => {
  await Promise.all([site.close(), ytdlp.close(), database.close()]);
  await database.drop();
});

let platform: Platform;
beforeEach(() => {
  platform = open();
  [refusals, spendings] = [0, 0];
  site.project.unitsLeft = 10_000;
});
afterEach(() => {
  site.setFault(undefined);
  site.requests.length = 0;
  site.tail.hasEnd = true;
});

const quota = (): Quota => {
  const daily = { ...dailyUnits, key: randomUUID() };
  return { take: () => takeUnit(database.db, daily), spend: () => spendUnits(database.db, daily) };
};
function open(key?: string, cookies?: CookieReader): Platform {
  const told = { onRefused: () => void refusals++, onSpent: () => void spendings++ };
  const options = { programs: { ...programs, ytdlp: ytdlp.path }, allowPrivate: true, cookies };
  return createYoutubePlatform({
    ...options,
    root: site.root,
    api: key ? { key, quota: quota(), ...told } : undefined,
  });
}

const nameOf = (link: string) => platform.match(new URL(link.replace('https://yt', site.root)));
function streamOf(link: string, id = 1): StreamRef {
  const match = nameOf(link);
  if (!match) throw new Error(`${link} is not of YouTube`);
  return { id, platform: 'youtube', ...match };
}
/** A Stream of its own per link, as rows give them ids. */
const ids = new Map<string, number>();
async function look(link = 'https://yt/@somebody', by = platform) {
  const id = ids.get(link) ?? ids.size + 1;
  ids.set(link, id);
  const [status] = await by.check([streamOf(link, id)], AbortSignal.timeout(60_000));
  return status;
}
const live: Broadcast = { videoId: 'liveVideo01', title: 'On air {"a"} </script> 🎉', state: 'live' };

describe('links', () => {
  const id = 'UCabcdefghijklmnopqrstuv';
  test.each([
    ['https://www.youtube.com/@Somebody', '@somebody', '/@somebody/live'],
    ['https://m.youtube.com/@somebody/streams?view=2', '@somebody', '/@somebody/live'],
    ['https://youtube.com/@Имя', '@имя', '/@%D0%B8%D0%BC%D1%8F/live'],
    ['https://youtube.com/@%D0%98%D0%BC%D1%8F/live', '@имя', '/@%D0%B8%D0%BC%D1%8F/live'],
    ['https://youtube.com/@日本', '@日本', '/@%E6%97%A5%E6%9C%AC/live'],
    [`https://www.youtube.com/channel/${id}`, id, `/channel/${id}/live`],
    ['https://www.youtube.com/c/Some.Name/live', 'c/some.name', '/c/some.name/live'],
    ['https://www.youtube.com/SomeName', 'c/somename', '/c/somename/live'],
    ['https://www.youtube.com/user/Some', 'user/some', '/user/some/live'],
    ['https://www.youtube.com/watch?list=a&v=dQw4w9WgXcQ', 'video/dQw4w9WgXcQ', '/watch?v=dQw4w9WgXcQ'],
    ['https://youtu.be/dQw4w9WgXcQ?t=3', 'video/dQw4w9WgXcQ', '/watch?v=dQw4w9WgXcQ'],
    ['https://www.youtube.com/live/dQw4w9WgXcQ?feature=share', 'video/dQw4w9WgXcQ', '/watch?v=dQw4w9WgXcQ'],
  ])('%s', (link, channel, path) => {
    expect(nameOf(link)).toEqual({ channel, url: `${site.root}${path}` });
  });

  test.each([
    'https://music.youtube.com/watch?v=dQw4w9WgXcQ',
    'https://www.youtube.com/playlist?list=PL1',
    'https://www.youtube.com/',
    'https://www.youtube.com/feed/subscriptions',
    'https://www.youtube.com/watch?v=short',
    'https://notyoutube.com/@somebody',
    'https://youtube.com.evil.example/@somebody',
  ])('%s is left to others', (link) => {
    expect(nameOf(link)).toBeUndefined();
  });
});

describe('a light look at the page', () => {
  test('a live channel: which broadcast, its title, since when', async () => {
    site.setChannel('@somebody', { ...live, startedAt: new Date('2026-11-21T09:30:00Z') });
    expect(await look()).toMatchObject({
      state: 'live',
      broadcastId: 'liveVideo01',
      title: live.title,
      category: 'Gaming',
      startedAt: new Date('2026-11-21T09:30:00Z'),
    });
    expect(site.requests).toEqual(['/@somebody/live']);
    expect(await ytdlp.asked()).toEqual([]);
  });

  test('the rest of a page is not waited for', async () => {
    site.tail.hasEnd = false;
    site.setChannel('@somebody', live);
    expect(await look()).toMatchObject({ state: 'live' });
    site.setChannel('@nobody', undefined);
    expect(await look('https://yt/@nobody')).toMatchObject({ state: 'offline' });
  });

  test('other letters than ASCII are one channel, however they are written', async () => {
    site.setChannel('@имя', live);
    for (const link of ['https://yt/@Имя', 'https://yt/@%D0%98%D0%BC%D1%8F'])
      expect(await look(link)).toMatchObject({ state: 'live', broadcastId: 'liveVideo01' });
  });

  test('an announced broadcast says when it begins', async () => {
    const scheduledFor = new Date('2026-11-22T18:00:00Z');
    site.setChannel('@somebody', { videoId: 'upcoming001', title: 'Soon', state: 'upcoming', scheduledFor });
    const announced = { state: 'scheduled', broadcastId: 'upcoming001', title: 'Soon', scheduledFor };
    expect(await look()).toMatchObject(announced);
  });

  test.each([
    ['nothing', undefined],
    ['the last broadcast', { videoId: 'endedVideo1', state: 'ended' }],
    ['a film', { videoId: 'filmVideo01', state: 'video' }],
    ['a broadcast whose sender is away', { videoId: 'waitingVid1', state: 'waiting' }],
  ] as const)('a channel that shows %s is offline', async (_, broadcast) => {
    site.setChannel('@somebody', broadcast);
    expect(await look()).toMatchObject({ state: 'offline', reason: 'stream_offline' });
  });

  test.each([
    [
      { videoId: 'videoNum001', state: 'live' },
      { state: 'live', broadcastId: 'videoNum001' },
    ],
    [
      { videoId: 'videoNum002', state: 'ended' },
      { state: 'ended', reason: 'stream_ended' },
    ],
    [
      { videoId: 'videoNum003', state: 'video' },
      { state: 'offline', reason: 'not_a_stream' },
    ],
    [
      { videoId: 'videoNum004', state: 'live', barred: 'removed' },
      { state: 'offline', reason: 'stream_removed' },
    ],
  ] as const)('one video: %j', async (video, expected) => {
    site.setVideo(video);
    expect(await look(`https://yt/watch?v=${video.videoId}`)).toMatchObject(expected);
  });
});

test('a page is read alike however it comes in pieces', () => {
  const text = watchPage({ ...live, title: '\\"}{\\\\ "ytInitialPlayerResponse = {" \\' });
  const whole = pageReader()(text);
  expect(whole).toMatchObject({ kind: 'player', player: { videoDetails: { videoId: 'liveVideo01' } } });
  const from = text.indexOf('ytInitialPlayerResponse') - 20;
  const cuts = fc.array(fc.integer({ min: from, max: from + 2_500 }), { minLength: 1, maxLength: 40 });
  const readsAlike = (places: number[]) => {
    const read = pageReader();
    const found = [...places.toSorted((a, b) => a - b), text.length].map((to) => read(text.slice(0, to)));
    expect(found.find(Boolean)).toEqual(whole);
  };
  fc.assert(fc.property(cuts, readsAlike), { numRuns: 50 });
});

describe('what the page does not tell is unknown, with its reason', () => {
  test.each([
    ['captcha', 'bot_check'],
    ['riddle', 'bot_check'],
    [429, 'rate_limited'],
    [500, 'http_error'],
    [503, 'http_error'],
    [403, 'http_error'],
    ['reset', 'connection_lost'],
    ['consent', 'page_changed'],
    ['changed', 'page_changed'],
  ] as const)('%s: %s', async (fault, reason) => {
    site.setChannel('@somebody', live);
    site.setFault(fault);
    await ytdlp.complain('ERROR: [youtube:tab] x: Unable to download webpage: HTTP Error 500');
    expect(await look()).toMatchObject({ state: 'unknown', reason });
  });

  test('how long YouTube asks to be left alone', async () => {
    site.setFault(429);
    expect(await look()).toMatchObject({ reason: 'rate_limited', retryAfterMs: 120_000 });
  });

  test('a channel that is not there says so, and the others are unharmed', async () => {
    site.setChannel('@somebody', live);
    site.setFault('reset', '@broken');
    site.setChannel('@broken', live);
    const links = ['https://yt/@nosuchchannel', 'https://yt/@broken', 'https://yt/@somebody'];
    const streams = links.map((link, at) => streamOf(link, at + 1));
    const statuses = await platform.check(streams, AbortSignal.timeout(60_000));
    expect(statuses.map(({ streamId, state, reason }) => [streamId, state, reason])).toEqual([
      [1, 'unknown', 'channel_unknown'],
      [2, 'unknown', 'connection_lost'],
      [3, 'live', undefined],
    ]);
  });

  test('a check that is broken off leaves at once', async () => {
    site.setFault('silence');
    const stop = new AbortController();
    const checking = platform.check([streamOf('https://yt/@somebody')], stop.signal);
    stop.abort();
    expect(await checking).toEqual([{ streamId: 1, state: 'unknown', reason: 'timeout' }]);
  });
});

const hls = { url: 'https://cdn/a.m3u8', protocol: 'm3u8_native', height: 720 };
const told = {
  id: 'liveVideo01',
  title: 'On air 2026-11-21 12:00',
  is_live: true,
  live_status: 'is_live',
  formats: [hls],
};

describe('yt-dlp is asked only where the page cannot say', () => {
  test('a page that changed: what yt-dlp says, and that the page changed', async () => {
    site.setFault('changed');
    await ytdlp.answer({ ...told, release_timestamp: 1_800_000_000 });
    expect(await look()).toMatchObject({
      state: 'live',
      broadcastId: 'liveVideo01',
      title: 'On air',
      startedAt: new Date(1_800_000_000_000),
      reason: 'page_changed',
    });
    await ytdlp.complain('ERROR: [youtube:tab] @somebody: The channel is not currently live');
    expect(await look()).toMatchObject({ state: 'offline', reason: 'page_changed' });
  });

  test.each([
    ['members', 'members_only', 'ERROR: [youtube] x: Join this channel to get access to members-only content'],
    ['robot', 'bot_check', "ERROR: [youtube] x: Sign in to confirm you're not a bot. Use --cookies"],
    ['age', 'age_check', 'ERROR: [youtube] x: Sign in to confirm your age. This video may be inappropriate'],
    ['country', 'geo_blocked', 'ERROR: [youtube] x: The uploader has not made this video available in your country'],
  ] as const)('live, but not for us (%s): yt-dlp decides', async (barred, reason, complaint) => {
    site.setChannel('@somebody', { ...live, barred });
    await ytdlp.complain(complaint);
    expect(await look()).toMatchObject({ state: 'unknown', reason });
    await ytdlp.answer(told);
    expect(await look()).toMatchObject({ state: 'live', broadcastId: 'liveVideo01' });
  });
});

test('where YouTube sees a robot, yt-dlp asks with the cookies of a login; without them nobody is asked', async () => {
  const withLogin = open(undefined, async () => '# Netscape HTTP Cookie File\n');
  for (const fault of ['captcha', 'riddle'] as const) {
    site.setFault(fault);
    await ytdlp.answer(told);
    expect(await look(undefined, withLogin)).toMatchObject({ state: 'live', reason: 'bot_check' });
    expect(await look()).toMatchObject({ state: 'unknown', reason: 'bot_check' });
  }
});

describe('with a key of the Data API', () => {
  test('a broadcast that is known is asked about while pages say nothing', async () => {
    const keyed = open('good-key');
    const at = { startedAt: new Date('2026-11-21T11:00:00Z'), scheduledFor: new Date('2026-11-21T10:55:00Z') };
    site.setChannel('@soon', { videoId: 'keyedVideo1', state: 'upcoming', ...at });
    site.setChannel('@now', { videoId: 'keyedVideo2', state: 'live' });
    expect(await look('https://yt/@soon', keyed)).toMatchObject({ state: 'scheduled' });
    expect(await look('https://yt/@now', keyed)).toMatchObject({ state: 'live' });
    site.setFault('captcha');
    site.setVideo({ videoId: 'keyedVideo1', state: 'live', ...at });
    site.setVideo({ videoId: 'keyedVideo2', state: 'ended' });
    expect(await look('https://yt/@unknown', keyed)).toMatchObject({ state: 'unknown', reason: 'bot_check' });
    expect(await look('https://yt/@now', keyed)).toMatchObject({ state: 'offline', reason: 'stream_ended' });
    expect(await look('https://yt/watch?v=keyedVideo1', keyed)).toMatchObject({
      state: 'live',
      broadcastId: 'keyedVideo1',
      title: 'A broadcast',
      startedAt: at.startedAt,
    });
  });

  test('fifty videos cost one call; the key stands in no address', async () => {
    const api = createDataApi({ key: 'good-key', quota: quota(), root: dataApiRoot(site.root), allowPrivate: true });
    const ids = Array.from({ length: 60 }, (_, at) => `batchVideo${at}`);
    for (const videoId of ids) site.setVideo({ videoId, state: 'upcoming' });
    const told = await Promise.all([...ids, 'gone'].map((id) => api.ask(id, new AbortController().signal)));
    expect(told.map((status) => status?.state)).toEqual([...ids.map(() => 'scheduled'), 'offline']);
    expect(site.requests).toHaveLength(2);
    expect(site.project.unitsLeft).toBe(9_998);
    expect(site.requests.join()).not.toContain('good-key');
  });

  test('the doctor says whether the key works', async () => {
    const look = (key?: string) => {
      const env = { YOUTUBE_ROOT: site.root, ...(key ? { YOUTUBE_API_KEY: key } : {}) };
      return checkYoutube(readConfig(env) as Config);
    };
    expect(await look()).toMatchObject({ state: 'ok' });
    expect(await look('good-key')).toMatchObject({ state: 'ok', detail: 'the Data API answers' });
    await expect(look('wrong-key')).rejects.toMatchObject({ code: 'youtube_key_refused' });
    site.project.unitsLeft = 0;
    expect(await look('good-key')).toMatchObject({ state: 'warning' });
  });

  test('a day has its units for all who take them at once, and begins at midnight Pacific Time', async () => {
    const daily = { ...dailyUnits, units: 5, key: 'ours' };
    const { db } = database;
    const take = async (count: number) => {
      const taken = await Promise.all(Array.from({ length: count }, () => takeUnit(db, daily)));
      return taken.filter(Boolean).length;
    };
    expect(await take(12)).toBe(5);
    const days = await db.execute<{ day: string; today: string }>(
      sql`select day, (now() at time zone 'PST8PDT')::date::text as today from quotas where key = 'ours'`,
    );
    expect(days[0]?.day).toBe(days[0]?.today);
    await db.execute(sql`update quotas set day = '2026-01-01' where key = 'ours'`);
    expect(await take(1)).toBe(1);
    await spendUnits(db, daily);
    expect(await take(1)).toBe(0);
  });

  test('a key that is refused is told once, and the page goes on alone', async () => {
    const keyed = open('wrong-key');
    site.setVideo({ videoId: 'knownVideo1', state: 'live' });
    site.setFault('captcha');
    for (let tries = 0; tries < 2; tries++)
      expect(await look('https://yt/watch?v=knownVideo1', keyed)).toMatchObject({
        state: 'unknown',
        reason: 'bot_check',
      });
    expect(refusals).toBe(1);
    expect(site.requests.filter((path) => path.startsWith('/youtube/v3'))).toHaveLength(1);
    site.setFault(undefined);
    expect(await look('https://yt/watch?v=knownVideo1', keyed)).toMatchObject({ state: 'live' });
  });

  test('a quota that is spent is left alone until the next day, and is no refusal', async () => {
    const keyed = open('good-key');
    site.project.unitsLeft = 0;
    site.setVideo({ videoId: 'knownVideo2', state: 'live' });
    site.setFault('captcha');
    for (let tries = 0; tries < 2; tries++)
      expect(await look('https://yt/watch?v=knownVideo2', keyed)).toMatchObject({ reason: 'bot_check' });
    expect([refusals, spendings]).toEqual([0, 1]);
    expect(site.requests.filter((path) => path.startsWith('/youtube/v3'))).toHaveLength(1);
  });
});
