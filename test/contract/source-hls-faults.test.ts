import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AdPolicy } from '../../src/core/model.ts';
import type { SourceInput } from '../../src/core/ports.ts';
import { hlsSource } from '../../src/sources/hls/source.ts';
import { describeItems, expectRow, expectRows } from '../support/capture-table.ts';
import { type Fault, type LiveOptions, type LiveOrigin, type LiveStream, startLiveOrigin } from '../support/live.ts';
import { partsOf } from '../support/parts-of.ts';
import { frameSum, type Reading, read, until } from './source.ts';

/*
 * Every fault of test/support/live.ts: which frames stand, what is told, that nothing is doubled, and that the Parts
 * hold exactly the frames of the Segments with sound and picture together. docs/capture.md is written of this.
 */

let origin: LiveOrigin;
let count = 0;
beforeAll(async () => {
  origin = await startLiveOrigin({ mode: 'manual', segments: 20, window: 6 });
});
afterAll(() => origin.close());

type Scenario = {
  fault: string;
  options?: LiveOptions;
  ads?: AdPolicy;
  usesMaster?: boolean;
  /** Before the capture begins. */
  before?: (stream: LiveStream) => Promise<void> | void;
  /** While it runs; the stream ends afterwards. */
  act?: (stream: LiveStream, reading: Reading) => Promise<void> | void;
  input?: (stream: LiveStream) => Partial<SourceInput>;
  /** Frames published in all, where not all of them lie in the stream's present counting. */
  published?: (stream: LiveStream) => Promise<number>;
};

const polls = async (stream: LiveStream, n: number) => {
  const before = stream.playlistRequests();
  await until(() => stream.playlistRequests() >= before + n, `${n} polls`);
};
const times = { programDateTime: new Date('2026-01-02T03:04:05Z') };
const grow = async (stream: LiveStream, reading: Reading) => {
  await reading.hasSegments(2);
  stream.advance(2);
};
/** Nothing comes of it; waits for how it ends. */
const untilOver = async (_: LiveStream, reading: Reading) => {
  await reading.done.catch(() => undefined);
};
const segment = (fault: string, kind: Fault): Scenario => ({
  fault: `a Media Segment ${fault}`,
  before: (stream) => stream.failSegment(2, kind, 1),
});
const ads = (policy: AdPolicy): Scenario => ({
  fault: `an ad break of 3 s, \`ads=${policy}\``,
  options: { initial: 3, window: 12 },
  ads: policy,
  before: (stream) => stream.adBreak(3, 'cue', { reel: true }),
  act: async (stream, reading) => {
    await reading.hasSegments(3);
    stream.advance(6);
  },
});
const playlistFault = (fault: string, kind: Fault): Scenario => ({
  fault: `the playlist ${fault}`,
  act: async (stream, reading) => {
    await reading.hasSegments(2);
    stream.failPlaylist(kind);
    await polls(stream, 2);
    stream.advance(2);
    stream.failPlaylist(undefined);
  },
});

