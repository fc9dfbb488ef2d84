import { createCipheriv } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Source, SourceInput, SourceItem } from '../../src/core/ports.ts';
import { run } from '../../src/lib/run.ts';
import { scanFmp4 } from '../../src/media/fmp4.ts';
import { readInit } from '../../src/media/fmp4-init.ts';
import { remuxPart } from '../../src/media/remux.ts';
import { readTsSound } from '../../src/media/sound-frames.ts';
import { createAsking } from '../../src/sources/hls/asking.ts';
import { createResources } from '../../src/sources/hls/resources.ts';
import { fetchSegment } from '../../src/sources/hls/segments.ts';
import { hlsSource } from '../../src/sources/hls/source.ts';
import { type LiveOptions, type LiveOrigin, type LiveStream, startLiveOrigin } from '../support/live.ts';
import { frameSum, read, resumeAfter, until } from './source.ts';

let origin: LiveOrigin;
let count = 0;
beforeAll(async () => {
  origin = await startLiveOrigin({ mode: 'manual', segments: 20, window: 6 });
});
afterAll(() => origin.close());

const live = (options: LiveOptions = {}): Promise<LiveStream> => origin.stream(`f${count++}`, options);
const inputOf = ({ url }: LiveStream): SourceInput => ({ url, headers: {}, protocol: 'hls', quality: 'best' });
const takesOf = (items: SourceItem[]) => items.flatMap((item) => (item.kind === 'take' ? [item] : []));
const gapsOf = (items: SourceItem[]) => items.filter((item) => item.kind === 'gap');

/** All that was published, byte for byte. */
async function expectAllKept(stream: LiveStream, paths: string[]): Promise<void> {
  const kept = Buffer.concat(await Promise.all(paths.map((path) => readFile(path))));
  const served = await Promise.all(Array.from({ length: stream.last() + 1 }, (_, sequence) => stream.bytes(sequence)));
  expect(kept.equals(Buffer.concat(served))).toBe(true);
}

