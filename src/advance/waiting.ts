import { and, eq, inArray, ne, sql } from 'drizzle-orm';
import { type Called, refusalOf } from '../core/rules.ts';
import type { Queryable } from '../db/client.ts';
import { deliveries, events, renditions, sessions } from '../db/schema.ts';
import { findActiveSession, noteChapter, type Pair, type SessionRow } from '../db/sessions.ts';
import type { Job } from '../queue/jobs.ts';
import { type AdvanceContext, ring, transition } from './advance.ts';
import { findWanted, insertWindow, upsertRendition, type Wanted } from './join-watches.ts';
import { findLatestSession, findPairs } from './session.ts';

/** What a channel that is not live announces. */
export type Announcement = {
  broadcastId?: string | undefined;
  title?: string | undefined;
  category?: string | undefined;
  scheduledFor?: Date | undefined;
  /** It is called otherwise than before: that announces a broadcast that has neither a time nor an id yet. */
  isRenamed?: boolean;
};

type Announced = { sessionId: number; jobs: Job[] };

/**
 * A broadcast is announced, or what was announced changed: orders with `waiting=on` have a Session that waits for it, with
 * its card. Nothing happens while the Stream is recorded; what is announced and withdrawn is not announced again by
 * being seen again. Safe to call twice.
 */
export async function announceBroadcast(
  ctx: AdvanceContext,
  streamId: number,
  announcement: Announcement,
): Promise<void> {
  const announced = await ctx.db.transaction(async (tx) => {
    const all: Announced[] = [];
    for (const pair of await findPairs(tx, streamId)) {
      const one = await announceOne(tx, pair, announcement);
      if (one) all.push(one);
    }
    return all;
  });
  for (const { sessionId, jobs } of announced) await ring(ctx, 'sessions', sessionId, jobs);
}

async function announceOne(tx: Queryable, pair: Pair, announcement: Announcement): Promise<Announced | undefined> {
  const active = await findActiveSession(tx, pair);
  if (active && active.state !== 'waiting') return undefined;
  const wanted = (await findWanted(tx, pair)).filter((each) => isWaitedFor(each, announcement));
  const session = active ?? (wanted.length > 0 ? await insertWaiting(tx, pair, announcement) : undefined);
  if (!session) return undefined;
  await noteChapter(tx, session.id, announcement);
  await noteTime(tx, session, announcement);
  const jobs: Job[] = [];
  for (const each of wanted) jobs.push(...(await joinWaiting(tx, session, each)));
  return { sessionId: session.id, jobs };
}

/** Whether an order asks to be told, and its filters let this pass; its times count when it is live. */
function isWaitedFor({ watch: { mode, rules } }: Wanted, called: Called): boolean {
  const { schedule: _schedule, at: _at, ...filters } = rules;
  return mode === 'record' && rules.waiting === true && refusalOf(filters, called, new Date()) === undefined;
}

async function insertWaiting(tx: Queryable, pair: Pair, announcement: Announcement): Promise<SessionRow | undefined> {
  const { isRenamed, ...facts } = announcement;
  if (!isRenamed && !facts.scheduledFor && !facts.broadcastId) return undefined;
  if (!isRenamed && isSame(await findLatestSession(tx, pair.streamId, pair.crossId), facts)) return undefined;
  const [row] = await tx
    .insert(sessions)
    .values({ ...facts, ...pair, state: 'waiting' })
    .onConflictDoNothing()
    .returning();
  if (row) await tx.insert(events).values({ kind: 'session.waiting', subject: 'session', subjectId: row.id });
  return row;
}

/** It was announced so before, and was waited for in vain. */
function isSame(last: SessionRow | undefined, { title, scheduledFor }: Announcement): boolean {
  if (last?.state !== 'failed' || last.endReason !== notLiveReason) return false;
  return last.title === (title ?? null) && last.scheduledFor?.getTime() === scheduledFor?.getTime();
}

