import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fileStore } from '../support/telegram/file-store.ts';
import { parseMultipart } from '../support/telegram/multipart.ts';
import type { UploadedFile } from '../support/telegram/types.ts';
import { answerOf, expectRefusal, startEcho } from './echo.ts';

const boundary = '----------x1';
const type = { 'content-type': `multipart/form-data; boundary=${boundary}` };

/** A body of parts, each as the lines of its head and its bytes. */
function bodyOf(...parts: [head: string, bytes: string | Buffer][]): Buffer {
  const pieces = parts.flatMap(([head, bytes]) => [`--${boundary}\r\n${head}\r\n\r\n`, bytes, '\r\n']);
  return Buffer.concat([...pieces, `--${boundary}--\r\n`].map((piece) => Buffer.from(piece)));
}

const value = (name: string, text: string): [string, string] => [
  `Content-Disposition: form-data; name="${name}"`,
  text,
];
const file = (name: string, fileName: string, bytes: string | Buffer = 'bytes'): [string, string | Buffer] => [
  `content-disposition: form-data; name="${name}"; filename=${fileName}\r\ncontent-type: video/mp4`,
  bytes,
];

function post(url: string, body: Buffer, headers: Record<string, string> = type): Promise<Response> {
  return fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
}

test('a file is on the disk, hashed, before its call is processed', async () => {
  const { bot, seen, violations } = await startEcho();
  const bytes = Buffer.from('\r\n--\r\n----------x\r\n\r\nnot a boundary');
  await post(
    `${bot}/sendVideo`,
    bodyOf(value('chat_id', '5'), value('video', 'attach://v'), file('v', 'a.mp4', bytes)),
  );
  const uploaded = seen[0]?.files.get('v') as UploadedFile;
  expect(uploaded).toMatchObject({ fileName: 'a.mp4', mimeType: 'video/mp4', sizeBytes: bytes.length });
  expect(uploaded.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  expect(readFileSync(uploaded.path)).toEqual(bytes);
  expect(seen[0]?.params).toEqual({ chat_id: 5, video: 'attach://v' });
  expect(violations).toEqual([]);
});

test('file names are read as TDLib reads them', async () => {
  const { bot, seen } = await startEcho();
  const names: Record<string, string> = {
    'plain.mp4': 'plain.mp4',
    '"quoted.mp4"': 'quoted.mp4',
    'with space.mp4': 'with space.mp4',
    'cut;here.mp4': 'cut',
    '"cut;in quotes.mp4"': '"cut',
    'ünï.mp4': 'ünï.mp4',
    '%D0%B0%20b.mp4': 'а b.mp4',
    '100%.mp4': '100%.mp4',
    '': '',
  };
  for (const name of Object.keys(names)) {
    await post(`${bot}/sendVideo`, bodyOf(value('chat_id', '5'), file('video', name)));
  }
  expect(seen.map(({ files }) => files.get('video')?.fileName)).toEqual(Object.values(names));
});

test('a part named like the parameter is the file', async () => {
  const { bot, seen, violations } = await startEcho();
  await post(`${bot}/sendDocument`, bodyOf(value('chat_id', '5'), file('document', 'a.bin')));
  expect(seen[0]?.params).toEqual({ chat_id: 5, document: 'attach://document' });
  expect(violations).toEqual([]);
});

test('a part that nothing refers to is noted, one that is missing is refused', async () => {
  const { bot, violations } = await startEcho();
  const media = (...names: string[]) =>
    value('media', JSON.stringify(names.map((name) => ({ type: 'video', media: `attach://${name}` }))));
  const chat = value('chat_id', '5');
  await post(`${bot}/sendMediaGroup`, bodyOf(chat, media('a', 'b'), file('a', 'a'), file('b', 'b'), file('c', 'c')));
  expect(violations).toEqual(['sendMediaGroup: part "c" is not referenced']);
  const albumWithout = post(`${bot}/sendMediaGroup`, bodyOf(chat, media('a', 'b'), file('a', 'a')));
  await expectRefusal(albumWithout, 400, "Bad Request: can't parse InputMedia: media not found");
  const videoWithout = post(`${bot}/sendVideo`, bodyOf(chat, value('video', 'attach://gone')));
  await expectRefusal(videoWithout, 400, 'Bad Request: there is no video in the request');
});

test('a thumbnail that is not there is noted', async () => {
  const { bot, violations, seen } = await startEcho();
  const parts = [value('chat_id', '5'), value('video', 'id'), value('thumbnail', 'attach://t')];
  await post(`${bot}/sendVideo`, bodyOf(...parts));
  expect(seen[0]?.params).toEqual({ chat_id: 5, video: 'id' });
  expect(violations).toEqual(['thumbnail: no part attach://t']);
});

const refused: Record<string, { status: number; body: Buffer; headers?: Record<string, string> }> = {
  'more than 50 files': { status: 413, body: bodyOf(...Array.from({ length: 51 }, (_, i) => file(`f${i}`, 'a'))) },
  'more than 1 MiB of parameters': {
    status: 413,
    body: bodyOf(value('a', 'x'.repeat(600_000)), value('b', 'x'.repeat(600_000))),
  },
  'more than 256 KiB of part headers': { status: 431, body: bodyOf([`x-long: ${'x'.repeat(1 << 18)}`, '']) },
  'a part without a name': { status: 400, body: bodyOf(['content-disposition: form-data; filename=a', 'x']) },
  'another disposition': { status: 400, body: bodyOf(['content-disposition: attachment; name="a"', 'x']) },
  'a body that ends within a part': { status: 400, body: bodyOf(file('a', 'a')).subarray(0, -20) },
  'a body without its boundary': { status: 400, body: Buffer.from('nothing') },
  'no boundary': { status: 400, body: bodyOf(), headers: { 'content-type': 'multipart/form-data' } },
  'a boundary over 70': {
    status: 400,
    body: bodyOf(),
    headers: { 'content-type': `multipart/form-data; boundary=${'x'.repeat(71)}` },
  },
  'an unknown encoding': { status: 415, body: bodyOf(), headers: { ...type, 'content-encoding': 'br' } },
};

test.each(Object.entries(refused))(
  'a local server closes without a word on %s',
  async (_, { status, body, headers }) => {
    const { bot, seen } = await startEcho();
    const response = await answerOf(post(`${bot}/sendVideo`, body, headers));
    expect([response.status, response.body, response.headers.get('connection')]).toEqual([status, '', 'close']);
    expect(seen).toEqual([]);
  },
);

test('as many as 50 files are taken', async () => {
  const { bot, seen } = await startEcho();
  await post(`${bot}/getMe`, bodyOf(...Array.from({ length: 50 }, (_, i) => file(`f${i}`, 'a'))));
  expect(seen[0]?.files.size).toBe(50);
});

test('a compressed body is read', async () => {
  const { bot, seen } = await startEcho();
  const body = gzipSync(bodyOf(value('chat_id', '5'), file('video', 'a.mp4', 'x'.repeat(100_000))));
  await post(`${bot}/sendVideo`, body, { ...type, 'content-encoding': 'gzip' });
  expect(seen[0]?.files.get('video')?.sizeBytes).toBe(100_000);
  const broken = await post(`${bot}/sendVideo`, Buffer.from('none'), { ...type, 'content-encoding': 'gzip' });
  expect(broken.status).toBe(400);
});

/** A multipart body with one file of zeros, made while it is read; `watch` is called for each MiB. */
async function* hugeBody(sizeMiB: number, watch: () => void = () => {}) {
  const chunk = new Uint8Array(1 << 20);
  yield new Uint8Array(bodyOf(value('chat_id', '5'), file('video', 'a.mp4', '')).subarray(0, -(boundary.length + 8)));
  for (let i = 0; i < sizeMiB; i++) {
    watch();
    yield chunk;
  }
  yield new TextEncoder().encode(`\r\n--${boundary}--\r\n`);
}

function postHuge(url: string, body: AsyncIterable<Uint8Array>): Promise<Response> {
  // fetch of Node takes any async iterable; the types know only those of browsers.
  const init = { method: 'POST', headers: type, body: Readable.toWeb(Readable.from(body)), duplex: 'half' };
  return fetch(url, init as RequestInit);
}

test('the cloud takes 50 MB in all and says so in JSON', async () => {
  const { bot, seen } = await startEcho({ mode: 'cloud' });
  const refusal = { ok: false, error_code: 413, description: 'Request Entity Too Large' };
  const over = await answerOf(postHuge(`${bot}/sendVideo`, hugeBody(51)));
  expect([over.status, over.body]).toEqual([413, refusal]);
  const declared = await answerOf(post(`${bot}/sendVideo`, Buffer.alloc(51 << 20)));
  expect([declared.status, declared.body]).toEqual([413, refusal]);
  expect((await postHuge(`${bot}/sendVideo`, hugeBody(49))).status).toBe(200);
  expect(seen[0]?.files.get('video')?.sizeBytes).toBe(49 << 20);
});

test('a large file passes through without being held in memory', async () => {
  const { bot, seen } = await startEcho();
  let peakBytes = 0;
  const before = process.memoryUsage().rss;
  const watch = () => void (peakBytes = Math.max(peakBytes, process.memoryUsage().rss - before));
  expect((await postHuge(`${bot}/sendVideo`, hugeBody(600, watch))).status).toBe(200);
  expect(seen[0]?.files.get('video')?.sizeBytes).toBe(600 << 20);
  expect(peakBytes).toBeLessThan(300 << 20);
});

test('a file over the limit of its server is refused while it comes in', async () => {
  const { filesDir } = await startEcho();
  const open = await fileStore(filesDir, 10).open('a.mp4', 'video/mp4');
  await open.write(Buffer.alloc(10));
  await expect(open.write(Buffer.alloc(1))).rejects.toMatchObject({ status: 413 });
  expect(await open.close()).toMatchObject({ fileName: 'a.mp4' });
});

test('where a body is cut into chunks changes nothing', async () => {
  const bytes = Buffer.from(`--${boundary}\r\n\r\n--${boundary.slice(0, -1)}\r\n\r\r\n`.repeat(3));
  const inner = bytes.toString('latin1').replaceAll(`--${boundary}`, `--${boundary.slice(1)}y`);
  const body = bodyOf(value('a', 'text'), file('b', 'b', inner), value('c', ''), file('d', 'd', ''));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: body.length })), async (cuts) => {
      const edges = [0, ...cuts.toSorted((x, y) => x - y), body.length];
      const chunks = edges.slice(1).map((end, i) => body.subarray(edges[i], end));
      const form = await parseMultipart(Readable.from(chunks), type['content-type'], memoryStore());
      expect([...form.args]).toEqual([
        ['a', 'text'],
        ['c', ''],
      ]);
      expect([...form.files.values()].map(({ path }) => path)).toEqual([inner, '']);
    }),
  );
});

/** Keeps what it is given in `path`. */
function memoryStore() {
  return {
    async open(fileName: string, mimeType: string) {
      const uploaded: UploadedFile = { fileName, mimeType, path: '', sizeBytes: 0, sha256: '' };
      return {
        write: async (chunk: Buffer) => void (uploaded.path += chunk.toString('latin1')),
        close: async () => uploaded,
      };
    },
  };
}
