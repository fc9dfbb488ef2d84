import { and, desc, eq, gt, inArray, isNull, sql } from 'drizzle-orm';
import { stoppedReasons } from '../core/session.ts';
import type { Queryable } from '../db/client.ts';
import { checks, sessions, watches } from '../db/schema.ts';
import type { Pair } from '../db/sessions.ts';

/**
 * Whether the last Session of a pair of Streams was ended by hand, and since then the Stream that is live now was
 * neither seen offline nor the pair ordered anew: then it is not recorded again.
 */
export async function wasStopped(tx: Queryable, { streamId, crossId }: Pair, liveId: number): Promise<boolean> {
  const isCross = sql`coalesce(${sessions.crossId}, 0) = ${crossId ?? 0}`;
  const [last] = await tx
    .select()
    .from(sessions)
    .where(and(eq(sessions.streamId, streamId), isCross))
    .orderBy(desc(sessions.id))
    .limit(1);
  if (!last?.endedAt || !stoppedReasons.includes(last.endReason ?? '')) return false;
  const [offline] = await tx
    .select({ id: checks.id })
    .from(checks)
    .where(
      and(
        eq(checks.streamId, liveId),
        inArray(checks.state, ['offline', 'ended', 'scheduled']),
        gt(checks.lastAt, last.endedAt),
      ),
    )
    .limit(1);
  if (offline) return false;
  const [ordered] = await tx
    .select({ id: watches.id })
    .from(watches)
    .where(
      and(
        eq(watches.streamId, streamId),
        sql`coalesce(${watches.crossId}, 0) = ${crossId ?? 0}`,
        isNull(watches.endedAt),
        gt(watches.createdAt, last.endedAt),
      ),
    )
    .limit(1);
  return ordered === undefined;
}
