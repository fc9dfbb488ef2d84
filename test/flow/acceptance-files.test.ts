import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eq, sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { advance } from '../../src/advance.ts';
import { FatalError } from '../../src/core/errors.ts';
import { deliveries, segments, uploads } from '../../src/db/schema.ts';
import { run } from '../../src/lib/run.ts';
import { isFaststart } from '../../src/media/probe.ts';
import { cleanUp } from '../../src/worker/clean.ts';
import { readOutcome, readPostedFiles, type TestApp, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';
import { exitOf, startRole } from './acceptance-setup.ts';
import { steerChat } from './steered-chat.ts';

const flow = useFlow();
test('scenario 9: recovery runs while files are being written, of channels whose names begin alike: none is touched, every recording is whole', async () => {
  const t = await flow.web({ LEASE_SECONDS: '1' }, ['bots', 'monitor']);
  const origin = await flow.origin(30);
  const options = { mode: 'manual', segments: 24, window: 24, initial: 6 } as const;
  const streams = await Promise.all(['foo', 'foo_bar', 'foo_b'].map((name) => origin.stream(name, options)));
  await t.say('/target set here limit=200kB');
  const first = startRole(flow, 'worker', t.env);
  for (const { url } of streams.slice(0, 2)) await t.say(`/record ${url}`);
  await waitFor(async () => (await framesOf(t)).length === 2);
  first.kill('SIGKILL');
  await exitOf(first);
  for (const stream of streams) stream.advance(4);
  // The next one recovers both, and records a third; a third worker begins while it writes.
  startRole(flow, 'worker', t.env);
  await t.say(`/record ${streams[2]?.url}`);
  await waitFor(async () => (await framesOf(t)).every((frames) => frames >= 200) && (await framesOf(t)).length === 3);
  startRole(flow, 'worker', t.env);
  for (const stream of streams) stream.advance(4);
  await waitFor(async () => (await framesOf(t)).every((frames) => frames >= 300));
  for (const stream of streams) stream.end();
  await waitUntilPosted(t.app, 3, 200_000);
  const outcome = await readOutcome(t.app);
  expect(outcome.gaps).toEqual([]);
  for (const [at, { id }] of outcome.deliveries.entries())
    expect((await readPostedFiles(t.app, id)).frames).toBe(await streams[at]?.frames());
}, 300_000);

/** Frames kept of each Rendition so far. */
async function framesOf({ app }: TestApp): Promise<number[]> {
  const rows = await app.db
    .select({ frames: sql<number>`sum(${segments.frameCount})`.mapWith(Number) })
    .from(segments)
    .groupBy(segments.renditionId);
  return rows.map(({ frames }) => frames);
}

test('scenario 11: what is not posted is never deleted, and the last segment of a stream is posted however short it is', async () => {
  const t = await flow.web({ RETENTION_DAYS: '0.00000001' });
  const chat = steerChat(t.app);
  const origin = await flow.origin(7, { initial: 6, window: 12 });
  chat.steer('main', 'video', { refuse: new FatalError('not_found') });
  await t.say(`/record ${origin.url}`);
  await waitForFrames(t.app, 100);
  await origin.change({ segmentSeconds: 0.2, segments: 12 });
  origin.advance(1);
  origin.end();
  await waitFor(async () => (await t.app.db.select().from(deliveries))[0]?.state === 'paused');
  const before = (await readOutcome(t.app)).segments;
  expect(before.at(-1)?.frameCount).toBe(5);
  await cleanUp(t.app, AbortSignal.timeout(60_000));
  expect((await readOutcome(t.app)).segments).toEqual(before);
  for (const { key } of before) expect(await t.app.storage.stat(key)).toBeDefined();
  await t.say('/retry s1');
  await waitUntilPosted(t.app);
  expect((await readPostedFiles(t.app, 1)).frames).toBe(await origin.frames());
  await cleanUp(t.app, AbortSignal.timeout(60_000));
  expect((await readOutcome(t.app)).segments).toEqual([]);
});

/** Three quarters of a still picture, one quarter of noise: Media Segments of a second, with a tone. */
async function makeUneven(dir: string, seconds: number): Promise<void> {
  const quiet = Math.round((seconds * 3) / 4);
  const picture = `color=c=gray:s=320x180:r=25:d=${quiet},noise=alls=1[q];nullsrc=s=320x180:r=25:d=${seconds - quiet},geq=random(1)*255:128:128[b];[q][b]concat=n=2:v=1`;
  const args = [
    ...['-v', 'error', '-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', `sine=duration=${seconds}`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '38', '-g', '25', '-keyint_min', '25', '-sc_threshold', '0'],
    ...['-pix_fmt', 'yuv420p', '-c:a', 'aac', '-f', 'hls', '-hls_time', '1', '-hls_list_size', '0'],
    ...['-hls_segment_filename', join(dir, '%05d.ts'), join(dir, 'live.m3u8')],
  ];
  const made = await run('ffmpeg', args, { timeoutMs: 100_000 });
  if (made.reason !== 'exited') throw new Error(`no test media: ${made.stderrTail}`);
}

test('scenario 15: a quiet stretch and a busy one: one pass cuts three or four parts without loss, none over the limit, each with its index first, as long together as the stream', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-uneven-'));
  flow.closes(() => rm(dir, { recursive: true, force: true }));
  const seconds = 40;
  await makeUneven(dir, seconds);
  const playlist = await readFile(join(dir, 'live.m3u8'), 'utf8');
  let isOver = false;
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    if (name.endsWith('.ts')) return void createReadStream(join(dir, name)).pipe(response);
    response.end(isOver ? playlist : playlist.replace('#EXT-X-ENDLIST', '').replace('#EXT-X-PLAYLIST-TYPE:VOD', ''));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  flow.closes(async () => server.close());
  const names = (await readdir(dir)).filter((name) => name.endsWith('.ts')).sort();
  const sizes = await Promise.all(names.map(async (name) => (await readFile(join(dir, name))).length));
  const limit = Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 3);
  const t = await flow.web({ SEGMENT_SECONDS: '1' });
  await t.say(`/target set here limit=${limit}B`);
  await t.say(`/record http://127.0.0.1:${(server.address() as AddressInfo).port}/live.m3u8`);
  await waitForFrames(t.app, 1);
  isOver = true;
  await waitUntilPosted(t.app);
  const posted = await readPostedFiles(t.app, 1);
  expect(posted.files.length).toBeGreaterThanOrEqual(3);
  expect(posted.files.length).toBeLessThanOrEqual(4);
  expect(Math.max(...posted.media.map(({ sizeBytes }) => sizeBytes))).toBeLessThanOrEqual(limit);
  for (const { key } of posted.media) expect(await isFaststart(posted.path(key))).toBe(true);
  expect(posted.frames).toBe(seconds * 25);
  const lengths = await Promise.all(posted.media.map(({ key }) => pictureLengthMs(posted.path(key))));
  const lengthMs = lengths.reduce((sum, length) => sum + length, 0);
  expect(Math.abs(lengthMs - seconds * 1000)).toBeLessThanOrEqual(40);
});

