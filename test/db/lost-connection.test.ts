import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { freshDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait.ts';

// patches/postgres+3.4.9.patch: without it the process dies of such a connection, or the pool has one less for ever.
let opened: ReturnType<typeof openDatabase>;
let other: ReturnType<typeof openDatabase>;
beforeAll(async () => {
  const { url } = await freshDatabase();
  opened = openDatabase(url, { max: 2 });
  other = openDatabase(url, { max: 1 });
});
afterAll(async () => {
  await opened.close();
  await other.close();
});

const lostPattern = /CONNECTION_CLOSED|terminating connection|ECONNRESET|EPIPE/;

/** Postgres ends a connection, and it is gone. */
async function end(pid: number): Promise<void> {
  await other.sql`select pg_terminate_backend(${pid})`;
  await waitFor(async () => (await other.sql`select 1 from pg_stat_activity where pid = ${pid}`).length === 0);
}

/** The pool has all its connections: two sleepers at once, and it answers. */
async function expectWhole(): Promise<void> {
  const pids = await Promise.all([1, 2].map(() => opened.sql`select pg_backend_pid() as pid, pg_sleep(0.3)`));
  expect(new Set(pids.map(([row]) => row?.pid)).size).toBe(2);
}

test('a transaction whose connection Postgres ends fails, and the pool is whole', { timeout: 60_000 }, async () => {
  for (let round = 0; round < 4; round++) {
    const lost = opened.sql.begin(async (tx) => {
      const [row] = await tx<[{ pid: number }]>`select pg_backend_pid() as pid`;
      await end(row.pid);
      await tx`select 1`;
    });
    await expect(lost).rejects.toThrow(lostPattern);
  }
  await expectWhole();
});
