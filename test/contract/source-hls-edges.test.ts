import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SourceInput, SourceItem } from '../../src/core/ports.ts';
import { hlsSource } from '../../src/sources/hls/source.ts';
import { type LiveOrigin, type LiveStream, startLiveOrigin } from '../support/live.ts';
import { programs } from '../support/programs.ts';
import { expectTrue, frameSum, read } from './source.ts';

/** Serves whatever text or bytes a test puts at a path. */
const pages = new Map<string, string | Buffer>();
let server: Server;
let root = '';
let origin: LiveOrigin;
let big: LiveStream;
let small: LiveStream;

beforeAll(async () => {
  origin = await startLiveOrigin({ mode: 'manual', segments: 20, window: 6 });
  big = await origin.stream('big');
  small = await origin.stream('small', { size: '160x90', segments: 4, window: 4 });
  server = createServer((request, response) => {
    const page = pages.get(request.url ?? '');
    response.writeHead(page === undefined ? 404 : 200).end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await origin.close();
});

const input = (path: string, quality: SourceInput['quality'] = 'best'): SourceInput => ({
  url: path.startsWith('http') ? path : root + path,
  headers: {},
  protocol: 'hls',
  quality,
});
const media = (lines: string[]) =>
  ['#EXTM3U', '#EXT-X-VERSION:3', '#EXT-X-TARGETDURATION:1', ...lines, '#EXT-X-ENDLIST', ''].join('\n');
const entry = (url: string) => ['#EXTINF:1.000,', url];
const segmentUrl = ({ url }: LiveStream, sequence: number) => new URL(`seg${sequence}.ts`, url).href;
const takesOf = (items: SourceItem[]) => items.filter((item) => item.kind === 'take');
const gapsOf = (items: SourceItem[]) => items.filter((item) => item.kind === 'gap');

describe('HLS at its edges', () => {
  test('a change of size opens the next Take, and a discontinuity alone only the next Run', async () => {
    const ofBig = (sequence: number) => entry(segmentUrl(big, sequence));
    const ofSmall = entry(segmentUrl(small, 0));
    const jump = '#EXT-X-DISCONTINUITY';
    pages.set('/sizes.m3u8', media([...ofBig(0), ...ofBig(1), jump, ...ofSmall, jump, ...ofBig(4), jump, ...ofBig(0)]));
    const reading = await read(hlsSource, input('/sizes.m3u8'), undefined, 10_000);
    await reading.done;
    expect(takesOf(reading.items).map((item) => item.kind === 'take' && item.codecs.height)).toEqual([180, 90, 180]);
    expect(reading.items.map(({ kind }) => kind)).toEqual([
      ...['take', 'segment'],
      ...['take', 'segment'],
      ...['take', 'segment', 'segment'],
    ]);
    expect(reading.segments.map(({ startsRun }) => startsRun)).toEqual([true, true, true, true]);
    expect(frameSum(reading.segments)).toBe(5 * 25);
    await expectTrue(reading.segments);
  });

  test('timestamps that jump without a word begin a new Run', async () => {
    pages.set('/jump.m3u8', media([...entry(segmentUrl(big, 0)), ...entry(segmentUrl(big, 4))]));
    const reading = await read(hlsSource, input('/jump.m3u8'), undefined, 10_000);
    await reading.done;
    expect(reading.segments.map(({ startsRun, lengthMs }) => [startsRun, Math.round(lengthMs)])).toEqual([
      [true, 1_000],
      [true, 1_000],
    ]);
  });

  test('what is not MPEG-TS is told as a Gap, and so is what the server itself calls missing', async () => {
    pages.set('/page.ts', '<html>sorry</html>');
    const lines = [...entry(segmentUrl(big, 0)), ...entry('page.ts'), '#EXT-X-GAP', ...entry('none.ts')];
    pages.set('/broken.m3u8', media([...lines, ...entry(segmentUrl(big, 3))]));
    const reading = await read(hlsSource, input('/broken.m3u8'), undefined, 10_000);
    await reading.done;
    expect(gapsOf(reading.items)).toMatchObject([
      { cause: 'corrupt', lengthMs: 1_000 },
      { cause: 'http_error', lengthMs: 1_000, detail: 'EXT-X-GAP' },
    ]);
    expect(frameSum(reading.segments)).toBe(50);
  });

  test('of a master the variant nearest below the height asked for is taken', async () => {
    const variant = (height: number, url: string) => [
      `#EXT-X-STREAM-INF:BANDWIDTH=${height * 1000},RESOLUTION=${(height * 16) / 9}x${height}`,
      url,
    ];
    pages.set('/big.m3u8', media(entry(segmentUrl(big, 0))));
    pages.set('/small.m3u8', media(entry(segmentUrl(small, 0))));
    const lines = ['#EXTM3U', ...variant(360, 'small.m3u8?token=1'), ...variant(720, 'big.m3u8'), ''];
    pages.set('/master.m3u8', lines.join('\n'));
    pages.set('/small.m3u8?token=1', pages.get('/small.m3u8') ?? '');
    for (const [quality, height, playlist] of [
      ['best', 180, '/big.m3u8'],
      ['480p', 90, '/small.m3u8'],
    ] as const) {
      const reading = await read(hlsSource, input('/master.m3u8', quality));
      await reading.done;
      expect(takesOf(reading.items)).toMatchObject([{ codecs: { height } }]);
      // Tokens stay out of what is kept.
      expect(reading.segments[0]?.playlist).toBe(root + playlist);
    }
  });

  test('the Media Segment that low-latency HLS is still making is left alone', async () => {
    const part = '#EXT-X-PART:DURATION=0.5,URI="part.ts"';
    pages.set('/ll.m3u8', media(['#EXT-X-PART-INF:PART-TARGET=0.5', ...entry(segmentUrl(big, 0)), part]));
    const reading = await read(hlsSource, input('/ll.m3u8'));
    await reading.done;
    expect(gapsOf(reading.items)).toEqual([]);
    expect(frameSum(reading.segments)).toBe(25);
  });

  test('what cannot be recorded is refused by its name', async () => {
    const drm = 'METHOD=SAMPLE-AES,URI="skd://k",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"';
    pages.set('/drm.m3u8', media([`#EXT-X-KEY:${drm}`, ...entry('1.ts')]));
    const reading = await read(hlsSource, input('/drm.m3u8'));
    await expect(reading.done).rejects.toMatchObject({ name: 'UserError', code: 'hls_drm' });
  });

  test('an encoder that starts again in mid-stream is noticed before its numbers have caught up', async () => {
    const stream = await origin.stream('again', { initial: 6 });
    const reading = await read(hlsSource, input(stream.url), undefined, 1_000);
    await reading.hasSegments(6);
    stream.advance(2);
    await reading.hasSegments(8);
    stream.restart();
    await reading.hasSegments(14);
    stream.end();
    await reading.done;
    expect(takesOf(reading.items)).toMatchObject([{ joined: true }, { joined: false }]);
    expect(gapsOf(reading.items)).toMatchObject([{ cause: 'unjoined', lengthMs: 0 }]);
    expect(reading.segments.slice(8).map(({ sourceSequence }) => sourceSequence)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('a reader that leaves in the middle leaves nothing running', async () => {
    const stream = await origin.stream('left');
    const options = {
      dir: '/nowhere',
      segmentMs: 1_000,
      signal: new AbortController().signal,
      allowPrivate: true,
      programs,
    };
    const reading = hlsSource.open(input(stream.url), undefined, options)[Symbol.asyncIterator]();
    expect(await reading.next()).toMatchObject({ value: { kind: 'take' } });
    await reading.return?.();
    const asked = stream.playlistRequests();
    // Nothing is waited for: two reloads would have come in this time.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(stream.playlistRequests()).toBe(asked);
  });
});
