import { and, desc, eq, gte, inArray, lte, type SQL, sql } from 'drizzle-orm';
import type { Codecs } from '../core/model.ts';
import type { ClosedSegment, GapCause, ResumePoint } from '../core/ports.ts';
import { probationMs } from '../core/probation.ts';
import type { Database, Queryable } from './client.ts';
import { holdsLease, type Lease } from './leases.ts';
import { gaps, renditions, segments, takes } from './schema.ts';

export type SegmentRow = typeof segments.$inferSelect;
export type TakeRow = typeof takes.$inferSelect;

/** The writer's lease was taken over: nothing was written, and it must stop. */
export class FencedError extends Error {
  override name = 'FencedError';
}

/** Runs a write of a capture with its lease row locked. @throws FencedError where the lease is no longer held. */
export async function fenced<T>(
  db: Database,
  lease: Lease,
  write: (tx: Parameters<Parameters<Database['transaction']>[0]>[0]) => Promise<T>,
): Promise<T> {
  return db.transaction(async (tx) => {
    if (!(await holdsLease(tx, lease))) throw new FencedError(lease.what);
    return write(tx);
  });
}

/**
 * Opens the next Take of a Rendition; the one before is ended. A doubted one, or one that goes on from a withheld one,
 * is on probation where it could repeat anything.
 */
export function openTake(
  db: Database,
  lease: Lease,
  {
    isDoubted,
    ...take
  }: {
    renditionId: number;
    streamId: number;
    codecs: Codecs;
    initKey?: string | undefined;
    audioInitKey?: string | undefined;
    isDoubted: boolean;
  },
): Promise<TakeRow> {
  return fenced(db, lease, async (tx) => {
    const [last] = await tx
      .select()
      .from(takes)
      .where(eq(takes.renditionId, take.renditionId))
      .orderBy(desc(takes.ordinal))
      .limit(1);
    if (last && !last.endedAt) await tx.update(takes).set({ endedAt: sql`now()` }).where(eq(takes.id, last.id));
    const [segment] = await tx
      .select()
      .from(segments)
      .where(and(eq(segments.renditionId, take.renditionId), eq(segments.track, 0)))
      .orderBy(desc(segments.mediaSequence))
      .limit(1);
    await removeLoneSound(tx, take.renditionId, segment ? segment.mediaSequence + 1 : 0);
    const ordinal = last ? last.ordinal + 1 : 0;
    const isOnProbation = segment !== undefined && (isDoubted || last?.withheldReason != null);
    const probation = isOnProbation ? sql`now() + make_interval(secs => ${probationMs / 1000})` : null;
    const [row] = await tx
      .insert(takes)
      .values({
        ...take,
        ordinal,
        worker: lease.owner,
        fence: lease.fence,
        startMs: segment ? segment.startMs + segment.lengthMs : 0,
        discontinuitySequence: ordinal,
        probationUntil: probation,
      })
      .returning();
    if (!row) throw new Error('insert returned no row');
    return row;
  });
}

/**
 * Writes the row of a Segment whose file is in Storage; its place on the time line follows the last kept one of the
 * pictures. Sound that lies apart comes first and stands where its pictures will stand; where they never came (their
 * file was lost, a Take ended in between) the next sound takes its place.
 */
export function keepSegment(
  db: Database,
  lease: Lease,
  take: TakeRow,
  key: string,
  segment: ClosedSegment,
): Promise<SegmentRow> {
  return fenced(db, lease, async (tx) => {
    const [last] = await tx
      .select()
      .from(segments)
      .where(and(eq(segments.renditionId, take.renditionId), eq(segments.track, 0)))
      .orderBy(desc(segments.mediaSequence))
      .limit(1);
    const { path: _path, ...facts } = segment;
    const mediaSequence = last ? last.mediaSequence + 1 : 0;
    if (segment.track === 1) await removeLoneSound(tx, take.renditionId, mediaSequence);
    const [row] = await tx
      .insert(segments)
      .values({
        ...facts,
        key,
        renditionId: take.renditionId,
        takeId: take.id,
        seq: last && last.takeId === take.id ? last.seq + 1 : 0,
        mediaSequence,
        startMs: last ? last.startMs + last.lengthMs : 0,
      })
      .returning();
    if (!row) throw new Error('insert returned no row');
    return row;
  });
}

async function removeLoneSound(tx: Queryable, renditionId: number, mediaSequence: number): Promise<void> {
  const isThere = and(eq(segments.renditionId, renditionId), eq(segments.mediaSequence, mediaSequence));
  await tx.delete(segments).where(and(isThere, eq(segments.track, 1)));
}

