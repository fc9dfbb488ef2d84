import { sql } from 'drizzle-orm';
import { type Queryable, toDate } from './client.ts';

/** So many milliseconds from now, on Postgres' clock: processes whose clocks differ share the rows. */
export const inMs = (ms: number) => sql`now() + make_interval(secs => ${ms / 1000})`;

/** Postgres' time, and by how many milliseconds this process's clock is ahead of it: the answer took its time. */
export type Clock = { now: Date; aheadMs: { least: number; most: number } };

/** Asks Postgres for the time: what stands in rows is compared with it, and with nothing else. */
export async function readClock(db: Queryable): Promise<Clock> {
  const askedAt = Date.now();
  const [row] = await db.execute<{ now: Date | string }>(sql`select clock_timestamp() as now`);
  if (!row) throw new Error('no time');
  const now = toDate(row.now);
  return { now, aheadMs: { least: askedAt - now.getTime(), most: Date.now() - now.getTime() } };
}
