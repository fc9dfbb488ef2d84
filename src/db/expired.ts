import { sql } from 'drizzle-orm';
import type { Queryable } from './client.ts';

const secondsPerDay = 86_400;
/** One round removes at most this many. */
const mostAtOnce = 5_000;

/**
 * Segments that nobody keeps any more: of Sessions that ended, once every Delivery that wanted them is done and each
 * order's `keep=` is over, or `retentionDays` where it has none. 0 days: for ever.
 */
export async function findExpired(db: Queryable, retentionDays: number): Promise<{ id: number; key: string }[]> {
  const byDefault = retentionDays === 0 ? null : retentionDays * secondsPerDay;
  if (byDefault === null && !(await hasKeep(db))) return [];
  const isOver = (seconds: ReturnType<typeof sql>) => sql`s.ended_at < now() - make_interval(secs => ${seconds})`;
  const wanted = isOver(sql`coalesce((w.rules->>'keepMs')::float8 / 1000, ${byDefault}::float8)`);
  const rows = await db.execute<{ id: string; key: string }>(sql`
    select g.id, g.key from segments g join renditions r on r.id = g.rendition_id join sessions s on s.id = r.session_id
    where s.state = 'ended'
      and not exists (select 1 from deliveries d join watches w on w.id = d.watch_id
        where d.session_id = s.id and (d.state not in ('done', 'cancelled') or (${wanted}) is not true))
      and (${isOver(sql`${byDefault}::float8`)} or exists (select 1 from deliveries d where d.session_id = s.id))
    order by g.id limit ${mostAtOnce}`);
  return rows.map(({ id, key }) => ({ id: Number(id), key }));
}

/** Without `RETENTION_DAYS` only such orders have anything removed. */
async function hasKeep(db: Queryable): Promise<boolean> {
  const [row] = await db.execute(sql`select 1 from watches where rules ? 'keepMs' limit 1`);
  return row !== undefined;
}
