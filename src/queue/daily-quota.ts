import { sql } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';

/** At most `units` a day for all processes together; the day begins at midnight in `timeZone` (IANA). */
export type DailyQuota = { key: string; units: number; timeZone: string };

const today = ({ timeZone }: DailyQuota) => sql`(now() at time zone ${timeZone})::date::text`;

/** Takes one unit of today's, by Postgres' clock. @returns false where they are spent */
export async function takeUnit(db: Queryable, quota: DailyQuota): Promise<boolean> {
  const day = today(quota);
  const taken = await db.execute(sql`
    insert into quotas as q (key, day, used_count) values (${quota.key}, ${day}, 1)
    on conflict (key) do update set day = ${day}, used_count = case when q.day = ${day} then q.used_count else 0 end + 1
      where q.day <> ${day} or q.used_count < ${quota.units}
    returning key`);
  return taken.length > 0;
}

/** Today's are spent, whoever spent them. */
export async function spendUnits(db: Queryable, quota: DailyQuota): Promise<void> {
  await db.execute(sql`
    insert into quotas as q (key, day, used_count) values (${quota.key}, ${today(quota)}, ${quota.units})
    on conflict (key) do update set day = excluded.day, used_count = excluded.used_count`);
}
