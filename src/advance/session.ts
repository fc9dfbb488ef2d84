import { and, desc, eq, inArray, isNull, or, sql } from 'drizzle-orm';
import type { Called } from '../core/rules.ts';
import { activeSessionStates, canGoOn } from '../core/session.ts';
import type { Queryable } from '../db/client.ts';
import { lockSessions } from '../db/lock-rows.ts';
import { events, renditions, sessions, watches } from '../db/schema.ts';
import { findActiveSession, noteChapter, type Pair, type SessionRow } from '../db/sessions.ts';
import { step } from '../lib/steps.ts';
import type { Job } from '../queue/jobs.ts';
import { type AdvanceContext, ring, transition } from './advance.ts';
import { findWanted, joinWatches } from './join-watches.ts';
import { whoMayJoin } from './may-join.ts';

/** What is known of a broadcast when it is seen live. */
export type BroadcastFacts = {
  broadcastId?: string | undefined;
  title?: string | undefined;
  category?: string | undefined;
  startedAt?: Date | undefined;
  /** The Session this one goes on from (`SESSION_HOURS`, or recorded again after `/stop`). */
  continuesId?: number | undefined;
};

type Opened = { session: SessionRow; jobs: Job[] };

/**
 * Makes or finds the active Session of a live Stream, notes what it is called, and sees that every standing order has
 * its Rendition and Deliveries; a Watch made later joins from the next Segment. Orders that pair the Stream with another
 * one have a Session of their own. Safe to call twice, by any number of processes at once.
 *
 * @returns the Session's id; undefined where nobody wants it, or this very broadcast was recorded and ended already.
 */
export async function openSession(
  ctx: AdvanceContext,
  streamId: number,
  facts: BroadcastFacts = {},
): Promise<number | undefined> {
  const opened = await ctx.db.transaction(async (tx) => {
    const all: Opened[] = [];
    for (const pair of await findPairs(tx, streamId, facts.continuesId)) {
      const one = await openOne(tx, pair, { streamId, facts });
      if (one) all.push(one);
    }
    return all;
  });
  if (opened.length > 0) step('session.opened');
  for (const { session, jobs } of opened) await ring(ctx, 'sessions', session.id, jobs);
  return opened[0]?.session.id;
}

/** The Stream by itself, and each pair it is in; only what the Session before was of where one goes on. */
export async function findPairs(tx: Queryable, streamId: number, continuesId?: number): Promise<Pair[]> {
  if (continuesId !== undefined) {
    const [before] = await tx.select().from(sessions).where(eq(sessions.id, continuesId));
    return [{ streamId: before?.streamId ?? streamId, crossId: before?.crossId ?? null }];
  }
  const rows = await tx
    .selectDistinct({ streamId: watches.streamId, crossId: watches.crossId })
    .from(watches)
    .where(and(isNull(watches.endedAt), or(eq(watches.streamId, streamId), eq(watches.crossId, streamId))));
  const active = await tx
    .select({ streamId: sessions.streamId, crossId: sessions.crossId })
    .from(sessions)
    .where(
      and(
        inArray(sessions.state, activeSessionStates),
        or(eq(sessions.streamId, streamId), eq(sessions.crossId, streamId)),
      ),
    );
  const pairs = [...rows, ...active].filter((pair) => pair.crossId !== null);
  const unique = new Map(pairs.map((pair) => [`${pair.streamId} ${pair.crossId}`, pair]));
  return [{ streamId, crossId: null }, ...unique.values()];
}

type Seen = { streamId: number; facts: BroadcastFacts };

async function openOne(tx: Queryable, pair: Pair, { streamId, facts }: Seen): Promise<Opened | undefined> {
  const active = await lockActive(tx, pair);
  const wanted = await findWanted(tx, pair);
  const { broadcastId, continuesId } = facts;
  const called = active ? facts : await calledNow(tx, facts);
  const found = { liveId: streamId, called, broadcastId, continuesId };
  if (!active && (await whoMayJoin(tx, wanted, found)).length === 0) return undefined;
  const session = active ?? (await insertSession(tx, pair, { streamId, facts }));
  if (!session) return undefined;
  const waited = session.state === 'waiting' ? await goLive(tx, session, { streamId, facts }) : [];
  // Of two that are live it is called what the one is called that it is captured from.
  const isSource = streamId === (session.sourceId ?? session.streamId) || session.state === 'waiting';
  if (isSource) await noteChapter(tx, session.id, facts);
  const { title = session.title, category = session.category } = isSource ? facts : {};
  const seen = { ...found, called: { title, category }, continuesId: session.continuesId, session };
  return { session, jobs: [...waited, ...(await joinWatches(tx, wanted, seen))] };
}

