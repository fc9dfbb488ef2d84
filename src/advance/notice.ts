import { and, eq, inArray, sql } from 'drizzle-orm';
import { noticedReason } from '../core/delivery.ts';
import type { Queryable } from '../db/client.ts';
import { deliveries, renditions, sessions } from '../db/schema.ts';
import type { SessionRow } from '../db/sessions.ts';
import type { Job } from '../queue/jobs.ts';
import { type AdvanceContext, advance } from './advance.ts';
import type { Wanted } from './join-watches.ts';

/** A broadcast goes on in the next Session at most so often before it counts as a new one. */
const longestChain = 100;

/**
 * `mode=notify`: a Delivery that holds nothing but its notice. Its window is closed from the beginning, and its
 * Rendition is never captured; one for each broadcast, into however many Sessions that falls.
 */
export async function noticeLive(tx: Queryable, session: SessionRow, { watch, targetId }: Wanted): Promise<Job[]> {
  const renditionId = await upsertNoticed(tx, session.id);
  if (await isNoticed(tx, session, { watchId: watch.id, targetId })) return [];
  const closed = { closedAt: sql`now()`, closeReason: noticedReason, toSequence: -1 };
  await tx.insert(deliveries).values({ watchId: watch.id, targetId, sessionId: session.id, renditionId, ...closed });
  return [{ name: 'plan', data: { renditionId } }];
}

/** Its row is locked: of two that look at once one gives the notice. */
async function upsertNoticed(tx: Queryable, sessionId: number): Promise<number> {
  const over = { endedAt: sql`now()`, keptAt: sql`now()`, endReason: noticedReason };
  await tx
    .insert(renditions)
    .values({ sessionId, name: 'notice', kind: 'noticed', ...over })
    .onConflictDoNothing();
  const [row] = await tx
    .select({ id: renditions.id })
    .from(renditions)
    .where(and(eq(renditions.sessionId, sessionId), eq(renditions.kind, 'noticed')))
    .for('update');
  if (!row) throw new Error('rendition vanished');
  return row.id;
}

async function isNoticed(
  tx: Queryable,
  session: SessionRow,
  { watchId, targetId }: { watchId: number; targetId: number },
): Promise<boolean> {
  const chain = await sessionsOfBroadcast(tx, session);
  const [row] = await tx
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.watchId, watchId),
        eq(deliveries.targetId, targetId),
        inArray(deliveries.sessionId, chain),
        eq(deliveries.closeReason, noticedReason),
      ),
    )
    .limit(1);
  return row !== undefined;
}

/** The Session and those it goes on from. */
async function sessionsOfBroadcast(tx: Queryable, session: SessionRow): Promise<number[]> {
  const chain = [session.id];
  for (let id = session.continuesId; id !== null && chain.length < longestChain; ) {
    chain.push(id);
    const [before] = await tx.select({ id: sessions.continuesId }).from(sessions).where(eq(sessions.id, id));
    id = before?.id ?? null;
  }
  return chain;
}

/**
 * Ends Sessions that nobody records, once their broadcast has not been seen for a whole grace or nobody wants to hear of
 * it any more: what is live after that is another broadcast.
 */
export async function endNoticed(ctx: AdvanceContext, graceSeconds: number): Promise<void> {
  const rows = await ctx.db.execute<{ id: string }>(sql`
    select s.id from sessions s where s.state = 'starting'
      and exists (select 1 from renditions r where r.session_id = s.id and r.kind = 'noticed')
      and not exists (select 1 from renditions r where r.session_id = s.id and r.kind = 'captured')
      and (not exists (select 1 from watches w where w.ended_at is null and s.stream_id = w.stream_id)
        or (select c.state in ('offline', 'ended') and c.at < now() - make_interval(secs => ${graceSeconds})
          from checks c where c.stream_id = coalesce(s.source_id, s.stream_id) order by c.id desc limit 1))`);
  for (const { id } of rows)
    await advance(ctx, 'sessions', Number(id), 'noticeOver', { endedAt: sql`now()`, endReason: noticedReason });
}
