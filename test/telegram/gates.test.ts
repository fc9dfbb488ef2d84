import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gatesOf } from '../../src/bots/telegram/gates.ts';
import { type Database, openDatabase } from '../../src/db/client.ts';
import { holdGate, takeGate } from '../../src/queue/gate.ts';
import { freshDatabase } from '../support/postgres.ts';

let db: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  const database = await freshDatabase();
  const opened = openDatabase(database.url);
  db = opened.db;
  close = async () => {
    await opened.close();
    await database.drop();
  };
});
afterAll(() => close());

test('in any minute a group gets no more than 20 messages, whatever their sizes', async () => {
  const { keys } = gatesOf(1, 'sendMessage', { chat_id: '-1001' });
  const gate = keys.at(-1);
  if (!gate) throw new Error('no gate');
  const sentAtMs: number[] = [];
  // One transaction stands at one time: what is waited for adds up exactly.
  await db.transaction(async (tx) => {
    for (const cost of [1, 1, 10, 1, 1, 1, 10, 10, 1, 1, 1, 1, 1, 1, 1, 10, 1, 1]) {
      const { waitMs } = await takeGate(tx, gate, { cost });
      for (let item = 0; item < cost; item++) sentAtMs.push(waitMs);
    }
  });
  const most = Math.max(...sentAtMs.map((at) => sentAtMs.filter((other) => other >= at && other < at + 60_000).length));
  expect(most).toBeGreaterThan(15);
  expect(most).toBeLessThanOrEqual(20);
});

test('a told wait holds for everybody, and nothing is taken where it were too long', async () => {
  const gate = { key: 'held', count: 5, windowMs: 10 };
  await holdGate(db, 'held', 61_000);
  const refused = await takeGate(db, gate, { maxWaitMs: 30_000 });
  expect(refused.isTaken).toBe(false);
  expect(refused.waitMs).toBeGreaterThan(50_000);
  const again = await takeGate(db, gate, { maxWaitMs: 30_000 });
  expect(again.waitMs).toBeLessThanOrEqual(refused.waitMs);
  // Its clock is the row's.
  await db.execute(sql`update gates set next_at = next_at - interval '61 seconds' where key = 'held'`);
  expect(await takeGate(db, gate, { maxWaitMs: 30_000 })).toEqual({ waitMs: 0, isTaken: true });
});

test('an album costs its items, an edit has a gate of its own, a look costs nothing', () => {
  expect(gatesOf(1, 'sendMediaGroup', { chat_id: -1001, media: [{}, {}, {}] }).cost).toBe(3);
  expect(gatesOf(1, 'editMessageText', { chat_id: -1001 }).keys.map(({ key }) => key)).toContain(
    'telegram:1:-1001:edit',
  );
  expect(gatesOf(1, 'getChat', { chat_id: -1001 }).keys).toEqual([]);
  expect(gatesOf(1, 'sendChatAction', { chat_id: -1001 }).keys).toEqual([]);
});
