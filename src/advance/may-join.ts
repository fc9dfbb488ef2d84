import { and, eq, gt, inArray } from 'drizzle-orm';
import { mayReopen } from '../core/delivery.ts';
import { type Called, closesFor, refusalOf } from '../core/rules.ts';
import { changedOver, stoppedReasons } from '../core/session.ts';
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
  /** The Session that this one goes on from. */
  continuesId?: number | null | undefined;
};

/**
 * Those of the orders whose rules let them record this broadcast now, and for whom nobody ended it by hand: that counts
 * until the Stream was seen offline, the platform told another broadcast, or it was ordered anew.
 */
export async function whoMayJoin(tx: Queryable, wanted: Wanted[], seen: SeenLive): Promise<Wanted[]> {
  const last = await findLastWindows(
    tx,
    wanted.map(({ watch }) => watch.id),
  );
  const joining: Wanted[] = [];
  for (const each of wanted) {
    const window = last.get(each.watch.id)?.find(({ targetId }) => targetId === each.targetId);
    if (!mayRecordNow(each, { window, seen })) continue;
    if (!window || (await isOpenTo(tx, each, { window, seen }))) joining.push(each);
  }
  return joining;
}

/** What goes on from the Session before needs not begin: it asks only what would close it. */
function mayRecordNow(
  { watch }: Wanted,
  { window, seen }: { window: LastWindow | undefined; seen: SeenLive },
): boolean {
  const goesOn = window?.closeReason === changedOver && window.sessionId === seen.continuesId;
  const refusal = goesOn ? closesFor : refusalOf;
  return refusal(watch.rules, seen.called, new Date()) === undefined;
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
