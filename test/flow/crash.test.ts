import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  readOutcome,
  readPostedFiles,
  startTestApp,
  type TestApp,
  waitForFrames,
  waitUntilPosted,
} from '../support/app.ts';
import { type LiveOrigin, startLiveOrigin } from '../support/live.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';

let redis: TestRedis;
let product: TestApp | undefined;
let origin: LiveOrigin | undefined;
const children: ChildProcess[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await product?.close();
  await origin?.close();
  product = undefined;
  origin = undefined;
});

/** A role as a process of its own: the compiled product, as `npm start` runs it. */
function startRole(role: string, env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, ['dist/main.js', role], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.push(child);
  return child;
}

const exitOf = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));

/** Programs (ffmpeg, ffprobe …) that work on this data folder. Source: procfs. */
async function programsOn(dataDir: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(dataDir));
}

test('a worker is killed in mid-recording: another goes on, nothing is missing, one album stands', async () => {
  product = await startTestApp({ LEASE_SECONDS: '2' }, ['bots', 'monitor', 'web']);
  const t = product;
  origin = await startLiveOrigin({ mode: 'manual', segments: 40, window: 30, initial: 6 });
  const first = startRole('worker', t.env);
  await t.say(`/record ${origin.url}`);
  await waitForFrames(t.app, 100);
  origin.advance(3);
  first.kill('SIGKILL');
  await exitOf(first);
  origin.advance(3);
  startRole('worker', t.env);
  await waitFor(async () => (await readOutcome(t.app)).takes.length === 2, { what: 'a take-over' });
  origin.advance(3);
  await waitForFrames(t.app, 300);
  origin.end();
  await waitUntilPosted(t.app);
  const outcome = await readOutcome(t.app);
  expect(outcome.gaps).toEqual([]);
  expect((await readPostedFiles(t.app, outcome.deliveries[0]?.id ?? 0)).frames).toBe(await origin.frames());
  expect(outcome.messages.filter((message) => message.kind === 'video')).toHaveLength(1);
});

test('every role as a process of its own over Redis records, and FLUSHALL in between loses nothing', async () => {
  product = await startTestApp({ QUEUE_URL: redis.url }, []);
  const t = product;
  origin = await startLiveOrigin({ mode: 'manual', segments: 30, window: 20, initial: 6 });
  for (const role of ['bots', 'monitor', 'worker', 'web']) startRole(role, t.env);
  const reply = await t.say(`/record ${origin.url}`);
  expect(reply.text).toContain('s1');
  await redis.flushAll();
  await waitForFrames(t.app, 100);
  origin.advance(6);
  await redis.flushAll();
  origin.end();
  await waitUntilPosted(t.app);
  const outcome = await readOutcome(t.app);
  expect(outcome.gaps).toEqual([]);
  expect((await readPostedFiles(t.app, outcome.deliveries[0]?.id ?? 0)).frames).toBe(await origin.frames());
});

test('scenario 14, SIGTERM while recording: no state changes, no program is left, the next start goes on', async () => {
  product = await startTestApp({}, ['bots', 'monitor', 'web']);
  const t = product;
  origin = await startLiveOrigin({ mode: 'manual', segments: 30, window: 20, initial: 6 });
  const worker = startRole('worker', t.env);
  await t.say(`/record ${origin.url}`);
  await waitForFrames(t.app, 100);
  worker.kill('SIGTERM');
  expect(await exitOf(worker)).toBe(0);
  expect(await programsOn(t.env.DATA_DIR ?? '')).toEqual([]);
  const between = await readOutcome(t.app);
  expect(between.sessions[0]?.state).toBe('recording');
  expect(between.deliveries[0]?.closedAt).toBeNull();
  const spool = await readdir(join(t.env.DATA_DIR ?? '', 'spool')).catch(() => []);
  for (const owner of spool) expect(await readdir(join(t.env.DATA_DIR ?? '', 'spool', owner))).toEqual([]);
  startRole('worker', t.env);
  origin.advance(6);
  origin.end();
  await waitUntilPosted(t.app);
  const outcome = await readOutcome(t.app);
  expect(outcome.gaps).toEqual([]);
  expect((await readPostedFiles(t.app, outcome.deliveries[0]?.id ?? 0)).frames).toBe(await origin.frames());
});
