import { and, desc, eq, isNull } from 'drizzle-orm';
import type { AdPolicy } from '../core/model.ts';
import type { Database, Queryable } from './client.ts';
import { holdsLease, type Lease } from './leases.ts';
import { deliveries, gaps, segments, watches } from './schema.ts';
import { FencedError } from './segments.ts';

/**
 * What a capture does with ad breaks: they are dropped only where everybody who has a window open on it wants that; where
 * some do, they are marked.
 */
export async function findAdPolicy(db: Queryable, renditionId: number): Promise<AdPolicy> {
  const rows = await db
    .select({ rules: watches.rules })
    .from(deliveries)
    .innerJoin(watches, eq(watches.id, deliveries.watchId))
    .where(and(eq(deliveries.renditionId, renditionId), isNull(deliveries.closedAt)));
  const wanted = new Set(rows.map(({ rules }) => rules.ads ?? 'keep'));
  if (wanted.size === 1) return [...wanted][0] ?? 'keep';
  return wanted.size === 0 ? 'keep' : 'mark';
}

/**
 * Marks the last `lengthMs` of what is kept as an ad break.
 *
 * @throws FencedError where the lease is no longer held
 */
export function markAdBreak(
  db: Database,
  lease: Lease,
  { renditionId, lengthMs }: { renditionId: number; lengthMs: number },
): Promise<void> {
  return db.transaction(async (tx) => {
    if (!(await holdsLease(tx, lease))) throw new FencedError(lease.what);
    const [last] = await tx
      .select()
      .from(segments)
      .where(and(eq(segments.renditionId, renditionId), eq(segments.track, 0)))
      .orderBy(desc(segments.mediaSequence))
      .limit(1);
    if (!last) return;
    const atMs = Math.max(0, last.startMs + last.lengthMs - lengthMs);
    const mark = { kind: 'marked' as const, cause: 'ad_break' as const, atMs, lengthMs };
    await tx.insert(gaps).values({ ...mark, renditionId, takeId: last.takeId });
  });
}

/** Ad breaks that are kept and marked, in order. */
export async function findAdBreaks(db: Queryable, renditionId: number) {
  return db
    .select()
    .from(gaps)
    .where(and(eq(gaps.renditionId, renditionId), eq(gaps.kind, 'marked')))
    .orderBy(gaps.atMs, gaps.id);
}