describe('forms of HLS', () => {
  test('media servers that want the login are given the cookies of their host, for playlists, keys and media', async () => {
    const stream = await live({ wantsCookie: 'SID=1', encryption: { rotateEvery: 2, iv: 'told' } });
    stream.end();
    const cookies = async () => '127.0.0.1\tFALSE\t/\tFALSE\t0\tSID\t1';
    const source: Source = { ...hlsSource, open: (to, from, more) => hlsSource.open(to, from, { ...more, cookies }) };
    const reading = await read(source, inputOf(stream));
    await reading.done;
    expect(gapsOf(reading.items)).toEqual([]);
    expect(frameSum(reading.segments)).toBe(await stream.frames());
  });

  test('the cookies of an input go to its own origin alone, whatever lists what lies elsewhere', async () => {
    const seen: unknown[] = [];
    let port = 0;
    const files: Record<string, () => string> = {
      '/master.m3u8': () => `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://localhost:${port}/media.m3u8\n`,
      '/media.m3u8': () =>
        `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="http://127.0.0.1:${port}/key"\n#EXTINF:1,\na.ts\n`,
    };
    const server = createServer(({ url = '', headers }, response) => {
      seen.push([headers.host?.split(':')[0], url, headers.cookie, headers.referer]);
      response.end(files[url]?.() ?? 'sixteen bytes it');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
    const options = { allowPrivate: true, signal: AbortSignal.timeout(60_000) };
    const headers = { Cookie: 'a=1', Referer: 'b' };
    const url = `http://127.0.0.1:${port}/master.m3u8`;
    const { playlist, input } = await createAsking({ url, headers, protocol: 'hls', quality: 'best' }, options).ask();
    for (const segment of playlist.segments) await fetchSegment(segment, { ...options, input, isGone: () => true });
    expect(seen).toEqual([
      ['127.0.0.1', '/master.m3u8', 'a=1', 'b'],
      ['localhost', '/media.m3u8', undefined, 'b'],
      ['127.0.0.1', '/key', 'a=1', 'b'],
      ['localhost', '/a.ts', undefined, 'b'],
    ]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('fMP4 is kept byte for byte, its initialization section once for each Take', async () => {
    const stream = await live({ format: 'fmp4' });
    const reading = await read(hlsSource, inputOf(stream), undefined, 2_000);
    await reading.hasSegments(1);
    stream.advance(2);
    stream.end();
    await reading.done;
    const takes = takesOf(reading.items);
    expect(takes).toMatchObject([{ codecs: { container: 'fmp4', video: 'h264', audio: 'aac', width: 320 } }]);
    expect(gapsOf(reading.items)).toEqual([]);
    await expectAllKept(
      stream,
      reading.segments.map(({ path }) => path),
    );
    expect(frameSum(reading.segments)).toBe(await stream.frames());
    const init = readInit(await readFile(takes[0]?.initPath ?? ''));
    for (const segment of reading.segments) {
      const facts = scanFmp4(await readFile(segment.path), init);
      expect(facts.frameCount).toBe(segment.frameCount);
      expect(Math.abs(facts.lengthMs - segment.lengthMs)).toBeLessThan(1);
      expect(segment.isIndependent).toBe(true);
    }
    expect(reading.segments.map(({ startsRun }) => startsRun)).toEqual([true, false, false, false]);
  });

  test('another initialization section opens the next Take', async () => {
    const stream = await live({ format: 'fmp4' });
    const reading = await read(hlsSource, inputOf(stream), undefined, 1_000);
    await reading.hasSegments(6);
    await stream.change('160x90');
    stream.advance(2);
    stream.end();
    await reading.done;
    const takes = takesOf(reading.items);
    expect(takes).toMatchObject([{ codecs: { width: 320 } }, { codecs: { width: 160, height: 90 }, joined: true }]);
    expect(new Set(takes.map(({ codecs }) => codecs.init)).size).toBe(2);
    expect(new Set(takes.map(({ initPath }) => initPath)).size).toBe(2);
    expect(frameSum(reading.segments)).toBe(await stream.frames());
  });

  for (const format of ['ts', 'fmp4'] as const) {
    for (const iv of ['told', 'sequence'] as const) {
      test(`AES-128 of ${format} whose IV is ${iv} is kept decrypted over a key rotation`, async () => {
        const stream = await live({ format, encryption: { rotateEvery: 3, iv } });
        const reading = await read(hlsSource, inputOf(stream), undefined, 1_000);
        await reading.hasSegments(3);
        stream.advance(2);
        stream.end();
        await reading.done;
        expect(gapsOf(reading.items)).toEqual([]);
        await expectAllKept(
          stream,
          reading.segments.map(({ path }) => path),
        );
        expect(frameSum(reading.segments)).toBe(await stream.frames());
        // One for each three Media Segments, however many want it.
        expect(stream.keyRequests()).toBe(3);
      });
    }
  }

  test('an initialization section may be encrypted as well', async () => {
    const stream = await live({ format: 'fmp4' });
    const listed = await (await fetch(stream.url)).text();
    const plain = await fetch(new URL(/URI="(init[^"]+)"/.exec(listed)?.[1] ?? '', stream.url));
    const [key, iv] = [Buffer.alloc(16, 7), Buffer.alloc(16, 9)];
    const cipher = createCipheriv('aes-128-cbc', key, iv);
    const locked = Buffer.concat([cipher.update(Buffer.from(await plain.arrayBuffer())), cipher.final()]);
    const server = createServer((request, response) => response.end(request.url === '/key' ? key : locked));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { signal } = new AbortController();
    const resources = createResources({ input: { url: 'http://127.0.0.1/', headers: {} }, allowPrivate: true, signal });
    const map = { url: `${root}/init`, key: { url: `${root}/key`, iv: iv.toString('hex') } };
    expect((await resources.init(map)).tracks).toHaveLength(2);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('a key that cannot be had is tried again; what it would have opened is told', async () => {
    const stream = await live({ encryption: { rotateEvery: 6, iv: 'told' }, window: 4 });
    stream.failKey(503);
    const reading = await read(hlsSource, inputOf(stream), undefined, 1_000);
    await until(() => stream.keyRequests() > 1, 'a second try');
    stream.failKey(undefined);
    await reading.hasSegments(4);
    stream.end();
    await reading.done;
    expect(gapsOf(reading.items)).toEqual([]);
    expect(frameSum(reading.segments)).toBe(await stream.frames());
  });

  const forms: [string, LiveOptions][] = [
    ['byte ranges', { hasByteranges: true }],
    ['byte ranges of fMP4', { hasByteranges: true, format: 'fmp4' }],
    ['compressed answers', { isGzipped: true }],
    ['redirects', { isRedirected: true }],
    ['low latency', { isLowLatency: true }],
    ['low latency of fMP4', { isLowLatency: true, format: 'fmp4' }],
  ];
  test.each(forms)('%s change nothing', async (_name, options) => {
    const stream = await live(options);
    const reading = await read(hlsSource, inputOf(stream), undefined, 1_000);
    await reading.hasSegments(6);
    stream.advance(2);
    stream.end();
    await reading.done;
    expect(gapsOf(reading.items)).toEqual([]);
    await expectAllKept(
      stream,
      reading.segments.map(({ path }) => path),
    );
    expect(frameSum(reading.segments)).toBe(await stream.frames());
  });
});

describe('sound that lies apart', () => {
  const masterOf = ({ masterUrl }: LiveStream): SourceInput => ({
    url: masterUrl,
    headers: {},
    protocol: 'hls',
    quality: 'best',
  });

  for (const format of ['ts', 'fmp4'] as const) {
    test(`${format}: both tracks are kept byte for byte, the sound right before its pictures`, async () => {
      const stream = await live({ format, isSplit: true });
      const reading = await read(hlsSource, masterOf(stream), undefined, 2_000);
      await reading.hasSegments(2);
      stream.advance(2);
      stream.end();
      await reading.done;
      expect(gapsOf(reading.items)).toEqual([]);
      expect(takesOf(reading.items)).toMatchObject([
        { codecs: { container: format, video: 'h264', audio: 'aac', audioContainer: format, sampleRate: 44_100 } },
      ]);
      const [sound, pictures] = [1, 0].map((track) => reading.segments.filter((each) => each.track === track));
      expect(reading.segments.map(({ track }) => track)).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
      await expectAllKept(stream, pictures?.map(({ path }) => path) ?? []);
      const heard = Buffer.concat(await Promise.all((sound ?? []).map(({ path }) => readFile(path))));
      const served = await Promise.all(range(0, stream.last()).map((sequence) => stream.bytes(sequence, 'audio')));
      expect(heard.equals(Buffer.concat(served))).toBe(true);
      expect(frameSum(reading.segments)).toBe(await stream.frames());
      const lengthMs = (segments: typeof sound) => segments?.reduce((sum, each) => sum + each.lengthMs, 0) ?? 0;
      expect(Math.abs(lengthMs(sound) - lengthMs(pictures))).toBeLessThan(100);
    });
  }

  test('a Gap in the sound is told, and the pictures go on', async () => {
    const stream = await live({ isSplit: true, window: 4 });
    stream.failSegment(1, 404, Number.POSITIVE_INFINITY, 'audio');
    const reading = await read(hlsSource, masterOf(stream), undefined, 1_000);
    await until(() => stream.requests(1, 'audio') > 1, 'a second try');
    stream.advance(4);
    await until(() => gapsOf(reading.items).length > 0, 'the gap');
    stream.end();
    await reading.done;
    expect(gapsOf(reading.items)).toMatchObject([{ cause: 'http_error', detail: 'sound: HTTP 404' }]);
    expect(frameSum(reading.segments)).toBe(await stream.frames());
    const sound = reading.segments.filter(({ track }) => track === 1);
    expect(sound.flatMap(({ hashes }) => hashes)).toHaveLength(7);
  });

  test('the next owner goes on with both tracks, from where the pictures stood', async () => {
    const stream = await live({ isSplit: true, format: 'fmp4' });
    const first = await read(hlsSource, masterOf(stream), undefined, 1_000);
    await first.hasSegments(8);
    first.abort();
    await first.done;
    const pictures = first.segments.filter(({ track }) => track === 0);
    stream.advance(2);
    stream.end();
    const second = await read(hlsSource, masterOf(stream), resumeAfter(pictures), 1_000);
    await second.done;
    expect(gapsOf(second.items)).toEqual([]);
    const all = [...first.segments, ...second.segments];
    expect(frameSum(all)).toBe(await stream.frames());
    const heard = new Set(all.filter(({ track }) => track === 1).flatMap(({ hashes }) => hashes));
    expect(heard.size).toBe(stream.last() + 1);
    // What was over before the pictures went on is not kept again.
    const again = second.segments.filter(({ track }) => track === 1).flatMap(({ hashes }) => hashes);
    expect(again.length).toBeLessThanOrEqual(stream.last() + 1 - pictures.length + 1);
  });

  test('`audio` records the sound alone', async () => {
    const stream = await live({ isSplit: true });
    const reading = await read(hlsSource, { ...masterOf(stream), quality: 'audio' }, undefined, 2_000);
    await reading.hasSegments(1);
    stream.end();
    await reading.done;
    expect(takesOf(reading.items)).toMatchObject([{ codecs: { audio: 'aac' } }]);
    expect(takesOf(reading.items)[0]?.codecs.video).toBeUndefined();
    expect(reading.segments.every(({ track }) => track === 0)).toBe(true);
  });
});

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('sound without a container', () => {
  /** Serves Media Segments of AAC, each behind an ID3 tag that tells its time. */
  async function startRadio(hasClock: boolean) {
    const stream = await live({ isSplit: true });
    const segments = await Promise.all(
      range(0, 5).map(async (sequence) => {
        const { frames } = readTsSound(await stream.bytes(sequence, 'audio'));
        return pack(await adtsOf(await stream.bytes(sequence, 'audio')), hasClock ? frames[0]?.at : undefined);
      }),
    );
    const server = createServer((request, response) => {
      const sequence = /(\d+)\.aac/.exec(request.url ?? '')?.[1];
      const lines = segments.flatMap((_, index) => ['#EXTINF:1.0,', `${index}.aac`]);
      const list = ['#EXTM3U', '#EXT-X-TARGETDURATION:2', ...lines, '#EXT-X-ENDLIST', ''].join('\n');
      response.end(sequence === undefined ? list : segments[Number(sequence)]);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/radio.m3u8`;
    return { url, segments, close: () => new Promise((resolve) => server.close(resolve)) };
  }

  for (const hasClock of [true, false]) {
    test(`is kept byte for byte and becomes a Part; ${hasClock ? 'with' : 'without'} a clock`, async () => {
      const radio = await startRadio(hasClock);
      const input: SourceInput = { url: radio.url, headers: {}, protocol: 'hls', quality: 'best' };
      const reading = await read(hlsSource, input, undefined, 2_000);
      await reading.done;
      expect(takesOf(reading.items)).toMatchObject([
        { codecs: { container: 'aac', audio: 'aac', sampleRate: 44_100 } },
      ]);
      expect(gapsOf(reading.items)).toEqual([]);
      const kept = await Promise.all(reading.segments.map(({ path }) => readFile(path)));
      expect(Buffer.concat(kept).equals(Buffer.concat(radio.segments))).toBe(true);
      expect(reading.segments.map(({ startsRun }) => startsRun)).toEqual([true, false, false]);
      const outPath = join(await mkdtemp(join(tmpdir(), 'aircheck-radio-')), 'part.mp4');
      const runs = [
        {
          files: reading.segments.map(
            ({ path }) =>
              async () =>
                createReadStream(path),
          ),
        },
      ];
      const { signal } = new AbortController();
      const programs = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' };
      const made = await remuxPart({ runs, isPacked: true, outPath, signal, programs });
      expect(made).toMatchObject({ audioCodec: 'aac', frameCount: 0 });
      expect(Math.abs(made.lengthMs - 6_000)).toBeLessThan(60);
      await rm(dirname(outPath), { recursive: true });
      await radio.close();
    });
  }
});

/** The frames of AAC in MPEG-TS, as ffmpeg takes them out. */
async function adtsOf(bytes: Buffer): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-adts-'));
  await writeFile(join(dir, 'in.ts'), bytes);
  await run('ffmpeg', ['-v', 'error', '-i', join(dir, 'in.ts'), '-c', 'copy', '-f', 'adts', join(dir, 'out.aac')]);
  const packed = await readFile(join(dir, 'out.aac'));
  await rm(dir, { recursive: true });
  return packed;
}

/** An ID3 tag with the private frame of RFC 8216 §3.4 in front. */
function pack(frames: Buffer, ticks: number | undefined): Buffer {
  if (ticks === undefined) return frames;
  const value = Buffer.alloc(8);
  value.writeBigUInt64BE(BigInt(Math.round(ticks)));
  const body = Buffer.concat([Buffer.from('com.apple.streaming.transportStreamTimestamp\0', 'latin1'), value]);
  const frame = Buffer.concat([Buffer.from('PRIV'), Buffer.from([0, 0, 0, body.length, 0, 0]), body]);
  return Buffer.concat([Buffer.from('ID3'), Buffer.from([4, 0, 0, 0, 0, 0, frame.length]), frame, frames]);
}
