import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { claimLease, releaseLeases, renewNamed } from '../../src/db/leases.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait.ts';

let database: TestDatabase;
let open: ReturnType<typeof openDatabase>;
beforeAll(async () => {
  database = await freshDatabase();
  open = openDatabase(database.url, { stuckAfterMs: 200 });
});
afterAll(async () => {
  await open.close();
  await database.drop();
});

test('who sleeps in the middle of a write cannot keep others from taking over', async () => {
  const { db, sql } = open;
  const lease = await claimLease(db, 'capture:1', 'sleeper', 0.1);
  // As a write of a capture begins, and then nothing.
  const asleep = await sql.reserve();
  await asleep`begin`;
  await asleep`select * from leases where what = 'capture:1' for share`;
  const next = await waitFor(() => claimLease(db, 'capture:1', 'next', 60), { what: 'a take-over' });
  expect(next.fence).toBe((lease?.fence ?? 0) + 1);
});

test('a lease that could not be given back is not renewed with the others, and runs out', async () => {
  const { db } = open;
  for (const what of ['kept', 'forgotten']) await claimLease(db, what, 'me', 0.2);
  expect(await renewNamed(db, { owner: 'me', whats: ['kept'] }, 60)).toEqual(new Set(['kept']));
  await waitFor(() => claimLease(db, 'forgotten', 'other', 60), { what: 'the end of a lease' });
  expect(await claimLease(db, 'kept', 'other', 60)).toBeUndefined();
  await releaseLeases(db, 'me');
  expect(await claimLease(db, 'kept', 'other', 60)).toBeDefined();
});
