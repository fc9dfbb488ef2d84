import { expect, test } from 'vitest';
import type { StreamStatus } from '../../src/core/ports.ts';
import { type Hosts, hostIn, nextLook, pickBatch, settleHost } from '../../src/monitor/pace.ts';
import {
  createWatchlist,
  hostOf,
  keep,
  putBack,
  takeOut,
  type Watched,
  type Watchlist,
} from '../../src/monitor/watched.ts';

type Pace = { everyMs: number; batchSize: number; checksAtOnce: number };
const helix: Pace = { everyMs: 60_000, batchSize: 100, checksAtOnce: 4 };
const alone: Pace = { everyMs: 10_000, batchSize: 1, checksAtOnce: 4 };

const urls = { none: 'https://one.example/a' };
function listOf(urlsById: string[], pace: Pace): Watchlist {
  const list = createWatchlist();
  urlsById.forEach((url, index) => addTo(list, index + 1, url, pace));
  return list;
}

function addTo(list: Watchlist, id: number, url: string, { batchSize }: Pace): Watched {
  const stream = { id, platform: 'p', channel: `c${id}`, url };
  const row = { ...{ stream, title: null, category: null, orders: '' }, isUnsettled: false, hasWaiting: false };
  return keep(list, { ...row, isPaired: false, isServer: false }, hostOf(stream, batchSize));
}

/** Runs on a clock of its own: each look takes `tookMs` and is answered by `answer`. */
function simulate(
  list: Watchlist,
  pace: Pace,
  {
    untilMs,
    answer = () => ({}),
    tookMs = 100,
    onTick = () => {},
  }: {
    untilMs: number;
    answer?: (watched: Watched, now: number) => Partial<StreamStatus>;
    tookMs?: number;
    onTick?: (now: number) => void;
  },
) {
  const hosts: Hosts = new Map();
  const looks: { at: number; ids: number[] }[] = [];
  let running: { batch: Watched[]; at: number; host: string }[] = [];
  for (let now = 0; now < untilMs; now += tookMs) {
    onTick(now);
    for (const { batch, at, host } of running) {
      const statuses = batch.map((watched) => ({
        streamId: watched.stream.id,
        state: 'offline' as const,
        ...answer(watched, now),
      }));
      batch.forEach((watched, index) => {
        watched.unknowns = statuses[index]?.state === 'unknown' ? watched.unknowns + 1 : 0;
      });
      const state = hostIn(hosts, host);
      const random = Math.random();
      settleHost(state, statuses, pace, { now, random });
      state.asked--;
      const isFirst = batch.every(({ isFresh }) => isFresh);
      for (const watched of batch) {
        watched.nextAt = nextLook(watched, pace, { beganAt: at, now, random, isFirst });
        watched.isFresh = false;
      }
      putBack(list, batch);
    }
    running = [];
    while (running.length < pace.checksAtOnce) {
      const batch = pickBatch(list, hosts, pace, now);
      const [first] = batch;
      if (!first) break;
      takeOut(list, batch);
      hostIn(hosts, first.host).asked++;
      running.push({ batch, at: now, host: first.host });
      looks.push({ at: now, ids: batch.map(({ stream }) => stream.id) });
    }
  }
  return looks;
}

const timesOf = (looks: { at: number; ids: number[] }[], id: number) =>
  looks.filter(({ ids }) => ids.includes(id)).map(({ at }) => at);

test('10 000 channels at 60 s are 100 calls in any minute, also where they came one by one, and none waits for long', () => {
  const list = listOf(Array<string>(9_000).fill(urls.none), helix);
  let id = 9_000;
  const onTick = (now: number) => {
    if (now > 0 && now <= 120_000 && id < 10_000)
      for (let i = 0; i < 10; i++) addTo(list, ++id, urls.none, helix).nextAt = now;
  };
  const looks = simulate(list, helix, { untilMs: 480_000, tookMs: 1_000, onTick });
  expect(id).toBe(10_000);
  const late = looks.filter(({ at }) => at >= 300_000);
  for (let from = 300_000; from < 420_000; from += 10_000)
    expect(late.filter(({ at }) => at >= from && at < from + 60_000).length).toBeLessThanOrEqual(100);
  const seen = new Map<number, number>();
  let longest = 0;
  for (const { at, ids } of looks)
    for (const one of ids) {
      longest = Math.max(longest, at - (seen.get(one) ?? at));
      seen.set(one, at);
    }
  expect(seen.size).toBe(10_000);
  expect(longest).toBeLessThanOrEqual(66_000 + 10_000);
});

