import { and, asc, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm';
import type { TakeContent } from '../core/probation.ts';
import type { Database, Queryable } from './client.ts';
import type { Lease } from './leases.ts';
import { gaps, segments, takes } from './schema.ts';
import { fenced, type TakeRow } from './segments.ts';

/** Takes of a Rendition of which it is not known yet whether they are genuine, in order. */
export async function findOnProbation(db: Queryable, renditionId: number): Promise<TakeRow[]> {
  return db
    .select()
    .from(takes)
    .where(and(eq(takes.renditionId, renditionId), isNotNull(takes.probationUntil), isNull(takes.withheldReason)))
    .orderBy(asc(takes.ordinal));
}

/** How much of a Take stood in its Rendition before. */
export async function measureTake(db: Queryable, { id, renditionId }: TakeRow): Promise<TakeContent> {
  const [row] = await db.execute<{ seen: string; unseen: string; unseen_ms: string }>(sql`
    with mine as (
      select g.media_sequence, g.length_ms / jsonb_array_length(g.hashes) as ms, h.hash
        from segments g cross join lateral jsonb_array_elements_text(g.hashes) as h(hash)
        where g.take_id = ${id} and g.track = 0),
    before as (
      select distinct h.hash from segments g cross join lateral jsonb_array_elements_text(g.hashes) as h(hash)
        where g.rendition_id = ${renditionId} and g.track = 0
          and g.media_sequence < (select min(media_sequence) from mine)),
    judged as (select ms, hash in (select hash from before) as is_seen from mine)
    select count(*) filter (where is_seen) as seen, count(*) filter (where not is_seen) as unseen,
      coalesce(sum(ms) filter (where not is_seen), 0) as unseen_ms from judged`);
  return {
    seenCount: Number(row?.seen ?? 0),
    unseenCount: Number(row?.unseen ?? 0),
    unseenMs: Number(row?.unseen_ms ?? 0),
  };
}

/** Whether the last look at the Take's Stream that was made since the Take began found it live. */
export async function wasSeenLive(db: Queryable, { streamId, startedAt }: TakeRow): Promise<boolean> {
  const [row] = await db.execute<{ is_live: boolean }>(sql`
    select c.state = 'live' and c.last_at >= ${startedAt.toISOString()}::timestamptz as is_live
      from checks c where c.stream_id = ${streamId} order by c.id desc limit 1`);
  return row?.is_live ?? false;
}

/** The Take is genuine: its Segments may be planned. @throws FencedError where the lease is no longer held */
export function releaseTake(db: Database, lease: Lease, takeId: number): Promise<void> {
  return fenced(db, lease, async (tx) => {
    await tx.update(takes).set({ probationUntil: null }).where(eq(takes.id, takeId));
  });
}

/** The Take's Segments are kept and stand in no Part, and that is told. A second time changes nothing. @throws FencedError */
export function withholdTake(
  db: Database,
  lease: Lease,
  { take, reason }: { take: TakeRow; reason: string },
): Promise<void> {
  return fenced(db, lease, async (tx) => {
    const [changed] = await tx
      .update(takes)
      .set({ withheldReason: reason, probationUntil: null })
      .where(and(eq(takes.id, take.id), isNull(takes.withheldReason)))
      .returning({ id: takes.id });
    if (!changed) return;
    const [kept] = await tx
      .select({ lengthMs: sql<number>`coalesce(sum(${segments.lengthMs}), 0)`.mapWith(Number) })
      .from(segments)
      .where(and(eq(segments.takeId, take.id), eq(segments.track, 0)));
    const lengthMs = kept?.lengthMs ?? 0;
    if (lengthMs === 0) return;
    const withheld = { kind: 'withheld' as const, cause: reason, atMs: take.startMs, lengthMs };
    await tx.insert(gaps).values({ ...withheld, renditionId: take.renditionId, takeId: take.id });
  });
}

/** A Take that is withheld: how much of it was kept when that was told, and how much still is. */
export type WithheldTake = { id: number; toldMs: number; keptMs: number; fromSequence: number };

/** The Takes of a Rendition that are told as withheld, in order. */
export async function findWithheldTakes(db: Queryable, renditionId: number): Promise<WithheldTake[]> {
  const rows = await db.execute<{ id: string; told: number; kept: number; first: number | null }>(sql`
    select t.id, w.length_ms as told, coalesce(sum(g.length_ms), 0) as kept, min(g.media_sequence) as first
      from takes t join gaps w on w.take_id = t.id and w.kind = 'withheld'
        left join segments g on g.take_id = t.id and g.track = 0
      where t.rendition_id = ${renditionId} and t.withheld_reason is not null
      group by t.id, w.id order by t.ordinal`);
  return rows.map((row) => ({
    ...{ id: Number(row.id), toldMs: Number(row.told), keptMs: Number(row.kept) },
    fromSequence: row.first ?? 0,
  }));
}

/** The Takes are genuine, and nothing is told of them any more. */
export async function forgetWithheld(tx: Queryable, takeIds: number[]): Promise<void> {
  await tx.update(takes).set({ withheldReason: null }).where(inArray(takes.id, takeIds));
  await tx.delete(gaps).where(and(inArray(gaps.takeId, takeIds), eq(gaps.kind, 'withheld')));
}
