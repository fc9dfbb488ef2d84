import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isOnAir } from '../../src/media/probe-input.ts';
import { startRtspServer } from '../support/rtsp-server.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aircheck-on-air-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const ask = (ffprobe: string, url: string) => {
  const input = { url, headers: {}, protocol: 'rtsp', quality: 'best' } as const;
  return isOnAir(input, { ffprobe, allowPrivate: true, signal: AbortSignal.timeout(60_000) });
};

/** What ffprobe answers where it complains so. */
async function complaining(text: string): Promise<boolean> {
  const ffprobe = join(dir, 'ffprobe');
  await writeFile(ffprobe, `#!/bin/sh\ncat > /dev/null\ncat >&2 <<'END'\n${text}\nEND\nexit 1\n`, { mode: 0o755 });
  return ask(ffprobe, 'rtsp://127.0.0.1:9/room404');
}

test.each([
  '[rtsp @ 0x5581] method DESCRIBE failed: 404 Not Found',
  'pipe:0: Server returned 404 Not Found',
  '[rtmp @ 0x5581] Server error: No such stream',
  '[rtmp @ 0x5581] Server error: Failed to play room; stream not found.',
])('offline: %s', async (text) => {
  expect(await complaining(text)).toBe(false);
});

test.each([
  "[concat @ 0x404404] Impossible to open 'rtsp://127.0.0.1:40404/room404'\npipe:0: Connection refused",
  'pipe:0: Protocol not found',
])('that is no word of the server: %s', async (text) => {
  await expect(complaining(text)).rejects.toMatchObject({ code: 'connection_lost' });
});

test('the real program says so', async () => {
  const server = await startRtspServer();
  expect(await ask('ffprobe', server.url)).toBe(false);
  await server.close();
});
