import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SourceInput, SourceItem } from '../../src/core/ports.ts';
import { hlsSource } from '../../src/sources/hls/source.ts';
import { pickSource } from '../../src/sources/sources.ts';
import { type LiveOptions, type LiveOrigin, type LiveStream, startLiveOrigin } from '../support/live.ts';
import { programs } from '../support/programs.ts';
import { expectTrue, frameSum, read, resumeAfter, sourceContract, until } from './source.ts';

let origin: LiveOrigin;
let count = 0;
beforeAll(async () => {
  origin = await startLiveOrigin({ mode: 'manual', segments: 20, window: 6 });
});
afterAll(() => origin.close());

const live = (options: LiveOptions = {}): Promise<LiveStream> => origin.stream(`s${count++}`, options);
const inputOf = ({ url }: LiveStream): SourceInput => ({ url, headers: {}, protocol: 'hls', quality: 'best' });
const gapsOf = (items: SourceItem[]) => items.filter((item) => item.kind === 'gap');

describe('the contract of a Source, for HLS', () => {
  sourceContract(hlsSource, async () => {
    const stream = await live({ initial: 4 });
    return {
      input: inputOf(stream),
      publish: () => stream.advance(3),
      end: () => stream.end(),
      lose: () => stream.failPlaylist(404),
      frames: () => stream.frames(),
      close: async () => stream.goOffline(),
    };
  });
});

