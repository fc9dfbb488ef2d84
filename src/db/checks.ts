import { sql } from 'drizzle-orm';
import type { StreamStatus } from '../core/ports.ts';
import { type Database, type Queryable, toDate } from './client.ts';
import { checks } from './schema.ts';

export type CheckState = StreamStatus['state'];

/** Equal answers in a row of one Stream, from `at` to `lastAt`. */
export type CheckRow = {
  id: number;
  streamId: number;
  state: CheckState;
  reason: string | null;
  count: number;
  at: Date;
  lastAt: Date;
};

/** The last `most` rows of each Stream, newest first; a Stream that was never looked at is missing. */
export async function findChecks(db: Queryable, streamIds: number[], most = 3): Promise<Map<number, CheckRow[]>> {
  const found = new Map<number, CheckRow[]>();
  if (streamIds.length === 0) return found;
  const rows = await db.execute<Record<keyof CheckRow, string | null>>(sql`
    select c.id, c.stream_id as "streamId", c.state, c.reason, c.count, c.at, c.last_at as "lastAt"
    from jsonb_array_elements_text(${JSON.stringify(streamIds)}::text::jsonb) s
    cross join lateral (select * from checks where stream_id = s::bigint order by id desc limit ${most}) c
    order by c.id desc`);
  for (const row of rows) {
    const streamId = Number(row.streamId);
    const check: CheckRow = {
      ...{ id: Number(row.id), streamId, reason: row.reason, count: Number(row.count) },
      ...{ state: row.state as CheckState, at: toDate(row.at ?? ''), lastAt: toDate(row.lastAt ?? '') },
    };
    found.set(streamId, [...(found.get(streamId) ?? []), check]);
  }
  return found;
}

/** Looks that a row does not count yet, and how long ago the last of them was. */
export type UnsavedLooks = { id: number; count: number; ageMs: number };

/** An answer that differs from the last one of its Stream. */
export type NewCheck = { streamId: number; state: CheckState; reason: string | null };

/**
 * Writes down new answers, and first what was looked before them, so that a row says truly until when it held.
 *
 * @returns the id of the new row of each Stream
 */
export async function writeChecks(
  db: Database,
  changes: NewCheck[],
  before: UnsavedLooks[],
): Promise<Map<number, number>> {
  if (changes.length === 0) return new Map();
  return db.transaction(async (tx) => {
    await addLooks(tx, before);
    const rows = await tx.insert(checks).values(changes).returning({ id: checks.id, streamId: checks.streamId });
    return new Map(rows.map((row) => [row.streamId, row.id]));
  });
}

/** Raises the counts of rows in one UPDATE. */
export async function addLooks(db: Queryable, looks: UnsavedLooks[]): Promise<void> {
  if (looks.length === 0) return;
  await db.execute(sql`
    update checks c set count = c.count + v.count, last_at = greatest(c.last_at, now() - v."ageMs" * interval '1 ms')
    from jsonb_to_recordset(${JSON.stringify(looks)}::text::jsonb) as v(id bigint, count int, "ageMs" float8)
    where c.id = v.id`);
}

/** Nobody asks what a Stream was so long ago. */
const keepDays = 30;

/** Removes old rows, but for the newest of each Stream and state: they say whether it was ever seen offline. */
export async function pruneChecks(db: Queryable): Promise<void> {
  await db.execute(sql`
    delete from checks c where c.last_at < now() - make_interval(days => ${keepDays}) and exists (
      select from checks n where n.stream_id = c.stream_id and n.state = c.state and n.id > c.id)`);
}