/** It stays active until this transaction ends: no window is opened in a Session that is over by then. */
async function lockActive(tx: Queryable, pair: Pair): Promise<SessionRow | undefined> {
  const found = await findActiveSession(tx, pair);
  if (!found) return undefined;
  await lockSessions(tx, [found.id]);
  const now = await findActiveSession(tx, pair);
  return now?.id === found.id ? now : undefined;
}

/** What goes on in the next Session is called as it was, where nobody says otherwise. */
async function calledNow(tx: Queryable, { title, category, continuesId }: BroadcastFacts): Promise<Called> {
  if (continuesId === undefined) return { title, category };
  const [before] = await tx.select().from(sessions).where(eq(sessions.id, continuesId));
  return { title: title ?? before?.title, category: category ?? before?.category };
}

/** What was waited for is live. @returns the captures that may begin */
async function goLive(tx: Queryable, session: SessionRow, { streamId, facts }: Seen): Promise<Job[]> {
  const sourceId = streamId === session.streamId ? null : streamId;
  const at = facts.startedAt ?? sql`now()`;
  // Another Session may be of this very broadcast already: then this one goes without its id.
  const isTaken = sql`exists (select 1 from sessions s where s.stream_id = ${session.streamId} and s.id <> ${session.id}
    and coalesce(s.cross_id, 0) = ${session.crossId ?? 0} and s.broadcast_id = ${facts.broadcastId ?? null}::text)`;
  const broadcastId = sql`case when ${isTaken} then null else coalesce(${facts.broadcastId ?? null}::text, ${sessions.broadcastId}) end`;
  const patch = { startedAt: at, detectedAt: sql`now()`, sourceId, broadcastId };
  await transition(tx, 'sessions', session.id, 'wentLive', patch);
  const rows = await tx
    .select({ id: renditions.id })
    .from(renditions)
    .where(and(eq(renditions.sessionId, session.id), isNull(renditions.endedAt)));
  return rows.map(({ id }): Job => ({ name: 'capture', data: { renditionId: id } }));
}

async function insertSession(tx: Queryable, pair: Pair, { streamId, facts }: Seen): Promise<SessionRow | undefined> {
  const [before] = facts.continuesId ? await tx.select().from(sessions).where(eq(sessions.id, facts.continuesId)) : [];
  // What goes on at SESSION_HOURS is the same broadcast, and called as it was.
  const broadcastId = facts.broadcastId ?? before?.broadcastId;
  const title = facts.title ?? before?.title;
  const category = facts.category ?? before?.category;
  const sourceId = before?.sourceId ?? (streamId === pair.streamId ? null : streamId);
  const [row] = await tx
    .insert(sessions)
    .values({ ...facts, ...pair, broadcastId, title, category, sourceId, state: 'starting', detectedAt: sql`now()` })
    .onConflictDoNothing()
    .returning();
  if (!row) return (await lockActive(tx, pair)) ?? goOn(tx, pair, { streamId, facts });
  await tx.insert(events).values({ kind: 'session.starting', subject: 'session', subjectId: row.id });
  return row;
}

/** This very broadcast has a Session that is over; where that did not say that the broadcast is, the next goes on. */
async function goOn(tx: Queryable, pair: Pair, seen: Seen): Promise<SessionRow | undefined> {
  const { broadcastId, continuesId } = seen.facts;
  if (broadcastId === undefined || continuesId !== undefined) return undefined;
  const [same] = await tx
    .select()
    .from(sessions)
    .where(and(isPair(pair), eq(sessions.broadcastId, broadcastId)))
    .orderBy(desc(sessions.id))
    .limit(1);
  if (!same || !canGoOn(same, new Date())) return undefined;
  return insertSession(tx, pair, { ...seen, facts: { ...seen.facts, continuesId: same.id } });
}

const isPair = ({ streamId, crossId }: Pair) =>
  and(eq(sessions.streamId, streamId), crossId === null ? isNull(sessions.crossId) : eq(sessions.crossId, crossId));

/** The latest Session of a Stream by itself, or of a pair of Streams, ended or not. */
export async function findLatestSession(
  db: Queryable,
  streamId: number,
  crossId: number | null = null,
): Promise<SessionRow | undefined> {
  const [row] = await db
    .select()
    .from(sessions)
    .where(isPair({ streamId, crossId }))
    .orderBy(desc(sessions.id))
    .limit(1);
  return row;
}