describe.concurrent('live HLS', () => {
  test('is the Source that is picked', async () => {
    const input = inputOf(await live());
    expect(pickSource(input)).toBe(hlsSource);
    expect(pickSource({ ...input, protocol: 'srt' })).not.toBe(hlsSource);
  });

  test('Segments are closed at the first boundary at or past their length and number what they hold', async () => {
    const stream = await live({ programDateTime: new Date('2026-01-02T03:04:05Z') });
    stream.end();
    const reading = await read(hlsSource, inputOf(stream), undefined, 2_000);
    await reading.done;
    expect(reading.segments.map(({ sourceSequence, sourceCount }) => [sourceSequence, sourceCount])).toEqual([
      [0, 2],
      [2, 2],
      [4, 2],
    ]);
    expect(reading.segments.map(({ startsRun }) => startsRun)).toEqual([true, false, false]);
    expect(reading.segments[1]?.programDateTime).toEqual(new Date('2026-01-02T03:04:07Z'));
    expect(reading.segments[1]?.playlist).toBe(stream.url);
    await expectTrue(reading.segments);
  });

  for (const fault of [404, 'reset', 'hang', 'truncate'] as const) {
    test(`a Media Segment that fails once (${fault}) is fetched again and nothing is missing`, async () => {
      const stream = await live();
      stream.failSegment(2, fault, 1);
      stream.end();
      const reading = await read(hlsSource, inputOf(stream));
      await reading.done;
      expect(gapsOf(reading.items)).toEqual([]);
      expect(frameSum(reading.segments)).toBe(await stream.frames());
      expect(stream.requests(2)).toBeGreaterThan(1);
    });
  }

  test('a Media Segment that fails until it left the window is told as a Gap, the rest is kept', async () => {
    const stream = await live({ window: 4 });
    stream.failSegment(1, 404);
    const reading = await read(hlsSource, inputOf(stream), undefined, 1_000);
    await until(() => stream.requests(1) > 1, 'a second try');
    stream.advance(2);
    await until(() => gapsOf(reading.items).length > 0, 'the gap');
    stream.end();
    await reading.done;
    expect(gapsOf(reading.items)).toEqual([{ kind: 'gap', lengthMs: 1_000, cause: 'http_error', detail: 'HTTP 404' }]);
    expect(frameSum(reading.segments)).toBe(await stream.frames([0, 2, 3, 4, 5]));
    expect(reading.segments.find(({ sourceSequence }) => sourceSequence === 2)?.startsRun).toBe(true);
  });

  test('what slid out of the playlist unseen is told with its length', async () => {
    const stream = await live({ window: 4 });
    const reading = await read(hlsSource, inputOf(stream), undefined, 1_000);
    await reading.hasSegments(4);
    stream.advance(7);
    stream.end();
    await reading.done;
    expect(gapsOf(reading.items)).toMatchObject([{ lengthMs: 3_000, cause: 'slid_out' }]);
    expect(frameSum(reading.segments)).toBe(await stream.frames([0, 1, 2, 3, 7, 8, 9, 10]));
  });

  test('a next owner that comes too late tells what slid out, after its Take', async () => {
    const stream = await live({ window: 4 });
    const first = await read(hlsSource, inputOf(stream), undefined, 1_000);
    await first.hasSegments(4);
    first.abort();
    await first.done;
    stream.advance(6);
    stream.end();
    const second = await read(hlsSource, inputOf(stream), resumeAfter(first.segments), 1_000);
    await second.done;
    expect(second.items.slice(0, 2)).toMatchObject([
      { kind: 'take', joined: true },
      { kind: 'gap', lengthMs: 2_000, cause: 'slid_out' },
    ]);
    expect(second.segments.map(({ sourceSequence }) => sourceSequence)).toEqual([6, 7, 8, 9]);
  });

  test('a playlist that ended with nothing new returns without a Segment', async () => {
    const stream = await live();
    stream.end();
    const first = await read(hlsSource, inputOf(stream));
    await first.done;
    const second = await read(hlsSource, inputOf(stream), resumeAfter(first.segments));
    await second.done;
    expect(second.items).toEqual([]);
  });

  test('the same broadcast at another address is joined by the hashes', async () => {
    const stream = await live();
    const mirror = await live({ initial: 9 });
    const first = await read(hlsSource, inputOf(stream), undefined, 1_000);
    await first.hasSegments(6);
    first.abort();
    await first.done;
    mirror.end();
    const second = await read(hlsSource, inputOf(mirror), resumeAfter(first.segments), 1_000);
    await second.done;
    expect(second.items[0]).toMatchObject({ kind: 'take', joined: true });
    expect(second.segments.map(({ sourceSequence }) => sourceSequence)).toEqual([6, 7, 8]);
  });

  test('another broadcast at the same address opens a Take that is not joined', async () => {
    const stream = await live();
    const first = await read(hlsSource, inputOf(stream), undefined, 1_000);
    await first.hasSegments(6);
    first.abort();
    await first.done;
    stream.restart();
    stream.end();
    const second = await read(hlsSource, inputOf(stream), resumeAfter(first.segments), 1_000);
    await second.done;
    expect(second.items.slice(0, 2)).toMatchObject([
      { kind: 'take', joined: false },
      { kind: 'gap', lengthMs: 0, cause: 'unjoined' },
    ]);
    expect(second.segments.map(({ sourceSequence }) => sourceSequence)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('an encoder that starts again in mid-stream loses nothing where the playlist tells the time', async () => {
    const stream = await live({ programDateTime: new Date('2026-01-02T03:04:05Z') });
    const reading = await read(hlsSource, inputOf(stream), undefined, 1_000);
    await reading.hasSegments(6);
    stream.restart();
    await reading.hasSegments(12);
    stream.end();
    await reading.done;
    expect(frameSum(reading.segments)).toBe((await stream.frames()) * 2);
    expect(gapsOf(reading.items)).toEqual([]);
    expect(reading.items.filter(({ kind }) => kind === 'take')).toHaveLength(2);
  });

  test('other codec parameters open the next Take, and Segments never hold both', async () => {
    const stream = await live();
    await stream.change('160x90');
    stream.advance(2);
    stream.end();
    const reading = await read(hlsSource, { ...inputOf(stream), url: stream.masterUrl }, undefined, 10_000);
    await reading.done;
    expect(reading.items).toMatchObject([
      { kind: 'take', codecs: { width: 320, height: 180 } },
      { kind: 'segment', segment: { sourceSequence: 2, sourceCount: 4, playlist: stream.url } },
      { kind: 'take', codecs: { width: 160, height: 90 }, joined: true },
      { kind: 'segment', segment: { sourceSequence: 6, sourceCount: 2, startsRun: true, isIndependent: true } },
    ]);
    expect(frameSum(reading.segments)).toBe(await stream.frames([2, 3, 4, 5, 6, 7]));
  });

  test('a playlist that fails for a while costs nothing', async () => {
    const stream = await live();
    const reading = await read(hlsSource, inputOf(stream), undefined, 1_000);
    await reading.hasSegments(2);
    for (const fault of [503, 'reset'] as const) {
      const before = stream.playlistRequests();
      stream.failPlaylist(fault);
      await until(() => stream.playlistRequests() > before + 1, 'a failed poll');
    }
    stream.advance(2);
    stream.failPlaylist(undefined);
    stream.end();
    await reading.done;
    expect(gapsOf(reading.items)).toEqual([]);
    expect(frameSum(reading.segments)).toBe(await stream.frames());
  });

  test('a playlist that stands still is told as stalled', async () => {
    const reading = await read(hlsSource, inputOf(await live()));
    await expect(reading.done).rejects.toMatchObject({ code: 'source_stalled' });
    expect(frameSum(reading.segments)).toBe(150);
  });

  test('an address in a private network is refused unless it is allowed', async () => {
    const input = inputOf(await live());
    const options = {
      dir: '/nowhere',
      segmentMs: 1_000,
      signal: new AbortController().signal,
      allowPrivate: false,
      programs,
    };
    const first = hlsSource.open(input, undefined, options)[Symbol.asyncIterator]().next();
    await expect(first).rejects.toMatchObject({ code: 'address_refused' });
  });
});