/** Length of the video track of a file. */
async function pictureLengthMs(path: string): Promise<number> {
  const args = ['-v', 'error', '-select_streams', 'v', '-show_entries', 'stream=duration', '-of', 'csv=p=0', path];
  return Number((await run('ffprobe', args, { timeoutMs: 60_000 })).stdout) * 1000;
}

test('scenario 16: with 200 recordings, saving one part writes one row and its event, and touches no other', async () => {
  const t = await flow.web({}, []);
  const { db } = t.app;
  await db.execute(sql`insert into streams (platform, channel, url)
    select 'generic', 'c' || n, 'http://x/' || n from generate_series(1, 200) n`);
  await db.execute(sql`insert into sessions (stream_id, state) select id, 'recording' from streams`);
  await db.execute(sql`insert into renditions (session_id, name) select id, 'best' from sessions`);
  await db.execute(sql`insert into cuts (rendition_id, from_sequence, limit_bytes, split_ms, margin)
    select id, 0, 1000000, 0, 0.985 from renditions`);
  await db.execute(sql`insert into parts (cut_id, rendition_id, from_sequence, to_sequence, start_ms, length_ms, size_bytes)
    select id, rendition_id, 0, 1, 0, 1000, 1000 from cuts`);
  await db.execute(sql`insert into uploads (part_id, account, state) select id, 'web', 'sending' from parts`);
  const tables = ['streams', 'sessions', 'renditions', 'cuts', 'parts', 'uploads', 'events'];
  const versions = async () =>
    (
      await Promise.all(
        tables.map((table) =>
          db.execute<{ key: string }>(sql.raw(`select '${table} ' || id || ' ' || xmin as key from ${table}`)),
        ),
      )
    ).flatMap((rows) => rows.map(({ key }) => key));
  const before = new Set(await versions());
  const [upload] = await db.select().from(uploads).where(eq(uploads.partId, 100));
  await advance(t.app, 'uploads', upload?.id ?? 0, 'staged', { remote: { key: 'x' }, sentBytes: 1000 });
  const written = (await versions()).filter((key) => !before.has(key)).map((key) => key.split(' ')[0]);
  expect(written).toEqual(['uploads', 'events']);
});
