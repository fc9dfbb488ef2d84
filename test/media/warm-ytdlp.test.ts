import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { findPython } from '../../src/lib/find-python.ts';
import { run } from '../../src/lib/run.ts';
import { askYtdlp } from '../../src/media/ask-ytdlp.ts';
import { endWarmYtdlp } from '../../src/media/warm-ytdlp.ts';
import { type LiveOrigin, startLiveOrigin } from '../support/live.ts';
import { waitFor } from '../support/wait.ts';

let origin: LiveOrigin;
let dir: string;
beforeAll(async () => {
  origin = await startLiveOrigin({ mode: 'manual' });
  dir = await mkdtemp(join(tmpdir(), 'aircheck-warm-'));
});
afterAll(async () => {
  await endWarmYtdlp();
  await origin.close();
  await rm(dir, { recursive: true, force: true });
});

const ask = (url: string, signal = AbortSignal.timeout(60_000), ytdlp = 'yt-dlp') =>
  askYtdlp(url, { ytdlp, allowPrivate: true, signal });

/** Without the minute in the title of what is live, the browser that yt-dlp plays this time, and what it does not know. */
const lasting = (page: unknown): unknown =>
  JSON.parse(
    JSON.stringify(page, (name, value) => (/^(title|User-Agent)$/.test(name) ? undefined : (value ?? undefined))),
  );

async function servers(): Promise<string[]> {
  const { stdout } = await run('ps', ['-eo', 'pid,args', '-ww']);
  const own = stdout.split('\n').filter((line) => line.includes('ytdlp-server.py'));
  return own.map((line) => line.trim());
}

test('one process answers many pages, and none of them stands in a process list', async () => {
  const pages = await Promise.all([1, 2, 3].map((n) => ask(`${origin.url}?token=secret${n}`)));
  for (const { formats } of pages) expect(formats[0]?.url).toContain('index.m3u8?token=secret');
  expect(pages[0]?.is_live).toBe(true);
  const running = await servers();
  expect(running.join()).not.toContain('secret');
  await ask(`${origin.url}?again`);
  expect((await servers()).filter((line) => running.includes(line))).toEqual(running);
});

test('what it complains becomes a sentence, and the next question is answered', async () => {
  await expect(ask(`${new URL(origin.url).origin}/nothing/page`)).rejects.toMatchObject({ code: 'stream_removed' });
  expect((await ask(origin.url)).formats).not.toEqual([]);
});

test('it cannot reach what the guard refuses', async () => {
  const asked = askYtdlp(origin.url, { ytdlp: 'yt-dlp', allowPrivate: false, signal: AbortSignal.timeout(60_000) });
  await expect(asked).rejects.toMatchObject({ name: 'TemporaryError', code: 'resolve_failed' });
  expect(origin.playlistRequests()).toBeGreaterThan(0);
});

test('an abort leaves at once; ended, it is gone, and started again by the next question', async () => {
  const stop = new AbortController();
  const asking = ask(origin.url, stop.signal);
  stop.abort();
  await expect(asking).rejects.toMatchObject({ name: 'AbortError' });
  await ask(origin.url);
  const before = await servers();
  await endWarmYtdlp();
  await waitFor(async () => (await servers()).every((line) => !before.includes(line)), { what: 'its end' });
  expect((await ask(origin.url)).formats).not.toEqual([]);
});

test('a yt-dlp that was not to be started is tried again, and one that was upgraded is taken', async () => {
  const program = join(dir, 'yt-dlp');
  onTestFinished(() => rm(program));
  const installed = await readFile((await findPython('yt-dlp'))?.path ?? '');
  const asking = () => ask(origin.url, AbortSignal.timeout(60_000), program);
  await writeFile(program, '#!/no-such-python3\n', { mode: 0o755 });
  await expect(asking()).rejects.toMatchObject({ code: 'program_missing' });
  await writeFile(program, installed);
  const others = await servers();
  expect((await asking()).formats).not.toEqual([]);
  const before = (await servers()).filter((line) => !others.includes(line));
  expect(before).toHaveLength(1);
  await utimes(program, 1, 1);
  expect((await asking()).formats).not.toEqual([]);
  await waitFor(async () => !(await servers()).includes(before[0] ?? ''), { what: 'the end of the old one' });
});

test('a yt-dlp that is no Python script is asked by a process per page, and tells the same', async () => {
  const wrapper = join(dir, 'yt-dlp');
  await writeFile(wrapper, '#!/bin/sh\nexec yt-dlp "$@"\n', { mode: 0o755 });
  onTestFinished(() => rm(wrapper));
  const [cold, kept] = [await ask(origin.url, AbortSignal.timeout(60_000), wrapper), await ask(origin.url)];
  expect(cold.formats[0]?.url).toBe(origin.url);
  expect(cold).toMatchObject({ extractor_key: 'Generic', is_live: true });
  expect(lasting(kept)).toEqual(lasting(cold));
});
