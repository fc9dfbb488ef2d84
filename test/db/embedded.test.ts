import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import postgres from 'postgres';
import { afterEach, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { lockDataDir } from '../../src/db/lock-data-dir.ts';
import { createLogger } from '../../src/lib/log.ts';
import { freshDatabase } from '../support/postgres.ts';
import { startRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';

const log = createLogger('silent');
const holdScript = `
  const { lockDataDir } = await import(${JSON.stringify(new URL('../../src/db/lock-data-dir.ts', import.meta.url).href)});
  await lockDataDir(process.argv[1], 'aircheck');
  setInterval(() => {}, 1000);`;
const dirs: string[] = [];
const newDir = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-embedded-'));
  // Open to Postgres' own user: the cluster lies inside and goes with the folder.
  await chmod(dir, 0o755);
  dirs.push(dir);
  return dir;
};
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true, maxRetries: 10 });
});

const rowsOf = async (url: string, statement: string) => {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
};

test('a server that a killed process left is adopted, and its rows are there after a restart', async () => {
  const dir = await newDir();
  const first = await startEmbeddedPostgres(dir, log);
  await rowsOf(first.url, 'create table kept as select 42 as n');
  const second = await startEmbeddedPostgres(dir, log);
  expect(second.url).toBe(first.url);
  await second.stop();
  const third = await startEmbeddedPostgres(dir, log);
  expect(await rowsOf(third.url, 'select n from kept')).toMatchObject([{ n: 42 }]);
  await third.stop();
});

test('nobody comes in without the password', async () => {
  const dir = await newDir();
  const server = await startEmbeddedPostgres(dir, log);
  const url = new URL(server.url);
  url.password = 'wrong';
  await expect(rowsOf(url.href, 'select 1')).rejects.toThrow('password authentication failed');
  await server.stop();
});

test('the second process on one data folder is told so; the place of a dead one is free', async () => {
  const dir = await newDir();
  const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', holdScript, dir]);
  const exited = once(holder, 'exit');
  await waitFor(() => existsSync(join(dir, 'aircheck.pid')), { what: 'the lock of the other process' });
  const refused = await lockDataDir(dir, 'aircheck').catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'data_folder_in_use', values: { pid: holder.pid } });
  holder.kill('SIGKILL');
  await exited;
  const unlock = await lockDataDir(dir, 'aircheck');
  await unlock();
  expect(existsSync(join(dir, 'aircheck.pid'))).toBe(false);
});

test.each([undefined, '', '999999999 1'])(
  'of many that start at once on a folder (its file: %j) one gets it',
  async (left) => {
    const dir = await newDir();
    if (left !== undefined) await writeFile(join(dir, 'aircheck.pid'), left);
    const starts = await Promise.allSettled(Array.from({ length: 20 }, () => lockDataDir(dir, 'aircheck')));
    const refused = starts.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(19);
    for (const each of refused) expect(each).toMatchObject({ reason: { code: 'data_folder_in_use' } });
    expect(await readdir(dir)).toEqual(['aircheck.pid']);
  },
);

test('whoever looks at the file of a folder that is being taken finds a process in it', async () => {
  const path = join(await newDir(), 'aircheck.pid');
  const seen = new Set<string>();
  for (let round = 0; round < 5; round++) {
    const taking = { isDone: false };
    const taken = lockDataDir(dirname(path), 'aircheck').finally(() => (taking.isDone = true));
    while (!taking.isDone) {
      // Looks while this thread's own next step has to wait: what is done in several steps is seen half done.
      for (let look = 0; look < 200; look++) if (existsSync(path)) seen.add(readFileSync(path, 'utf8'));
      await nextTurn();
    }
    await (await taken)();
  }
  expect([...seen].map((content) => content.split(' ')[0])).not.toContain('');
});

test('each test file gets a migrated database of its own', async () => {
  const [a, b] = await Promise.all([freshDatabase(), freshDatabase()]);
  expect(a.url).not.toBe(b.url);
  expect(await rowsOf(a.url, 'select count(*)::int as n from sessions')).toMatchObject([{ n: 0 }]);
  await Promise.all([a.drop(), b.drop()]);
});

test('a redis of its own answers', async () => {
  const redis = await startRedis();
  await expect(redis.flushAll()).resolves.toBeUndefined();
  await redis.stop();
});
