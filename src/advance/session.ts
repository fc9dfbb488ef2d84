import { and, desc, eq, isNull, sql } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';
import { deliveries, events, renditions, sessions, watches, watchTargets } from '../db/schema.ts';
import { findActiveSession, keptSoFar, noteChapter, type SessionRow } from '../db/sessions.ts';
import { step } from '../lib/steps.ts';
import type { Job } from '../queue/jobs.ts';
import { type AdvanceContext, ring, transition } from './advance.ts';

/** What is known of a broadcast when it is seen live. */
export type BroadcastFacts = {
  broadcastId?: string | undefined;
  title?: string | undefined;
  category?: string | undefined;
  startedAt?: Date | undefined;
  /** The Session this one goes on from (`SESSION_HOURS`, or recorded again after `/stop`). */
  continuesId?: number | undefined;
};

/**
 * Makes or finds the active Session of a live Stream, notes what it is called, and sees that every active recording
 * Watch has its Rendition and Deliveries; a Watch made later joins from the next Segment. Safe to call twice.
 *
 * @returns the Session's id; undefined where this very broadcast was recorded and ended already.
 */
export async function openSession(
  ctx: AdvanceContext,
  streamId: number,
  facts: BroadcastFacts = {},
): Promise<number | undefined> {
  const opened = await ctx.db.transaction(async (tx) => {
    const session = (await findActiveSession(tx, streamId)) ?? (await insertSession(tx, streamId, facts));
    if (!session) return undefined;
    if (session.state === 'waiting')
      await transition(tx, 'sessions', session.id, 'wentLive', { startedAt: sql`now()` });
    await noteChapter(tx, session.id, facts);
    return { session, jobs: await joinWatches(tx, session) };
  });
  if (!opened) return undefined;
  step('session.opened');
  await ring(ctx, 'sessions', opened.session.id, opened.jobs);
  return opened.session.id;
}

async function insertSession(tx: Queryable, streamId: number, facts: BroadcastFacts): Promise<SessionRow | undefined> {
  const [before] = facts.continuesId ? await tx.select().from(sessions).where(eq(sessions.id, facts.continuesId)) : [];
  // What goes on at SESSION_HOURS is called as it was.
  const title = facts.title ?? before?.title;
  const category = facts.category ?? before?.category;
  const [row] = await tx
    .insert(sessions)
    .values({ ...facts, title, category, streamId, state: 'starting' })
    .onConflictDoNothing()
    .returning();
  if (!row) return findActiveSession(tx, streamId);
  await tx.insert(events).values({ kind: 'session.starting', subject: 'session', subjectId: row.id });
  return row;
}

async function joinWatches(tx: Queryable, session: SessionRow): Promise<Job[]> {
  const wanted = await tx
    .select({ watch: watches, targetId: watchTargets.targetId })
    .from(watches)
    .innerJoin(watchTargets, eq(watchTargets.watchId, watches.id))
    .where(
      and(
        eq(watches.streamId, session.streamId),
        isNull(watches.endedAt),
        isNull(watches.pausedAt),
        eq(watches.mode, 'record'),
      ),
    )
    .orderBy(watches.id, watchTargets.position);
  const jobs: Job[] = [];
  for (const { watch, targetId } of wanted) {
    // Its row is locked: no other process opens or closes windows on it meanwhile.
    const rendition = await upsertRendition(tx, session.id, watch.quality);
    if (await hadWindow(tx, { watchId: watch.id, targetId, sessionId: session.id })) continue;
    const fromSequence = (await keptSoFar(tx, rendition.id)).nextSequence;
    const [delivery] = await tx
      .insert(deliveries)
      .values({ watchId: watch.id, targetId, sessionId: session.id, renditionId: rendition.id, fromSequence })
      .onConflictDoNothing()
      .returning();
    if (!delivery) continue;
    // Everybody had stopped this quality: it is wanted again.
    await tx.update(renditions).set({ endedAt: null, keptAt: null }).where(eq(renditions.id, rendition.id));
    jobs.push(
      { name: 'capture', data: { renditionId: rendition.id } },
      { name: 'card', data: { deliveryId: delivery.id } },
    );
  }
  return jobs;
}

/** Whether this order has, or had, a window on the Session: one that was closed stays closed. */
async function hadWindow(
  tx: Queryable,
  { watchId, targetId, sessionId }: { watchId: number; targetId: number; sessionId: number },
): Promise<boolean> {
  const [row] = await tx
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(and(eq(deliveries.watchId, watchId), eq(deliveries.targetId, targetId), eq(deliveries.sessionId, sessionId)))
    .limit(1);
  return row !== undefined;
}

async function upsertRendition(tx: Queryable, sessionId: number, name: string): Promise<{ id: number }> {
  await tx.insert(renditions).values({ sessionId, name }).onConflictDoNothing();
  const [row] = await tx
    .select({ id: renditions.id })
    .from(renditions)
    .where(and(eq(renditions.sessionId, sessionId), eq(renditions.name, name)))
    .for('update');
  if (!row) throw new Error('rendition vanished');
  return row;
}

/** The latest Session of a Stream, ended or not. */
export async function findLatestSession(db: Queryable, streamId: number): Promise<SessionRow | undefined> {
  const [row] = await db
    .select()
    .from(sessions)
    .where(eq(sessions.streamId, streamId))
    .orderBy(desc(sessions.id))
    .limit(1);
  return row;
}
