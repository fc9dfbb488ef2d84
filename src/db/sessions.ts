import { and, count, desc, eq, exists, gte, inArray, isNull, lt, lte, or, sql, sum } from 'drizzle-orm';
import { activeSessionStates } from '../core/session.ts';
import type { Queryable } from './client.ts';
import { chapters, deliveries, gaps, renditions, segments, sessions, streams, takes } from './schema.ts';

export type SessionRow = typeof sessions.$inferSelect;
export type RenditionRow = typeof renditions.$inferSelect;
export type StreamRow = typeof streams.$inferSelect;

/** What a Session is of: a Stream by itself (`crossId` null), or paired with another one. */
export type Pair = { streamId: number; crossId: number | null };

/** The Session of a Stream, or of a pair of Streams, that waits or still captures, if any. */
export async function findActiveSession(db: Queryable, { streamId, crossId }: Pair): Promise<SessionRow | undefined> {
  const isCross = crossId === null ? isNull(sessions.crossId) : eq(sessions.crossId, crossId);
  const [row] = await db
    .select()
    .from(sessions)
    .where(and(eq(sessions.streamId, streamId), isCross, inArray(sessions.state, activeSessionStates)));
  return row;
}

/** A Rendition with its Session and Stream. */
export async function findRendition(
  db: Queryable,
  renditionId: number,
): Promise<{ rendition: RenditionRow; session: SessionRow; stream: StreamRow } | undefined> {
  const [row] = await db
    .select({ rendition: renditions, session: sessions, stream: streams })
    .from(renditions)
    .innerJoin(sessions, eq(sessions.id, renditions.sessionId))
    .innerJoin(streams, eq(streams.id, sessions.streamId))
    .where(eq(renditions.id, renditionId));
  return row;
}

/** Deliveries whose window on a Rendition is open, earliest first. */
export async function findOpenWindows(db: Queryable, renditionId: number) {
  return db
    .select()
    .from(deliveries)
    .where(and(eq(deliveries.renditionId, renditionId), isNull(deliveries.closedAt)))
    .orderBy(deliveries.id);
}

/** What is kept of a Rendition: how much, how long, and the next mediaSequence. */
export async function keptSoFar(
  db: Queryable,
  renditionId: number,
): Promise<{ segmentCount: number; sizeBytes: number; lengthMs: number; frameCount: number; nextSequence: number }> {
  const [row] = await db
    .select({
      segmentCount: count(),
      sizeBytes: sum(segments.sizeBytes).mapWith(Number),
      lengthMs: sql<number>`coalesce(sum(${segments.lengthMs}) filter (where ${segments.track} = 0), 0)`.mapWith(
        Number,
      ),
      frameCount: sum(segments.frameCount).mapWith(Number),
      // Sound that lies apart is kept before its pictures are.
      last: sql<number | null>`max(${segments.mediaSequence}) filter (where ${segments.track} = 0)`,
    })
    .from(segments)
    .where(eq(segments.renditionId, renditionId));
  return {
    segmentCount: row?.segmentCount ?? 0,
    sizeBytes: row?.sizeBytes ?? 0,
    lengthMs: row?.lengthMs ?? 0,
    frameCount: row?.frameCount ?? 0,
    nextSequence: (row?.last ?? -1) + 1,
  };
}

/** What is kept and not withheld inside a Delivery's window, with its bounds on the media time line. */
export async function keptInWindow(
  db: Queryable,
  renditionId: number,
  window: { fromSequence: number; toSequence: number | null },
): Promise<{ sizeBytes: number; lengthMs: number; frameCount: number; startMs: number; endMs: number }> {
  const [row] = await db
    .select({
      sizeBytes: sql<number>`coalesce(sum(${segments.sizeBytes}), 0)`.mapWith(Number),
      lengthMs: sql<number>`coalesce(sum(${segments.lengthMs}), 0)`.mapWith(Number),
      frameCount: sql<number>`coalesce(sum(${segments.frameCount}), 0)`.mapWith(Number),
      startMs: sql<number>`coalesce(min(${segments.startMs}), 0)`.mapWith(Number),
      endMs: sql<number>`coalesce(max(${segments.startMs} + ${segments.lengthMs}), 0)`.mapWith(Number),
    })
    .from(segments)
    .innerJoin(takes, eq(takes.id, segments.takeId))
    .where(
      and(
        eq(segments.renditionId, renditionId),
        eq(segments.track, 0),
        isNull(takes.withheldReason),
        gte(segments.mediaSequence, window.fromSequence),
        window.toSequence === null ? undefined : lte(segments.mediaSequence, window.toSequence),
      ),
    );
  return row ?? { sizeBytes: 0, lengthMs: 0, frameCount: 0, startMs: 0, endMs: 0 };
}

/** Gaps told of a Rendition, in order; Withheld stretches are not counted. */
export async function findGaps(db: Queryable, renditionId: number) {
  return db
    .select()
    .from(gaps)
    .where(and(eq(gaps.renditionId, renditionId), eq(gaps.kind, 'gap')))
    .orderBy(gaps.atMs, gaps.id);
}

