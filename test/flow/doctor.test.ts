import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { checkAll } from '../../src/doctor.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

/** Both chats' sign-in calls: the token `1:good` and the bot `good` are known. */
const chats = createServer((request, response) => {
  const isGood = request.url === '/bot1:good/getMe' || request.headers.authorization === 'Bot good';
  response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' });
  const known = { ok: true, result: { username: 'aircheck_bot' }, username: 'aircheck' };
  response.end(JSON.stringify(isGood ? known : { ok: false, message: '401: Unauthorized' }));
});
let root: string;
let dir: string;
let database: TestDatabase;
let redis: TestRedis;

beforeAll(async () => {
  await new Promise<void>((resolve) => chats.listen(0, '127.0.0.1', resolve));
  root = `http://127.0.0.1:${(chats.address() as AddressInfo).port}`;
  dir = await mkdtemp(join(tmpdir(), 'aircheck-doctor-'));
  // Open to Postgres' own user: the cluster lies inside and goes with the folder.
  await chmod(dir, 0o755);
  [database, redis] = await Promise.all([freshDatabase(), startRedis()]);
});
afterAll(async () => {
  await Promise.all([database?.drop(), redis?.stop(), new Promise((resolve) => chats.close(resolve))]);
  await rm(dir, { recursive: true, force: true });
});

const lookAt = async (env: Record<string, string>) => {
  const shared = { DATA_DIR: dir, PORT: '0', DISK_RESERVE_MB: '0', TELEGRAM_API_ROOT: root, DISCORD_API_ROOT: root };
  const checks = await checkAll(readConfig({ ...shared, DATABASE_URL: database.url, ...env }));
  return Object.fromEntries(checks.map((check) => [check.name, check]));
};

test('an installation where all is well has no fault', async () => {
  const checks = await lookAt({ QUEUE_URL: redis.url, TELEGRAM_TOKEN: '1:good', DISCORD_TOKEN: 'good' });
  expect(Object.values(checks).filter(({ state }) => state === 'fault')).toEqual([]);
  expect(checks.ffmpeg?.detail).toContain('ffmpeg version');
  expect(checks.database?.detail).toContain('tables up to date');
  expect(checks.queue?.detail).toBe('Redis answers');
  expect(checks.telegram?.detail).toMatch(/^@aircheck_bot/);
});

test('each fault is named, with what to do, and no token is shown', async () => {
  const checks = await lookAt({
    FFMPEG: '/nowhere/ffmpeg',
    QUEUE_URL: 'redis://127.0.0.1:1',
    TELEGRAM_TOKEN: '1:refused',
    DISCORD_TOKEN: 'refused-too',
    DISK_RESERVE_MB: '99999999999',
    PORT: new URL(root).port,
  });
  const faults = Object.values(checks).filter(({ state }) => state === 'fault');
  const names = ['ffmpeg', 'queue', 'disk', 'telegram', 'discord', 'port'];
  expect(faults.map(({ name }) => name)).toEqual(names);
  expect(faults.filter(({ advice }) => !advice)).toEqual([]);
  expect(JSON.stringify(checks)).not.toMatch(/1:refused|refused-too/);
});

test('without DATABASE_URL the embedded database is tried', async () => {
  const checks = await lookAt({ DATABASE_URL: '' });
  expect(checks.database).toMatchObject({ state: 'ok', detail: `embedded, in ${dir}` });
});