test('a channel that does not answer is asked ever more seldom, up to ten minutes, and at its pace once it answers', () => {
  const list = listOf([urls.none], alone);
  const isBack = (now: number) => now > 3_600_000;
  const looks = simulate(list, alone, {
    ...{ untilMs: 4_400_000, tookMs: 500 },
    answer: (_, now) => (isBack(now) ? {} : { state: 'unknown', reason: 'members_only' }),
  });
  const pauses = timesOf(looks, 1).map((at, index, all) => at - (all[index - 1] ?? at));
  const wanted = [10, 20, 40, 80, 160, 320, 600, 600].map((seconds) => seconds * 1000);
  for (const [index, ms] of wanted.entries()) {
    expect(pauses[index + 1]).toBeGreaterThanOrEqual(ms);
    expect(pauses[index + 1]).toBeLessThanOrEqual(ms * 1.1 + 1_000);
  }
  expect(Math.max(...pauses)).toBeLessThanOrEqual(660_500);
  expect(pauses.at(-1)).toBeLessThanOrEqual(11_500);
});

test('a host that fails is asked by one look at a time; other hosts, and itself once it answers, are asked as ever', () => {
  const sick = Array.from({ length: 30 }, (_, index) => `https://sick.example/${index}`);
  const well = Array.from({ length: 5 }, (_, index) => `https://well.example/${index}`);
  const list = listOf([...sick, ...well], alone);
  const looks = simulate(list, alone, {
    untilMs: 700_000,
    answer: ({ host }, now) =>
      host === 'sick.example' && now < 400_000 ? { state: 'unknown', reason: 'http_error' } : {},
  });
  const atSick = looks.filter(({ at, ids }) => (ids[0] ?? 0) <= 30 && at > 20_000 && at < 400_000);
  expect(atSick.length).toBeLessThan(12);
  expect(atSick.length).toBeGreaterThan(3);
  for (const id of [31, 35]) {
    const pauses = timesOf(looks, id).map((at, index, all) => at - (all[index - 1] ?? at));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(12_000);
  }
});

test('a site that asks to be left alone is left alone for so long', () => {
  const list = listOf(['https://busy.example/1', 'https://busy.example/2', 'https://calm.example/1'], alone);
  const looks = simulate(list, alone, {
    untilMs: 200_000,
    answer: ({ host }, now) =>
      host === 'busy.example' && now < 1_000 ? { state: 'unknown', reason: 'rate_limited', retryAfterMs: 90_000 } : {},
  });
  const later = [...timesOf(looks, 1), ...timesOf(looks, 2)].filter((at) => at > 1_000);
  expect(Math.min(...later)).toBeGreaterThanOrEqual(90_000);
  expect(timesOf(looks, 3).length).toBeGreaterThan(15);
});

test('a platform that is asked in batches and fails is asked every two minutes at least', () => {
  const list = listOf(Array<string>(1_000).fill(urls.none), helix);
  const looks = simulate(list, helix, {
    ...{ untilMs: 3_600_000, tookMs: 1_000 },
    answer: (_, now) => (now < 3_000_000 ? { state: 'unknown', reason: 'http_error' } : {}),
  });
  const down = looks.map(({ at }) => at).filter((at) => at > 300_000 && at < 3_000_000);
  const pauses = down.map((at, index) => at - (down[index - 1] ?? at));
  expect(Math.max(...pauses)).toBeLessThanOrEqual(133_000);
  expect(looks.filter(({ at }) => at > 3_000_000 && at < 3_130_000).length).toBeGreaterThanOrEqual(10);
});
