import { and, eq, gt, inArray } from 'drizzle-orm';
import { mayReopen } from '../core/delivery.ts';
import { type Called, mayRecord } from '../core/rules.ts';
import { stoppedReasons } from '../core/session.ts';
import type { Queryable } from '../db/client.ts';
import { findLastWindows, type LastWindow } from '../db/ruled-watches.ts';
import { checks } from '../db/schema.ts';
import type { SessionRow } from '../db/sessions.ts';
import type { Wanted } from './join-watches.ts';

/** A broadcast that is seen live: on which Stream, what it is called, in which Session (absent: none stands yet). */
export type SeenLive = {
  liveId: number;
  called: Called;
  broadcastId?: string | undefined;
  session?: Pick<SessionRow, 'id'> | undefined;
};

/**
 * Those of the orders whose rules let them record this broadcast now, and for whom nobody ended it by hand: that counts
 * until the Stream was seen offline, the platform told another broadcast, or it was ordered anew.
 */
export async function whoMayJoin(tx: Queryable, wanted: Wanted[], seen: SeenLive): Promise<Wanted[]> {
  const now = new Date();
  const allowed = wanted.filter(({ watch }) => mayRecord(watch, seen.called, now));
  if (allowed.length === 0) return [];
  const last = await findLastWindows(
    tx,
    allowed.map(({ watch }) => watch.id),
  );
  const joining: Wanted[] = [];
  for (const each of allowed) {
    const window = last.get(each.watch.id)?.find(({ targetId }) => targetId === each.targetId);
    if (!window || (await isOpenTo(tx, each, { window, seen }))) joining.push(each);
  }
  return joining;
}

async function isOpenTo(
  tx: Queryable,
  { watch }: Wanted,
  { window, seen }: { window: LastWindow; seen: SeenLive },
): Promise<boolean> {
  const isSameSession = window.sessionId === seen.session?.id;
  const isAnew = window.closedAt !== null && watch.createdAt > window.closedAt;
  if (isSameSession) return mayReopen(window, isAnew);
  if (!stoppedReasons.includes(window.closeReason ?? '') || isAnew || window.closedAt === null) return true;
  const isOther = seen.broadcastId && window.broadcastId && seen.broadcastId !== window.broadcastId;
  return isOther ? true : wasOffline(tx, seen.liveId, window.closedAt);
}

async function wasOffline(tx: Queryable, streamId: number, since: Date): Promise<boolean> {
  const [row] = await tx
    .select({ id: checks.id })
    .from(checks)
    .where(and(eq(checks.streamId, streamId), inArray(checks.state, ['offline', 'ended']), gt(checks.lastAt, since)))
    .limit(1);
  return row !== undefined;
}
