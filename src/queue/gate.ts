import { sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';

/** One rate: at most one unit of cost per `intervalMs`, with `burst` units at once after a pause. */
export type GateKey = { key: string; intervalMs: number; burst?: number };

/**
 * Takes `cost` units from gates shared by all processes and says how long to wait before acting. The wait is
 * reserved: nobody else gets the same slot. One statement per key (generic cell rate algorithm).
 *
 * @returns milliseconds to wait, 0 or more.
 */
export async function takeGate(db: Database, keys: GateKey[], cost = 1): Promise<number> {
  let waitMs = 0;
  for (const { key, intervalMs, burst = 1 } of keys) {
    const step = intervalMs * cost;
    const slack = intervalMs * Math.max(0, burst - cost);
    const rows = await db.execute<{ wait: number }>(sql`
      insert into gates as g (key, next_at) values (${key}, now() + make_interval(secs => ${(step - slack) / 1000}))
      on conflict (key) do update set next_at = greatest(g.next_at, now() - make_interval(secs => ${slack / 1000}))
        + make_interval(secs => ${step / 1000})
      returning extract(epoch from next_at - make_interval(secs => ${step / 1000}) - now())::float8 * 1000 as wait`);
    waitMs = Math.max(waitMs, rows[0]?.wait ?? 0);
  }
  return Math.max(0, waitMs);
}

/** A chat said "wait": moves the gate for every process. */
export async function holdGate(db: Database, key: string, waitMs: number): Promise<void> {
  await db.execute(sql`
    insert into gates as g (key, next_at) values (${key}, now() + make_interval(secs => ${waitMs / 1000}))
    on conflict (key) do update set next_at = greatest(g.next_at, excluded.next_at)`);
}
