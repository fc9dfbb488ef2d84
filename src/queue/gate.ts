import { sql } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';

/** One rate: at most `count` units in any stretch of `windowMs`. */
export type GateKey = { key: string; count: number; windowMs: number };

const milliseconds = (ms: number) => sql`make_interval(secs => ${ms / 1000})`;

/**
 * Takes `cost` units (at most `count`) from a gate shared by all processes and says how long to wait before acting. The
 * wait is reserved: nobody else gets the same slot. Where it were longer than `maxWaitMs` nothing is taken. The row
 * holds when the last `count` units went or are to go, so that the rate holds in every window, bursts included.
 *
 * @returns milliseconds to wait, 0 or more.
 */
export async function takeGate(
  db: Queryable,
  { key, count, windowMs }: GateKey,
  { cost = 1, maxWaitMs = 1e12 } = {},
): Promise<{ waitMs: number; isTaken: boolean }> {
  // The unit that has to be a window old by then; and nobody overtakes.
  const oldest = sql`g.taken_at[cardinality(g.taken_at) - ${count - cost}::int] + ${milliseconds(windowMs)}`;
  const earliest = sql`greatest(now(), g.next_at, g.taken_at[cardinality(g.taken_at)], ${oldest})`;
  const taken = await db.execute<{ wait: number }>(sql`
    insert into gates as g (key, next_at, taken_at) values (${key}, now(), array_fill(now(), array[${cost}::int]))
    on conflict (key) do update set taken_at = (g.taken_at || array_fill(${earliest}, array[${cost}::int]))
        [greatest(1, cardinality(g.taken_at) + ${cost - count + 1}::int):]
      where ${earliest} <= now() + ${milliseconds(maxWaitMs)}
    returning extract(epoch from taken_at[cardinality(taken_at)] - now())::float8 * 1000 as wait`);
  if (taken[0]) return { waitMs: Math.max(0, taken[0].wait), isTaken: true };
  const [held] = await db.execute<{ wait: number }>(
    sql`select extract(epoch from ${earliest} - now())::float8 * 1000 as wait from gates as g where key = ${key}`,
  );
  return { waitMs: Math.max(0, held?.wait ?? 0), isTaken: false };
}

/** A chat said "wait": nobody goes before that. */
export async function holdGate(db: Queryable, key: string, waitMs: number): Promise<void> {
  await db.execute(sql`
    insert into gates as g (key, next_at) values (${key}, now() + ${milliseconds(waitMs)})
    on conflict (key) do update set next_at = greatest(g.next_at, excluded.next_at)`);
}
