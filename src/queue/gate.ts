import { sql } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';

/** One rate: at most one unit of cost per `intervalMs`, with `burst` units (1) at once after a pause. */
export type GateKey = { key: string; intervalMs: number; burst?: number };

const seconds = (ms: number) => sql`make_interval(secs => ${ms / 1000})`;

/**
 * Takes `cost` units from a gate shared by all processes and says how long to wait before acting. The wait is
 * reserved: nobody else gets the same slot. Where it were longer than `maxWaitMs` nothing is taken. In any 60 s no
 * more than `burst + 60 000 / intervalMs` units pass. One statement (generic cell rate algorithm).
 *
 * @returns milliseconds to wait, 0 or more.
 */
export async function takeGate(
  db: Queryable,
  { key, intervalMs, burst = 1 }: GateKey,
  { cost = 1, maxWaitMs = Number.MAX_SAFE_INTEGER } = {},
): Promise<{ waitMs: number; isTaken: boolean }> {
  const step = intervalMs * cost;
  const earliest = sql`now() - ${seconds(intervalMs * Math.max(0, burst - cost))}`;
  const taken = await db.execute<{ wait: number }>(sql`
    insert into gates as g (key, next_at) values (${key}, ${earliest} + ${seconds(step)})
    on conflict (key) do update set next_at = greatest(g.next_at, ${earliest}) + ${seconds(step)}
      where g.next_at <= now() + ${seconds(Math.min(maxWaitMs, 1e12))}
    returning extract(epoch from next_at - ${seconds(step)} - now())::float8 * 1000 as wait`);
  if (taken[0]) return { waitMs: Math.max(0, taken[0].wait), isTaken: true };
  const [held] = await db.execute<{ wait: number }>(
    sql`select extract(epoch from next_at - now())::float8 * 1000 as wait from gates where key = ${key}`,
  );
  return { waitMs: Math.max(0, held?.wait ?? 0), isTaken: false };
}

/** A chat said "wait": moves the gate for every process. */
export async function holdGate(db: Queryable, key: string, waitMs: number): Promise<void> {
  await db.execute(sql`
    insert into gates as g (key, next_at) values (${key}, now() + ${seconds(waitMs)})
    on conflict (key) do update set next_at = greatest(g.next_at, excluded.next_at)`);
}
