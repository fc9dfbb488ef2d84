import { and, eq, inArray, isNull, ne, sql } from 'drizzle-orm';
import { changedOver } from '../core/session.ts';
import type { Queryable } from '../db/client.ts';
import { holdsLease, type Lease } from '../db/leases.ts';
import { lockRendition, lockSessions } from '../db/lock-rows.ts';
import { deliveries, renditions, watches } from '../db/schema.ts';
import { findOpenWindows, keptSoFar } from '../db/sessions.ts';
import type { Job } from '../queue/jobs.ts';
import { type AdvanceContext, ring, transition } from './advance.ts';
import { cancelWaiting, withdrawRows } from './waiting.ts';

/**
 * Closes windows: what is being captured now still belongs to them. A Rendition whose last window closes is ended;
 * other chats' windows stay open and their capture goes on.
 *
 * @returns whether one of them was open
 */
export async function closeWindows(ctx: AdvanceContext, deliveryIds: number[], reason: string): Promise<boolean> {
  if (deliveryIds.length === 0) return false;
  const touched = await ctx.db.transaction(async (tx) => {
    const rows = await tx
      .select()
      .from(deliveries)
      .where(and(inArray(deliveries.id, deliveryIds), isNull(deliveries.closedAt)));
    const renditionIds = [...new Set(rows.map((row) => row.renditionId))].sort((a, b) => a - b);
    await lockSessions(
      tx,
      rows.map((row) => row.sessionId),
    );
    for (const renditionId of renditionIds) {
      await lockRendition(tx, renditionId);
      const mine = rows.filter((row) => row.renditionId === renditionId).map((row) => row.id);
      const open = await findOpenWindows(tx, renditionId);
      if (open.every((row) => mine.includes(row.id))) await endRenditionRows(tx, renditionId, reason);
      else if (!(await cancelWaiting(tx, { renditionId, ids: mine, reason })))
        await closeRows(tx, mine, reason, (await keptSoFar(tx, renditionId)).nextSequence);
    }
    return renditionIds;
  });
  for (const id of touched) await ring(ctx, 'renditions', id, afterEnd(id));
  return touched.length > 0;
}

/**
 * Nothing more will be captured of a Rendition: its windows close; the Session finishes with its last Rendition.
 *
 * @param lease of the capture that says so: one that slept and lost it says nothing
 */
export async function endRendition(
  ctx: AdvanceContext,
  renditionId: number,
  reason: string,
  lease?: Lease,
): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await lockRendition(tx, renditionId);
    if (!lease || (await holdsLease(tx, lease))) await endRenditionRows(tx, renditionId, reason);
  });
  await ring(ctx, 'renditions', renditionId, afterEnd(renditionId));
}

/** Whoever captured it writes down that all is kept (`capture` where nobody does), then the Parts are planned. */
const afterEnd = (renditionId: number): Job[] => [
  { name: 'capture', data: { renditionId } },
  { name: 'plan', data: { renditionId } },
];

async function endRenditionRows(tx: Queryable, renditionId: number, reason: string): Promise<void> {
  const open = await findOpenWindows(tx, renditionId);
  await closeRows(
    tx,
    open.map((row) => row.id),
    reason,
    null,
  );
  const [rendition] = await tx
    .update(renditions)
    .set({
      endedAt: sql`coalesce(${renditions.endedAt}, now())`,
      endReason: sql`coalesce(${renditions.endReason}, ${reason})`,
    })
    .where(eq(renditions.id, renditionId))
    .returning();
  if (!rendition) return;
  const others = await tx
    .select({ id: renditions.id })
    .from(renditions)
    .where(
      and(eq(renditions.sessionId, rendition.sessionId), ne(renditions.id, renditionId), isNull(renditions.endedAt)),
    );
  if (others.length > 0) return;
  const { sessionId } = rendition;
  const over = { endedAt: sql`now()`, endReason: reason };
  if (!(await transition(tx, 'sessions', sessionId, 'captureEnded', over))) await withdrawRows(tx, sessionId, reason);
}

async function closeRows(tx: Queryable, ids: number[], reason: string, toSequence: number | null): Promise<void> {
  if (ids.length === 0) return;
  const closed = await tx
    .update(deliveries)
    .set({ closedAt: sql`now()`, closeReason: reason, toSequence, changedAt: sql`now()` })
    .where(and(inArray(deliveries.id, ids), isNull(deliveries.closedAt)))
    .returning();
  const watchIds = closed.map((row) => row.watchId);
  // A `/record` order is fulfilled when its window closes, unless the Session only changes over at SESSION_HOURS.
  if (watchIds.length === 0 || reason === changedOver) return;
  await tx
    .update(watches)
    .set({ endedAt: sql`now()` })
    .where(and(inArray(watches.id, watchIds), eq(watches.once, true), isNull(watches.endedAt)));
}

/**
 * All bytes that were captured of an ended Rendition are kept: the Session ends with its last one. Nothing is written
 * where `lease`, that of the capture, was lost.
 */
export async function markRenditionKept(ctx: AdvanceContext, renditionId: number, lease: Lease): Promise<void> {
  const sessionId = await ctx.db.transaction(async (tx) => {
    await lockRendition(tx, renditionId);
    if (!(await holdsLease(tx, lease))) return undefined;
    const [rendition] = await tx
      .update(renditions)
      .set({ keptAt: sql`now()` })
      .where(and(eq(renditions.id, renditionId), sql`${renditions.endedAt} is not null`))
      .returning();
    if (!rendition) return undefined;
    const all = await tx.select().from(renditions).where(eq(renditions.sessionId, rendition.sessionId));
    if (all.some((row) => row.kind === 'captured' && (!row.keptAt || !row.endedAt))) return undefined;
    const kept = await Promise.all(all.map((row) => keptSoFar(tx, row.id)));
    const event = kept.some((row) => row.segmentCount > 0) ? 'allKept' : 'nothingCaptured';
    await transition(tx, 'sessions', rendition.sessionId, event);
    return rendition.sessionId;
  });
  await ring(ctx, 'renditions', renditionId, [{ name: 'plan', data: { renditionId } }]);
  if (sessionId !== undefined) await ring(ctx, 'sessions', sessionId);
}
