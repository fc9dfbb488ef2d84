import { setTimeout as delay } from 'node:timers/promises';
import { and, desc, eq, exists, gt, inArray, isNull, sql } from 'drizzle-orm';
import { findLatestSession, openSession } from '../advance.ts';
import type { App } from '../app.ts';
import { errorText } from '../core/errors.ts';
import type { Platform, StreamRef, StreamStatus } from '../core/ports.ts';
import { claimLease } from '../db/leases.ts';
import { checks, events, streams, watches } from '../db/schema.ts';
import { findActiveSession } from '../db/sessions.ts';
import { toStreamRef } from '../db/watches.ts';
import { monitorOf } from './owner.ts';

/** How long between two looks at the same Stream. */
const pollMs = 10_000;
const checkLimitMs = 60_000;

/**
 * Watches one Platform: asks for all its Streams at once, writes the checks down and opens Sessions. A failure of the
 * Platform or of one Stream is told and the next round goes on.
 */
export async function pollUntil(app: App, platform: Platform, signal: AbortSignal): Promise<void> {
  let wake = () => {};
  let isFailing = false;
  const unhear = app.bus.hear('streams', () => wake());
  try {
    while (!signal.aborted) {
      const woken = new AbortController();
      wake = () => woken.abort();
      try {
        if (await pollOnce(app, platform, signal)) isFailing = false;
      } catch (error) {
        if (!signal.aborted) await tellFailed(app, platform, { error, isNew: !isFailing });
        isFailing = true;
      }
      await delay(pollMs, undefined, { signal: AbortSignal.any([signal, woken.signal]) }).catch(() => undefined);
    }
  } finally {
    unhear();
  }
}

/** One alert per outage; the log has each round. */
async function tellFailed(app: App, platform: Platform, { error, isNew }: { error: unknown; isNew: boolean }) {
  app.log.error({ err: error, platform: platform.name }, 'poll failed; the next round goes on');
  if (!isNew) return;
  const data = { platform: platform.name, error: errorText(error) };
  await app.db
    .insert(events)
    .values({ kind: 'monitor.failed', subject: 'monitor', subjectId: 0, data })
    .catch((err: unknown) => app.log.debug({ err }, 'the alert was not written'));
}

/** One round. Only the monitor that holds the Platform's lease asks. @returns whether it asked */
export async function pollOnce(app: App, platform: Platform, signal: AbortSignal): Promise<boolean> {
  const refs = await findWatched(app, platform.name);
  if (refs.length === 0) return false;
  const lease = await claimLease(app.db, `poll:${platform.name}`, monitorOf(app), 1);
  if (!lease) return false;
  const statuses = await platform.check(refs, AbortSignal.any([signal, AbortSignal.timeout(checkLimitMs)]));
  for (const status of statuses) {
    try {
      await noteCheck(app, status);
      if (status.state === 'live' && (await mayOpen(app, status)))
        await openSession(app, status.streamId, factsOf(status));
    } catch (err) {
      app.log.error({ err, stream: status.streamId }, 'a look at a stream could not be used');
    }
  }
  return true;
}

/** Streams with a standing order that are not being captured for it already. */
async function findWatched(app: App, platform: string): Promise<StreamRef[]> {
  const ordered = app.db
    .select({ one: sql`1` })
    .from(watches)
    .where(and(eq(watches.streamId, streams.id), isNull(watches.endedAt), isNull(watches.pausedAt)));
  const rows = await app.db
    .select()
    .from(streams)
    .where(and(eq(streams.platform, platform), exists(ordered)));
  return rows.map(toStreamRef);
}

const factsOf = ({ broadcastId, title, category, startedAt }: StreamStatus) => ({
  broadcastId,
  title,
  category,
  startedAt,
});

/** A broadcast that was stopped by hand is not recorded again until it was seen offline or was ordered anew. */
async function mayOpen(app: App, status: StreamStatus): Promise<boolean> {
  if (await findActiveSession(app.db, { streamId: status.streamId, crossId: null })) return true;
  const last = await findLatestSession(app.db, status.streamId);
  if (!last?.endedAt || !['stopped', 'cancelled', 'for_over'].includes(last.endReason ?? '')) return true;
  const since = last.endedAt;
  const [offline] = await app.db
    .select({ id: checks.id })
    .from(checks)
    .where(
      and(eq(checks.streamId, status.streamId), inArray(checks.state, ['offline', 'ended']), gt(checks.lastAt, since)),
    )
    .limit(1);
  if (offline) return true;
  const [ordered] = await app.db
    .select({ id: watches.id })
    .from(watches)
    .where(and(eq(watches.streamId, status.streamId), isNull(watches.endedAt), gt(watches.createdAt, since)))
    .limit(1);
  return ordered !== undefined;
}

/** Run-length: an equal answer only raises the count of the last row. */
async function noteCheck(app: App, { streamId, state, reason }: StreamStatus): Promise<void> {
  const [last] = await app.db
    .select()
    .from(checks)
    .where(eq(checks.streamId, streamId))
    .orderBy(desc(checks.id))
    .limit(1);
  if (last && last.state === state && last.reason === (reason ?? null)) {
    await app.db
      .update(checks)
      .set({ count: sql`${checks.count} + 1`, lastAt: sql`now()` })
      .where(eq(checks.id, last.id));
    return;
  }
  await app.db.insert(checks).values({ streamId, state, reason });
}
