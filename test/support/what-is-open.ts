import { sql } from 'drizzle-orm';
import type { Queryable } from '../../src/db/client.ts';

/** Rows that are not final, leases that are held and jobs that wait or run in Postgres: what a flow that hangs waits for. */
export async function whatIsOpen(db: Queryable): Promise<string[]> {
  const queries = {
    sessions: sql`select id, state, changed_at from sessions where state not in ('ended', 'failed')`,
    renditions: sql`select id, session_id, ended_at, kept_at from renditions where kept_at is null or ended_at is null`,
    takes: sql`select id, rendition_id, probation_until, withheld_reason from takes where probation_until is not null`,
    deliveries: sql`select id, rendition_id, state, cut_id, closed_at, to_sequence, error from deliveries
      where state not in ('done', 'cancelled')`,
    posts: sql`select id, delivery_id, kind, state, attempts, next_attempt_at, error from posts
      where state not in ('posted', 'skipped')`,
    uploads: sql`select id, part_id, state, attempts, next_attempt_at, error from uploads where state <> 'staged'`,
    leases: sql`select what, owner, until, fence from leases where until > now()`,
    jobs: sql`select id, state, attempts_started, stalled_count, to_timestamp(locked_until_ms / 1000.0) as locked_until,
      failed_reason, deferred_failure from bullmq.job`,
    now: sql`select now()`,
  };
  const lines: string[] = [];
  for (const [name, query] of Object.entries(queries)) {
    const rows = await db.execute(query).catch((error: unknown) => [{ error: String(error) }]);
    for (const row of rows) lines.push(`${name}: ${JSON.stringify(row)}`);
  }
  return lines;
}
