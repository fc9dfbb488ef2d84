import { createCipheriv } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SourceInput, SourceItem } from '../../src/core/ports.ts';
import { scanFmp4 } from '../../src/media/fmp4.ts';
import { readInit } from '../../src/media/fmp4-init.ts';
import { createResources } from '../../src/sources/hls/resources.ts';
import { hlsSource } from '../../src/sources/hls/source.ts';
import { type LiveOptions, type LiveOrigin, type LiveStream, startLiveOrigin } from '../support/live.ts';
import { frameSum, read, until } from './source.ts';

let origin: LiveOrigin;
let count = 0;
beforeAll(async () => {
  origin = await startLiveOrigin({ mode: 'manual', segments: 20, window: 6 });
}, 120_000);
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

describe('forms of HLS', { timeout: 60_000 }, () => {
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
    const resources = createResources({ headers: {}, allowPrivate: true, signal });
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
