import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SourceInput, SourceItem } from '../../src/core/ports.ts';
import { hlsSource } from '../../src/sources/hls/source.ts';
import { type LiveOptions, type LiveOrigin, type LiveStream, startLiveOrigin } from '../support/live.ts';
import { expectTrue, frameSum, type Reading, read, until } from './source.ts';

let origin: LiveOrigin;
let count = 0;
beforeAll(async () => {
  origin = await startLiveOrigin({ mode: 'manual', segments: 20, window: 6 });
});
afterAll(() => origin.close());

const live = (options: LiveOptions = {}): Promise<LiveStream> => origin.stream(`m${count++}`, options);
const inputOf = ({ url }: LiveStream): SourceInput => ({ url, headers: {}, protocol: 'hls', quality: 'best' });
const gapsOf = (items: SourceItem[]) => items.filter((item) => item.kind === 'gap');
const takesOf = (items: SourceItem[]) => items.filter((item) => item.kind === 'take');
const polls = async (stream: LiveStream, n: number) => {
  const before = stream.playlistRequests();
  await until(() => stream.playlistRequests() >= before + n, `${n} polls`);
};

/** Everything that was published is in one Take, nothing is missing and nothing is there twice. */
async function expectWhole(stream: LiveStream, { items, segments }: Reading): Promise<void> {
  expect(gapsOf(items)).toEqual([]);
  expect(takesOf(items)).toHaveLength(1);
  expect(frameSum(segments)).toBe(await stream.frames());
  const hashes = segments.flatMap((segment) => segment.hashes);
  expect(new Set(hashes).size).toBe(hashes.length);
  await expectTrue(segments);
}