async function noteTime(tx: Queryable, session: SessionRow, { scheduledFor }: Announcement): Promise<void> {
  if (!scheduledFor || session.scheduledFor?.getTime() === scheduledFor.getTime()) return;
  await tx.update(sessions).set({ scheduledFor, changedAt: sql`now()` }).where(eq(sessions.id, session.id));
}

async function joinWaiting(tx: Queryable, session: SessionRow, wanted: Wanted): Promise<Job[]> {
  const rendition = await upsertRendition(tx, session.id, wanted.watch.quality);
  const [had] = await tx
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.watchId, wanted.watch.id),
        eq(deliveries.targetId, wanted.targetId),
        eq(deliveries.sessionId, session.id),
      ),
    )
    .limit(1);
  const delivery = had
    ? undefined
    : await insertWindow(tx, wanted, { sessionId: session.id, renditionId: rendition.id });
  return delivery ? [{ name: 'card', data: { deliveryId: delivery.id } }] : [];
}

/** Why a Session ended whose broadcast was announced and did not begin. */
export const notLiveReason = 'not_live';

/** Gives up what was announced and neither changed nor began for so long, counted from its time where it has one. */
export async function withdrawOverdue(ctx: AdvanceContext, waitingSeconds: number): Promise<void> {
  const rows = await ctx.db.execute<{ id: string }>(sql`
    select id from sessions where state = 'waiting'
      and greatest(changed_at, scheduled_for) < now() - make_interval(secs => ${waitingSeconds})`);
  for (const { id } of rows) {
    const ids = await ctx.db.transaction((tx) => withdrawRows(tx, Number(id), notLiveReason));
    await ring(ctx, 'sessions', Number(id), cardsOf(ids));
  }
}

const cardsOf = (ids: number[]) => ids.map((deliveryId): Job => ({ name: 'card', data: { deliveryId } }));

/** A Session that waits is over: nothing of it is kept, nothing is posted, its card goes. @returns its Deliveries */
export async function withdrawRows(tx: Queryable, sessionId: number, reason: string): Promise<number[]> {
  const over = { endedAt: sql`now()`, endReason: reason, broadcastId: null };
  if (!(await transition(tx, 'sessions', sessionId, 'withdrawn', over))) return [];
  await tx
    .update(renditions)
    .set({ endedAt: sql`now()`, keptAt: sql`now()`, endReason: reason })
    .where(eq(renditions.sessionId, sessionId));
  const rows = await tx
    .update(deliveries)
    .set({
      closedAt: sql`coalesce(closed_at, now())`,
      closeReason: sql`coalesce(close_reason, ${reason})`,
      toSequence: -1,
    })
    .where(and(eq(deliveries.sessionId, sessionId), ne(deliveries.state, 'cancelled')))
    .returning({ id: deliveries.id, state: deliveries.state });
  const open = rows.filter(({ state }) => state === 'collecting');
  for (const { id } of open) await transition(tx, 'deliveries', id, 'cancelled');
  return open.map(({ id }) => id);
}

/**
 * Windows on a Rendition of which nothing is captured yet, because its broadcast is only announced, are given up.
 *
 * @returns false where the broadcast has begun: then nothing was done
 */
export async function cancelWaiting(
  tx: Queryable,
  { renditionId, ids, reason }: { renditionId: number; ids: number[]; reason: string },
): Promise<boolean> {
  const [waiting] = await tx
    .select({ id: sessions.id })
    .from(sessions)
    .innerJoin(renditions, eq(renditions.sessionId, sessions.id))
    .where(and(eq(renditions.id, renditionId), eq(sessions.state, 'waiting')));
  if (!waiting) return false;
  await tx
    .update(deliveries)
    .set({ closedAt: sql`now()`, closeReason: reason, toSequence: -1 })
    .where(inArray(deliveries.id, ids));
  for (const id of ids) await transition(tx, 'deliveries', id, 'cancelled');
  return true;
}