const scenarios: Scenario[] = [
  { fault: 'none, MPEG-TS' },
  { fault: 'none, fMP4', options: { format: 'fmp4' } },
  segment('answers 404 once', 404),
  segment('answers 503 once', 503),
  segment('ends in a reset once', 'reset'),
  segment('hangs once', 'hang'),
  segment('breaks off once', 'truncate'),
  segment('is half there, as if that were all, once', 'short'),
  { ...segment('of fMP4 is half there once', 'short'), options: { format: 'fmp4' } },
  {
    fault: 'a Media Segment answers 404 until it leaves the window',
    options: { window: 4 },
    before: (stream) => stream.failSegment(1, 404),
    act: async (stream) => {
      await until(() => stream.requests(1) > 1, 'a second try');
      stream.advance(2);
      await polls(stream, 2);
    },
    published: (stream) => stream.frames([0, 1, 2, 3, 4, 5]),
  },
  {
    fault: 'three Media Segments leave the window unseen',
    options: { window: 4 },
    act: async (stream, reading) => {
      await reading.hasSegments(4);
      stream.advance(7);
    },
  },
  playlistFault('answers 503 for a while', 503),
  playlistFault('ends in resets for a while', 'reset'),
  playlistFault('breaks off for a while', 'truncate'),
  {
    fault: 'the playlist answers 404 for 20 s',
    act: async (stream, reading) => {
      await reading.hasSegments(6);
      stream.failPlaylist(404);
      await reading.done.catch(() => undefined);
    },
  },
  {
    fault: 'the playlist stands still',
    act: async (_, reading) => {
      await reading.done.catch(() => undefined);
    },
  },
  {
    fault: 'edges disagree by two Media Segments',
    act: async (stream) => {
      stream.lag(2);
      for (let i = 0; i < 4; i++) {
        await polls(stream, 2);
        stream.advance();
      }
      stream.lag(0);
    },
  },
  {
    fault: 'a delta playlist (EXT-X-SKIP) that nobody asked for',
    act: async (stream, reading) => {
      await reading.hasSegments(2);
      stream.advance();
      stream.skip(3);
      await polls(stream, 2);
    },
  },
  { fault: 'low-latency HLS', options: { isLowLatency: true }, act: grow },
  { fault: 'everything compressed', options: { isGzipped: true } },
  { fault: 'every address redirects', options: { isRedirected: true } },
  { fault: 'byte ranges of one resource', options: { hasByteranges: true } },
  { fault: 'byte ranges of one resource, fMP4', options: { hasByteranges: true, format: 'fmp4' } },
  { fault: 'AES-128, a new key every 2 Media Segments', options: { encryption: { rotateEvery: 2, iv: 'told' } } },
  {
    fault: 'AES-128, the sequence is the IV, fMP4',
    options: { encryption: { rotateEvery: 3, iv: 'sequence' }, format: 'fmp4' },
  },
  {
    fault: 'the key of AES-128 answers 503 for a while',
    options: { encryption: { rotateEvery: 2, iv: 'told' } },
    before: (stream) => stream.failKey(503),
    act: async (stream) => {
      await until(() => stream.keyRequests() > 1, 'a second try');
      stream.failKey(undefined);
    },
  },
  {
    fault: 'signed addresses run out, the page gives new ones',
    options: { hasTokens: true },
    input: (stream) => ({
      renew: async () => ({ url: stream.url, headers: {}, protocol: 'hls', quality: 'best' }),
    }),
    act: async (stream, reading) => {
      await reading.hasSegments(6);
      stream.expire();
      stream.advance(3);
      await reading.hasSegments(9);
    },
  },
  {
    fault: 'signed addresses run out, and nothing gives new ones',
    options: { hasTokens: true },
    act: async (stream, reading) => {
      await reading.hasSegments(6);
      stream.expire();
      await reading.done.catch(() => undefined);
    },
  },
  {
    fault: 'the encoder starts again, the playlist tells the time',
    options: times,
    act: async (stream, reading) => {
      await reading.hasSegments(6);
      stream.restart();
      await reading.hasSegments(12);
    },
    published: async (stream) => 2 * (await stream.frames()),
  },
  {
    fault: 'the encoder starts again, nothing tells the time',
    act: async (stream, reading) => {
      await reading.hasSegments(6);
      stream.advance(2);
      await reading.hasSegments(8);
      stream.restart();
      await reading.hasSegments(14);
    },
    published: async () => 14 * 25,
  },
  {
    fault: 'the encoder starts again and comes to the same number at once',
    act: async (stream, reading) => {
      await reading.hasSegments(6);
      stream.restart();
      await reading.hasSegments(12);
    },
    published: async () => 12 * 25,
  },
  {
    fault: 'the pictures change their size',
    before: async (stream) => {
      await stream.change('160x90');
      stream.advance(2);
    },
    options: { window: 8, initial: 6 },
  },
  {
    fault: 'the codec changes (H.264 to HEVC), fMP4',
    before: async (stream) => {
      await stream.change({ videoCodec: 'libx265' });
      stream.advance(2);
    },
    options: { window: 8, initial: 6, format: 'fmp4' },
  },
  {
    fault: 'the sample rate changes',
    before: async (stream) => {
      await stream.change({ sampleRate: 48_000 });
      stream.advance(2);
    },
    options: { window: 8, initial: 6 },
  },
  {
    fault: 'a discontinuity, and timestamps that begin again',
    before: async (stream) => {
      await stream.change({ toneHz: 880 });
      stream.advance(2);
    },
    options: { window: 8, initial: 6 },
  },
  ads('keep'),
  ads('drop'),
  ads('mark'),
  { fault: 'separate sound, MPEG-TS', options: { isSplit: true }, usesMaster: true, act: grow },
  { fault: 'separate sound, fMP4', options: { isSplit: true, format: 'fmp4' }, usesMaster: true, act: grow },
  {
    fault: 'separate sound, a Media Segment of it answers 503 once',
    options: { isSplit: true },
    usesMaster: true,
    before: (stream) => stream.failSegment(2, 503, 1, 'audio'),
    act: grow,
  },
  {
    ...ads('drop'),
    fault: 'separate sound, an ad break of 3 s, `ads=drop`',
    options: { initial: 3, window: 12, isSplit: true },
    usesMaster: true,
    before: (stream) => stream.adBreak(3, 'cue'),
  },
  {
    fault: 'separate sound, a Media Segment of it answers 404 until it leaves the window',
    options: { isSplit: true, window: 4 },
    usesMaster: true,
    before: (stream) => stream.failSegment(1, 404, Number.POSITIVE_INFINITY, 'audio'),
    act: async (stream) => {
      await until(() => stream.requests(1, 'audio') > 1, 'a second try');
      stream.advance(2);
      await polls(stream, 4);
    },
  },
  {
    fault: 'hostile: the playlist never ends',
    before: (stream) => stream.failPlaylist('endless'),
    act: untilOver,
    published: async () => 0,
  },
  {
    fault: 'hostile: the playlist comes in drips',
    before: (stream) => stream.failPlaylist('drip'),
    act: untilOver,
    published: async () => 0,
  },
  {
    fault: 'hostile: a master of a million variants',
    input: () => ({
      url: origin.page('million.m3u8', `#EXTM3U\n${'#EXT-X-STREAM-INF:BANDWIDTH=1\na\n'.repeat(100_000)}`),
    }),
    act: untilOver,
    published: async () => 0,
  },
  {
    fault: 'hostile: a Media Segment says that it is 10 GB',
    before: (stream) => stream.failSegment(2, 'huge'),
  },
  {
    fault: 'hostile: a Media Segment never ends',
    before: (stream) => stream.failSegment(2, 'endless'),
  },
  {
    fault: 'hostile: a Media Segment comes in drips',
    before: (stream) => stream.failSegment(0, 'drip'),
    act: async (stream) => {
      await until(() => stream.requests(0) > 0, 'the drips');
      stream.advance();
      await polls(stream, 2);
    },
  },
];