describe.concurrent('HLS that moves under the capture', () => {
  for (const programDateTime of [undefined, new Date('2026-01-02T03:04:05Z')])
    test(`edges that disagree cost nothing and double nothing (${programDateTime ? 'with' : 'without'} times)`, async () => {
      const stream = await live(programDateTime ? { programDateTime } : {});
      stream.lag(2);
      const reading = await read(hlsSource, inputOf(stream), undefined, 1_000);
      for (let i = 0; i < 5; i++) {
        await polls(stream, 2);
        stream.advance();
      }
      stream.lag(0);
      stream.end();
      await reading.done;
      await expectWhole(stream, reading);
    });

  test('an answer that leaves out its oldest by EXT-X-SKIP is put together with the one before', async () => {
    const stream = await live({ programDateTime: new Date('2026-01-02T03:04:05Z') });
    const reading = await read(hlsSource, inputOf(stream), undefined, 1_000);
    await reading.hasSegments(2);
    stream.advance();
    stream.skip(3);
    await polls(stream, 2);
    stream.advance(2);
    stream.end();
    await reading.done;
    await expectWhole(stream, reading);
  });

  test('low latency is read as a plain playlist: no part and nothing special is asked for', async () => {
    const stream = await live({ isLowLatency: true });
    const reading = await read(hlsSource, inputOf(stream), undefined, 1_000);
    await reading.hasSegments(2);
    stream.advance(3);
    await polls(stream, 2);
    stream.end();
    await reading.done;
    await expectWhole(stream, reading);
    expect(stream.queries()).toEqual([]);
  });

  test('addresses that run out are resolved anew, and the stream is joined without a seam', async () => {
    const stream = await live({ hasTokens: true });
    let renewals = 0;
    const renew = async () => {
      renewals++;
      return inputOf(stream);
    };
    const reading = await read(hlsSource, { ...inputOf(stream), renew }, undefined, 1_000);
    await reading.hasSegments(6);
    stream.expire();
    stream.advance(3);
    await reading.hasSegments(9);
    stream.advance(2);
    stream.end();
    await reading.done;
    expect(renewals).toBe(1);
    await expectWhole(stream, reading);
    expect(reading.segments.every(({ playlist }) => !playlist.includes('token'))).toBe(true);
  });

  test('Media Segments whose addresses run out while they are fetched are had by the new ones', async () => {
    const stream = await live({ hasTokens: true });
    stream.failSegment(3, 503, 3);
    const reading = await read(hlsSource, { ...inputOf(stream), renew: async () => inputOf(stream) }, undefined, 1_000);
    await until(() => stream.requests(3) > 0, 'the first try');
    stream.expire();
    await reading.hasSegments(6);
    stream.end();
    await reading.done;
    await expectWhole(stream, reading);
  });

  test('without a way to renew, addresses that run out are a lost source', async () => {
    const stream = await live({ hasTokens: true });
    const reading = await read(hlsSource, inputOf(stream), undefined, 1_000);
    await reading.hasSegments(6);
    stream.expire();
    await expect(reading.done).rejects.toMatchObject({ code: 'media_refused' });
    expect(frameSum(reading.segments)).toBe(await stream.frames());
  });

  for (const programDateTime of [undefined, new Date('2026-01-02T03:04:05Z')])
    test(`a stream that lies elsewhere after it was resolved anew goes on in its Take (${programDateTime ? 'by the clock' : 'by the hashes'})`, async () => {
      const times = programDateTime ? { programDateTime } : {};
      const stream = await live({ hasTokens: true, ...times });
      const elsewhere = await live({ initial: 8, ...times });
      const renew = async () => inputOf(elsewhere);
      const reading = await read(hlsSource, { ...inputOf(stream), renew }, undefined, 1_000);
      await reading.hasSegments(6);
      stream.expire();
      await reading.hasSegments(8);
      elsewhere.advance();
      elsewhere.end();
      await reading.done;
      await expectWhole(elsewhere, reading);
      expect(reading.segments.at(-1)?.playlist).toBe(elsewhere.url);
    });

  test('another broadcast behind the new address opens a Take that is not joined', async () => {
    const stream = await live({ hasTokens: true });
    const other = await live({ initial: 9, toneHz: 880 });
    const reading = await read(hlsSource, { ...inputOf(stream), renew: async () => inputOf(other) }, undefined, 1_000);
    await reading.hasSegments(6);
    stream.expire();
    await reading.hasSegments(9);
    other.end();
    await reading.done;
    expect(takesOf(reading.items)).toMatchObject([{ joined: true }, { joined: false }]);
    expect(gapsOf(reading.items)).toMatchObject([{ cause: 'unjoined' }]);
  });

  test('a count of discontinuities that goes up unseen begins a new Run', async () => {
    const stream = await live();
    const reading = await read(hlsSource, inputOf(stream), undefined, 60_000);
    await until(() => stream.requests(5) > 0, 'the window');
    await stream.change('320x180');
    stream.advance();
    stream.end();
    await reading.done;
    expect(reading.segments.map(({ startsRun }) => startsRun)).toEqual([true, true]);
    expect(takesOf(reading.items)).toHaveLength(1);
  });

  test('a target duration that grows is believed: the playlist is asked for less often, not given up', async () => {
    const stream = await live();
    const reading = await read(hlsSource, inputOf(stream), undefined, 1_000);
    await reading.hasSegments(6);
    stream.setTarget(4);
    stream.advance();
    await reading.hasSegments(7);
    const before = stream.playlistRequests();
    await polls(stream, 1);
    expect(stream.playlistRequests()).toBe(before + 1);
    stream.end();
    await reading.done;
    await expectWhole(stream, reading);
  });

  test('a playlist that ended long ago is read from its beginning to its end', async () => {
    const stream = await live({ window: 20, initial: 20, segments: 20 });
    stream.end();
    const reading = await read(hlsSource, inputOf(stream));
    await reading.done;
    await expectWhole(stream, reading);
    expect(stream.playlistRequests()).toBe(1);
  });

  for (const [what, options] of [
    ['compressed', { isGzipped: true }],
    ['redirected', { isRedirected: true }],
  ] as const)
    test(`what comes ${what} is the same bytes`, async () => {
      const stream = await live(options);
      stream.end();
      const reading = await read(hlsSource, inputOf(stream));
      await reading.done;
      await expectWhole(stream, reading);
    });

  test('a variant that is lost is looked for in the master again, and the nearest is taken', async () => {
    const times = { programDateTime: new Date('2026-01-02T03:04:05Z') };
    const big = await live(times);
    const small = await live({ size: '160x90', ...times });
    const master = [
      '#EXTM3U',
      '#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=320x180',
      big.url,
      '#EXT-X-STREAM-INF:BANDWIDTH=100000,RESOLUTION=160x90',
      small.url,
      '',
    ];
    const url = origin.page('choice.m3u8', master.join('\n'));
    const reading = await read(hlsSource, { ...inputOf(big), url }, undefined, 1_000);
    await reading.hasSegments(6);
    big.goOffline();
    small.advance(3);
    await reading.hasSegments(9);
    small.end();
    await reading.done;
    expect(takesOf(reading.items)).toMatchObject([
      { codecs: { height: 180 }, joined: true },
      { codecs: { height: 90 }, joined: true },
    ]);
    expect(gapsOf(reading.items)).toEqual([]);
    expect(reading.segments.map(({ sourceSequence }) => sourceSequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('a body that ends too soon as if that were all is fetched again', async () => {
    const stream = await live();
    stream.failSegment(2, 'short', 1);
    stream.end();
    const reading = await read(hlsSource, inputOf(stream));
    await reading.done;
    await expectWhole(stream, reading);
    expect(stream.requests(2)).toBe(2);
  });
});
