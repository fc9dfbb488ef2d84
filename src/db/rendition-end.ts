import { and, desc, eq, ne } from 'drizzle-orm';
import type { ResumePoint } from '../core/ports.ts';
import { pointAfter } from '../core/resume.ts';
import type { Queryable } from './client.ts';
import { gaps, segments, takes } from './schema.ts';
import type { TakeRow } from './segments.ts';

/** What stands at the end of a Rendition. */
export type RenditionEnd = {
  /** Behind its last Segment, whatever Stream that came from; undefined before the first. */
  point: ResumePoint | undefined;
  /** The Take of the last Segment. */
  take: TakeRow | undefined;
  /** A Take that was opened behind it and holds nothing yet. */
  emptyTake: TakeRow | undefined;
  /** Gaps and marks told behind the last Segment. */
  told: { kind: 'gap' | 'mark'; cause: string; lengthMs: number }[];
};

/** Reads what stands at the end of a Rendition: what a former owner wrote last. */
export async function findRenditionEnd(db: Queryable, renditionId: number): Promise<RenditionEnd> {
  const [last] = await db
    .select({ segment: segments, take: takes })
    .from(segments)
    .innerJoin(takes, eq(takes.id, segments.takeId))
    .where(and(eq(segments.renditionId, renditionId), eq(segments.track, 0)))
    .orderBy(desc(segments.mediaSequence))
    .limit(1);
  const [lastTake] = await db
    .select()
    .from(takes)
    .where(eq(takes.renditionId, renditionId))
    .orderBy(desc(takes.ordinal))
    .limit(1);
  const endMs = last ? last.segment.startMs + last.segment.lengthMs : 0;
  const told = await db
    .select()
    .from(gaps)
    .where(and(eq(gaps.renditionId, renditionId), ne(gaps.kind, 'withheld')));
  const { segment, take } = last ?? {};
  return {
    point: segment && pointAfter(undefined, { ...segment, programDateTime: segment.programDateTime ?? undefined }),
    take,
    emptyTake: lastTake?.id === take?.id ? undefined : lastTake,
    told: told.flatMap(({ kind, cause, atMs, lengthMs }) => {
      const at = kind === 'marked' ? atMs + lengthMs : atMs;
      return Math.abs(at - endMs) < 1
        ? [{ kind: kind === 'marked' ? ('mark' as const) : ('gap' as const), cause, lengthMs }]
        : [];
    }),
  };
}
