import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AdPolicy } from '../../src/core/model.ts';
import type { SourceInput, SourceItem } from '../../src/core/ports.ts';
import { hlsSource } from '../../src/sources/hls/source.ts';
import type { AdStyle } from '../support/live/list.ts';
import { type LiveOptions, type LiveOrigin, type LiveStream, startLiveOrigin } from '../support/live.ts';
import { partsOf } from '../support/parts-of.ts';
import { expectTrue, frameSum, read } from './source.ts';

let origin: LiveOrigin;
let count = 0;
beforeAll(async () => {
  const programDateTime = new Date('2026-01-02T03:04:05Z');
  origin = await startLiveOrigin({ mode: 'manual', segments: 20, window: 20, initial: 3, programDateTime });
});
afterAll(() => origin.close());

const inputOf = ({ url }: LiveStream): SourceInput => ({ url, headers: {}, protocol: 'hls', quality: 'best' });
const told = (items: SourceItem[]) => items.filter(({ kind }) => kind === 'gap' || kind === 'mark');
const sequences = (items: SourceItem[]) =>
  items.flatMap((item) => (item.kind === 'segment' ? [item.segment.sourceSequence] : []));

/** Media Segments 3, 4 and 5 are a break; 6 to 8 come behind it. */
async function withBreak(style: AdStyle, options: LiveOptions & { reel?: boolean } = {}): Promise<LiveStream> {
  const { reel = false, ...own } = options;
  const stream = await origin.stream(`a${count++}`, own);
  await stream.adBreak(3, style, { reel });
  return stream;
}

/** Reads with the break coming in while it is followed. */
async function readAll(stream: LiveStream, ads: AdPolicy, segmentMs = 1_000) {
  const reading = await read(hlsSource, inputOf(stream), undefined, segmentMs, ads);
  if (segmentMs === 1_000) await reading.hasSegments(3);
  stream.advance(6);
  stream.end();
  await reading.done;
  await expectTrue(reading.segments);
  return reading;
}

describe.concurrent('ad breaks', () => {
  for (const style of ['cue', 'scte35', 'twitch', 'interstitial'] as const) {
    test(`told by ${style}: dropped, they are one Gap with a name, and not a byte of them is fetched`, async () => {
      const stream = await withBreak(style);
      const { items, segments } = await readAll(stream, 'drop');
      expect(told(items)).toEqual([{ kind: 'gap', cause: 'ad_break', lengthMs: 3_000 }]);
      expect(sequences(items)).toEqual([0, 1, 2, 6, 7, 8]);
      expect(frameSum(segments)).toBe(await stream.frames([0, 1, 2, 6, 7, 8]));
      expect([3, 4, 5].map((sequence) => stream.requests(sequence))).toEqual([0, 0, 0]);
      expect(segments[3]?.startsRun).toBe(true);
    });
  }

  for (const reel of [false, true])
    test(`sound and picture stay together across a dropped break${reel ? ' of other media' : ''}`, async () => {
      const stream = await withBreak('cue', { reel });
      const { items, segments } = await readAll(stream, 'drop', 60_000);
      expect(told(items)).toEqual([{ kind: 'gap', cause: 'ad_break', lengthMs: 3_000 }]);
      const [part, ...others] = await partsOf(items);
      expect(others).toEqual([]);
      expect(part?.frames).toBe(frameSum(segments));
      expect(part?.frames).toBe(150);
      expect(Math.abs(part?.beginApartMs ?? 99)).toBeLessThanOrEqual(40);
      expect(Math.abs(part?.endApartMs ?? 99)).toBeLessThanOrEqual(40);
      // AAC frames do not end where pictures do: each Run is longer by less than two of them.
      expect(Math.abs((part?.lengthMs ?? 0) - 6_000)).toBeLessThanOrEqual(100);
    });

  for (const style of ['cue', 'twitch'] as const)
    test(`told by ${style}: marked, they are kept and told with their length`, async () => {
      const stream = await withBreak(style);
      const { items, segments } = await readAll(stream, 'mark', 60_000);
      expect(items.map(({ kind }) => kind)).toEqual(['take', 'segment', 'segment', 'mark', 'segment']);
      expect(sequences(items)).toEqual([0, 3, 6]);
      const [mark] = told(items);
      expect(Math.abs((mark?.kind === 'mark' ? mark.lengthMs : 0) - 3_000)).toBeLessThanOrEqual(40);
      expect(frameSum(segments)).toBe(await stream.frames());
      expect(segments.map(({ startsRun }) => startsRun)).toEqual([true, false, false]);
    });

  test('they are kept without a word where nobody asked', async () => {
    const stream = await withBreak('cue');
    const { items, segments } = await readAll(stream, 'keep');
    expect(told(items)).toEqual([]);
    expect(frameSum(segments)).toBe(await stream.frames());
  });

  test('a break at the very beginning and at the very end is told as well', async () => {
    const stream = await origin.stream(`a${count++}`, { initial: 0 });
    await stream.adBreak(2, 'cue');
    stream.advance(4);
    await stream.adBreak(2, 'cue');
    stream.advance(2);
    stream.end();
    const reading = await read(hlsSource, inputOf(stream), undefined, 1_000, 'drop');
    await reading.done;
    expect(reading.items.map(({ kind }) => kind)).toEqual(['take', 'gap', 'segment', 'segment', 'gap']);
    expect(told(reading.items)).toEqual([
      { kind: 'gap', cause: 'ad_break', lengthMs: 2_000 },
      { kind: 'gap', cause: 'ad_break', lengthMs: 2_000 },
    ]);
  });

  test('a break whose beginning slid out of the playlist goes on', async () => {
    const stream = await withBreak('scte35', { window: 3 });
    const reading = await read(hlsSource, inputOf(stream), undefined, 1_000, 'drop');
    await reading.hasSegments(3);
    for (let i = 0; i < 6; i++) {
      const before = stream.playlistRequests();
      stream.advance();
      while (stream.playlistRequests() < before + 2) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    stream.end();
    await reading.done;
    expect(told(reading.items)).toEqual([{ kind: 'gap', cause: 'ad_break', lengthMs: 3_000 }]);
    expect(sequences(reading.items)).toEqual([0, 1, 2, 6, 7, 8]);
  });
});