/** Stretches inside a window that are kept and not posted, in order. */
export async function findWithheld(
  db: Queryable,
  window: { renditionId: number; fromSequence: number; toSequence: number | null },
) {
  const isInside = db
    .select({ one: sql`1` })
    .from(segments)
    .where(
      and(
        eq(segments.takeId, gaps.takeId),
        gte(segments.mediaSequence, window.fromSequence),
        window.toSequence === null ? undefined : lte(segments.mediaSequence, window.toSequence),
      ),
    );
  return db
    .select()
    .from(gaps)
    .where(and(eq(gaps.renditionId, window.renditionId), eq(gaps.kind, 'withheld'), exists(isInside)))
    .orderBy(gaps.atMs, gaps.id);
}

/**
 * For how long nothing new has come of a Rendition whose Session is lost, by Postgres' clock: another Rendition may have
 * been lost before this one. Repetitions do not count as new.
 *
 * @returns ms; undefined where the Session is not lost
 */
export async function findLostMs(db: Queryable, renditionId: number): Promise<number | undefined> {
  const [row] = await db.execute<{ ms: number | null }>(sql`
    select extract(epoch from now() - greatest(s.lost_at, (
      select g.kept_at from segments g join takes t on t.id = g.take_id
        where g.rendition_id = r.id and g.track = 0 and t.withheld_reason is null and t.probation_until is null
        order by g.media_sequence desc limit 1)))::float8 * 1000 as ms
      from renditions r join sessions s on s.id = r.session_id
      where r.id = ${renditionId} and s.state = 'reconnecting' and s.lost_at is not null`);
  return row?.ms == null ? undefined : Math.max(0, row.ms);
}

/** What a Session was called, in order. */
export async function findNames(db: Queryable, sessionId: number) {
  return db
    .select({ title: chapters.title, category: chapters.category })
    .from(chapters)
    .where(eq(chapters.sessionId, sessionId))
    .orderBy(chapters.at, chapters.id);
}

/** Streams by their ids. */
export async function findStreams(db: Queryable, ids: number[]): Promise<StreamRow[]> {
  return ids.length === 0 ? [] : db.select().from(streams).where(inArray(streams.id, ids));
}

/** The Streams that a Session was captured from, in the order they came in. */
export async function findOrigins(db: Queryable, sessionId: number): Promise<StreamRow[]> {
  const rows = await db
    .select({ stream: streams, first: sql<number>`min(${takes.id})`.as('first') })
    .from(takes)
    .innerJoin(renditions, eq(renditions.id, takes.renditionId))
    .innerJoin(streams, eq(streams.id, takes.streamId))
    .where(eq(renditions.sessionId, sessionId))
    .groupBy(streams.id)
    .orderBy(sql`first`);
  return rows.map(({ stream }) => stream);
}

/**
 * Writes down what a broadcast is called where that is new; what is unknown erases nothing. The first chapter of a
 * Session is its beginning.
 *
 * @returns whether anything was written
 */
export async function noteChapter(
  db: Queryable,
  sessionId: number,
  called: { title?: string | undefined; category?: string | undefined },
): Promise<boolean> {
  const title = sql<string>`coalesce(${called.title ?? null}, ${sessions.title})`;
  const category = sql<string>`coalesce(${called.category ?? null}, ${sessions.category})`;
  const isFirst = sql`not exists (select 1 from chapters c where c.session_id = ${sessionId})`;
  const isNew = sql`(${sessions.title}, ${sessions.category}) is distinct from (${title}, ${category})`;
  const [row] = await db
    .update(sessions)
    .set({ title, category, changedAt: sql`now()` })
    .where(and(eq(sessions.id, sessionId), or(isFirst, isNew)))
    .returning({ title: sessions.title, category: sessions.category });
  if (row) await db.insert(chapters).values({ ...row, sessionId });
  return row !== undefined;
}

/** When the broadcast of a Rendition got which title, in order. */
export async function findTitles(db: Queryable, renditionId: number): Promise<{ at: Date; title: string | null }[]> {
  return db
    .select({ at: chapters.at, title: chapters.title })
    .from(chapters)
    .innerJoin(renditions, eq(renditions.sessionId, chapters.sessionId))
    .where(eq(renditions.id, renditionId))
    .orderBy(chapters.at, chapters.id);
}

/** What a Session was called when, in order; `atMs` is the media time of the window that was kept before. */
export async function findChapters(
  db: Queryable,
  sessionId: number,
  window: { renditionId: number; fromSequence: number; toSequence: number | null },
): Promise<{ atMs: number; title: string | null; category: string | null }[]> {
  const kept = db
    .select({ ms: sql`coalesce(sum(${segments.lengthMs}), 0)` })
    .from(segments)
    .where(
      and(
        eq(segments.renditionId, window.renditionId),
        eq(segments.track, 0),
        gte(segments.mediaSequence, window.fromSequence),
        window.toSequence === null ? undefined : lte(segments.mediaSequence, window.toSequence),
        lt(segments.keptAt, chapters.at),
      ),
    );
  return db
    .select({ atMs: sql<number>`(${kept})`.mapWith(Number), title: chapters.title, category: chapters.category })
    .from(chapters)
    .where(eq(chapters.sessionId, sessionId))
    .orderBy(chapters.at, chapters.id);
}

/** The last Take of a Rendition, if it has one. */
export async function findLastTake(db: Queryable, renditionId: number) {
  const [row] = await db
    .select()
    .from(takes)
    .where(eq(takes.renditionId, renditionId))
    .orderBy(desc(takes.ordinal))
    .limit(1);
  return row;
}
