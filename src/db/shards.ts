import { sql } from 'drizzle-orm';
import type { Database } from './client.ts';
import { releaseLeases, renewLeases } from './leases.ts';
import { leases } from './schema.ts';

/** Watched Streams are shared out among monitors in this many shards: by the remainder of their id. */
export const shardCount = 32;

/** The shard of a Stream, 0 to 31. */
export const shardOf = (streamId: number): number => streamId % shardCount;

const shardName = (shard: number) => `shard:${shard}`;
const monitorName = (owner: string) => `monitor:${owner}`;
const shardNames = JSON.stringify(Array.from({ length: shardCount }, (_, shard) => shardName(shard)));
const isShard = sql`what in (select jsonb_array_elements_text(${shardNames}::text::jsonb))`;
const toShard = (what: string) => Number(what.slice('shard:'.length));

/** Makes the rows that are missing, and forgets monitors that have been gone for a day. */
export async function prepareShards(db: Database): Promise<void> {
  const rows = Array.from({ length: shardCount }, (_, shard) => shardName(shard));
  await db
    .insert(leases)
    .values(rows.map((what) => ({ what, owner: '', until: sql`'-infinity'` })))
    .onConflictDoNothing();
  await db.execute(sql`delete from leases where what like 'monitor:%' and until < now() - interval '1 day'`);
}

/** Tells the others of this monitor and keeps its shards, in one UPDATE. @returns the shards it still holds */
export async function renewShards(db: Database, owner: string, seconds: number): Promise<Set<number>> {
  const renewed = await renewLeases(db, owner, seconds);
  const until = sql`now() + make_interval(secs => ${seconds})`;
  if (!renewed.delete(monitorName(owner)))
    await db
      .insert(leases)
      .values({ what: monitorName(owner), owner, until })
      .onConflictDoUpdate({ target: leases.what, set: { owner, until } });
  return new Set([...renewed].map(toShard));
}

/** How many monitors there are, and how many shards nobody holds. */
export async function countMonitors(db: Database): Promise<{ monitors: number; freeShards: number }> {
  const [row] = await db.execute<{ monitors: string; free: string }>(sql`
    select (select count(*) from leases where what like 'monitor:%' and until > now()) as monitors,
      (select count(*) from leases where ${isShard} and until < now()) as free`);
  return { monitors: Number(row?.monitors ?? 0), freeShards: Number(row?.free ?? 0) };
}

/** Claims up to `most` shards that nobody holds; two that claim at once get different ones. */
export async function claimShards(
  db: Database,
  { owner, most, seconds }: { owner: string; most: number; seconds: number },
): Promise<number[]> {
  const rows = await db.execute<{ what: string }>(sql`
    update leases set owner = ${owner}, fence = fence + 1, until = now() + make_interval(secs => ${seconds})
    where what in (select what from leases where ${isShard} and until < now() limit ${most} for update skip locked)
    returning what`);
  return rows.map(({ what }) => toShard(what));
}

/** Gives shards back at once. */
export const releaseShards = (db: Database, owner: string, shards: number[]): Promise<void> =>
  releaseLeases(db, owner, shards.map(shardName));

/** Gives all back, and tells the others that this monitor is gone. */
export async function leaveShards(db: Database, owner: string): Promise<void> {
  await releaseLeases(db, owner);
  await db.execute(sql`delete from leases where what = ${monitorName(owner)}`);
}