/** Tells a Gap at the present end of the Rendition. */
export function tellGap(
  db: Database,
  lease: Lease,
  gap: { renditionId: number; lengthMs: number; cause: GapCause; detail?: string | undefined },
): Promise<void> {
  return fenced(db, lease, async (tx) => {
    const [last] = await tx
      .select()
      .from(segments)
      .where(and(eq(segments.renditionId, gap.renditionId), eq(segments.track, 0)))
      .orderBy(desc(segments.mediaSequence))
      .limit(1);
    await tx
      .insert(gaps)
      .values({ ...gap, takeId: last?.takeId ?? null, atMs: last ? last.startMs + last.lengthMs : 0 });
  });
}

/** Where the next owner goes on in a Stream; undefined before the first Segment from it. */
export async function findResumePoint(
  db: Database,
  renditionId: number,
  streamId: number,
): Promise<ResumePoint | undefined> {
  const ofStream = db.select({ id: takes.id }).from(takes).where(eq(takes.streamId, streamId));
  const rows = await db
    .select()
    .from(segments)
    .where(and(eq(segments.renditionId, renditionId), eq(segments.track, 0), inArray(segments.takeId, ofStream)))
    .orderBy(desc(segments.mediaSequence))
    .limit(30);
  const [last] = rows;
  if (!last) return undefined;
  return {
    sequence: last.sourceSequence + last.sourceCount - 1,
    playlist: last.playlist,
    programDateTime: last.programDateTime ? new Date(last.programDateTime.getTime() + last.lengthMs) : undefined,
    hashes: rows
      .reverse()
      .flatMap((row) => row.hashes)
      .slice(-30),
  };
}

/** SHA-256 hex of the last kept Media Segment of a track; undefined before the first. */
export async function findLastHash(
  db: Database,
  { renditionId, track }: { renditionId: number; track: number },
): Promise<string | undefined> {
  const [last] = await db
    .select({ hashes: segments.hashes })
    .from(segments)
    .where(and(eq(segments.renditionId, renditionId), eq(segments.track, track)))
    .orderBy(desc(segments.mediaSequence))
    .limit(1);
  return last?.hashes.at(-1);
}

/** Segments of a Rendition by mediaSequence, both ends included, with their Take. */
export async function findSegments(
  db: Database,
  renditionId: number,
  range: { from: number; to?: number | undefined },
): Promise<{ segment: SegmentRow; take: TakeRow }[]> {
  const where: SQL[] = [eq(segments.renditionId, renditionId), gte(segments.mediaSequence, range.from)];
  if (range.to !== undefined) where.push(lte(segments.mediaSequence, range.to));
  return db
    .select({ segment: segments, take: takes })
    .from(segments)
    .innerJoin(takes, eq(takes.id, segments.takeId))
    .where(and(...where))
    .orderBy(segments.mediaSequence, segments.track);
}

/** A Segment from the middle of a window that a picture can be taken from; undefined where nothing is kept. */
export async function findMiddleSegment(
  db: Database,
  window: { renditionId: number; fromSequence: number; toSequence: number | null },
): Promise<SegmentRow | undefined> {
  const where = and(
    eq(segments.renditionId, window.renditionId),
    eq(segments.track, 0),
    gte(segments.mediaSequence, window.fromSequence),
    window.toSequence === null ? undefined : lte(segments.mediaSequence, window.toSequence),
  );
  const [middle] = await db
    .select({ sequence: sql<number>`avg(${segments.mediaSequence})`.mapWith(Number) })
    .from(segments)
    .where(where);
  const [row] = await db
    .select()
    .from(segments)
    .where(where)
    .orderBy(desc(segments.isIndependent), sql`abs(${segments.mediaSequence} - ${middle?.sequence ?? 0}::float8)`)
    .limit(1);
  return row;
}

/** A Session's Segments (first captured Rendition) with their Takes, in order. */
export async function findWholeSession(
  db: Database,
  sessionId: number,
): Promise<{ segment: SegmentRow; take: TakeRow }[]> {
  const [rendition] = await db
    .select({ id: renditions.id })
    .from(renditions)
    .where(and(eq(renditions.sessionId, sessionId), eq(renditions.kind, 'captured')))
    .orderBy(renditions.id)
    .limit(1);
  return rendition ? findSegments(db, rendition.id, { from: 0 }) : [];
}