describe('faults of HLS', () => {
  test.concurrent.each(scenarios.map((scenario) => [scenario.fault, scenario] as const))(
    '%s',
    async (fault, scenario) => {
      const stream = await origin.stream(`f${count++}`, scenario.options ?? {});
      await scenario.before?.(stream);
      const url = scenario.usesMaster ? stream.masterUrl : stream.url;
      const input: SourceInput = { url, headers: {}, protocol: 'hls', quality: 'best', ...scenario.input?.(stream) };
      const reading = await read(hlsSource, input, undefined, 1_000, scenario.ads);
      await scenario.act?.(stream, reading);
      stream.end();
      const ends = await reading.done.then(
        () => 'ends with the stream',
        (error) =>
          `\`${error.code}\`: ${error.name === 'UserError' ? 'ends and says why' : 'looks again until the grace is over'}`,
      );
      const kept = frameSum(reading.segments.filter(({ track }) => track === 0));
      const published = (await scenario.published?.(stream)) ?? (await stream.frames());
      await expectParts(reading);
      expectRow('hls', { fault, ...describeItems(reading.items, { kept, published }), ends });
    },
  );

  test('the table holds no line that no test stands behind', () => {
    expectRows(
      'hls',
      scenarios.map(({ fault }) => fault),
    );
  });
});

/** Nothing is there twice; the Parts hold what the Segments hold, sound with picture. */
async function expectParts({ items, segments }: Reading): Promise<void> {
  const hashes = segments.flatMap((segment) => segment.hashes);
  expect(new Set(hashes).size).toBe(hashes.length);
  const parts = await partsOf(items);
  expect(parts.reduce((sum, { frames }) => sum + frames, 0)).toBe(
    frameSum(segments.filter(({ track }) => track === 0)),
  );
  for (const { beginApartMs, endApartMs } of parts) {
    expect(Math.abs(beginApartMs)).toBeLessThanOrEqual(40);
    expect(Math.abs(endApartMs)).toBeLessThanOrEqual(40);
  }
}
