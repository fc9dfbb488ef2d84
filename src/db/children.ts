import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import { readNames } from '../core/names.ts';
import type { ListedStream } from '../core/ports.ts';
import { mostChildren } from '../core/server-lines.ts';
import type { Database, Queryable } from './client.ts';
import { streams, watches, watchTargets } from './schema.ts';
import type { WatchRow } from './watches.ts';

/** What was not live for so long, and is not now, is watched no more, so that names that come and go make room. */
const idleMinutes = 10;

/** Standing orders on the streams of a server. */
export async function findServerOrders(db: Queryable, streamId: number): Promise<WatchRow[]> {
  return db
    .select()
    .from(watches)
    .where(
      and(
        eq(watches.streamId, streamId),
        isNull(watches.endedAt),
        isNull(watches.pausedAt),
        sql`${watches.rules} ? 'auto'`,
      ),
    )
    .orderBy(watches.id);
}

/** The orders on single streams that stand for these orders on servers, by the order they were made for. */
export async function findChildren(db: Queryable, watchIds: number[]) {
  if (watchIds.length === 0) return [];
  return db
    .select({ watch: watches, stream: streams })
    .from(watches)
    .innerJoin(streams, eq(streams.id, watches.streamId))
    .where(and(inArray(watches.parentId, watchIds), isNull(watches.endedAt)))
    .orderBy(asc(streams.channel));
}

/** What came of a list: the names that are wanted, Streams that are watched from now on, and whether some are too many. */
export type Followed = { names: string[]; streamIds: number[]; isFull: boolean };

/**
 * Sees that each live stream of a server that an order wants has an order of its own, which goes by the same rules; ends
 * those that it wants no more. Safe to call twice, by any number of processes at once.
 *
 * @param listed what is live there; undefined where that is not known now
 */
export async function followListed(
  db: Database,
  watchId: number,
  listed: ListedStream[] | undefined,
): Promise<Followed> {
  return db.transaction(async (tx) => {
    const [parent] = await tx
      .select({ watch: watches, platform: streams.platform })
      .from(watches)
      .innerJoin(streams, eq(streams.id, watches.streamId))
      .where(and(eq(watches.id, watchId), isNull(watches.endedAt)))
      .for('update', { of: watches });
    const { auto } = parent?.watch.rules ?? {};
    if (!parent || auto === undefined) return { names: [], streamIds: [], isFull: false };
    const names = readNames(auto);
    const wanted = (listed ?? []).filter(({ platformId }) => names.test(platformId));
    await renewChildren(tx, parent.watch);
    const left = await endChildren(tx, parent.watch, { names, listed: listed && wanted });
    // One that stands may be had from another address now.
    const moved = wanted.filter(({ channel, url }) => left.has(channel) && left.get(channel) !== url);
    await upsertStreams(tx, parent.platform, moved);
    const fresh = wanted.filter(({ channel }) => !left.has(channel));
    const room = Math.max(0, mostChildren - left.size);
    const streamIds = await upsertStreams(tx, parent.platform, fresh.slice(0, room));
    await insertChildren(tx, parent.watch, streamIds);
    return { names: wanted.map(({ platformId }) => platformId), streamIds, isFull: fresh.length > room };
  });
}

/** An order that was given anew has other rules and Targets. */
async function renewChildren(tx: Queryable, parent: WatchRow): Promise<void> {
  const orderedAt = sql`(select created_at from watches where id = ${parent.id})`;
  const rows = await tx
    .update(watches)
    .set({ ...inherited(parent), createdAt: orderedAt })
    .where(and(eq(watches.parentId, parent.id), isNull(watches.endedAt), sql`${watches.createdAt} < ${orderedAt}`))
    .returning({ id: watches.id });
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return;
  await tx.delete(watchTargets).where(inArray(watchTargets.watchId, ids));
  await copyTargets(tx, parent.id, ids);
}

/** What an order on a stream has of the one on its server. */
function inherited({ rules, language, mode, threadId, pausedAt }: WatchRow) {
  const { auto: _, ...others } = rules;
  return { rules: others, language, mode, threadId, pausedAt };
}

type Wanted = { names: { test(name: string): boolean }; listed: ListedStream[] | undefined };

/** @returns the addresses of those that stand on, by channel */
async function endChildren(tx: Queryable, parent: WatchRow, { names, listed }: Wanted): Promise<Map<string, string>> {
  const children = await findChildren(tx, [parent.id]);
  const live = new Set(listed?.map(({ channel }) => channel));
  const idle = listed ? await findIdle(tx, parent.id) : new Set();
  const isOver = ({ watch, stream }: (typeof children)[number]) =>
    !names.test(stream.platformId ?? '') || (idle.has(watch.id) && !live.has(stream.channel));
  const ids = children.filter(isOver).map(({ watch }) => watch.id);
  if (ids.length > 0) await tx.update(watches).set({ endedAt: sql`now()` }).where(inArray(watches.id, ids));
  return new Map(children.filter((each) => !isOver(each)).map(({ stream }) => [stream.channel, stream.url]));
}

/** Those that record nothing and were neither seen live nor out of sight lately. */
async function findIdle(tx: Queryable, parentId: number): Promise<Set<number>> {
  const since = sql`now() - make_interval(mins => ${idleMinutes})`;
  const rows = await tx.execute<{ id: string }>(sql`
    select w.id from watches w where w.parent_id = ${parentId} and w.ended_at is null and w.created_at < ${since}
      and not exists (select from deliveries d where d.watch_id = w.id and d.closed_at is null)
      and not exists (select from checks c where c.stream_id = w.stream_id and c.state in ('live', 'unknown')
        and c.last_at > ${since})`);
  return new Set(rows.map(({ id }) => Number(id)));
}

async function upsertStreams(tx: Queryable, platform: string, listed: ListedStream[]): Promise<number[]> {
  if (listed.length === 0) return [];
  const rows = await tx
    .insert(streams)
    // In one order, whoever else does the same.
    .values(listed.map((each) => ({ ...each, platform })).toSorted((a, b) => (a.channel < b.channel ? -1 : 1)))
    .onConflictDoUpdate({ target: [streams.platform, streams.channel], set: { url: sql`excluded.url` } })
    .returning({ id: streams.id });
  return rows.map(({ id }) => id);
}

async function insertChildren(tx: Queryable, parent: WatchRow, streamIds: number[]): Promise<void> {
  if (streamIds.length === 0) return;
  const { chatKind, chatId, createdBy, quality, id: parentId } = parent;
  const common = { ...inherited(parent), chatKind, chatId, createdBy, quality, parentId };
  const rows = await tx
    .insert(watches)
    .values(streamIds.map((streamId) => ({ ...common, streamId })))
    .onConflictDoNothing()
    .returning({ id: watches.id });
  await copyTargets(
    tx,
    parentId,
    rows.map(({ id }) => id),
  );
}

async function copyTargets(tx: Queryable, fromId: number, toIds: number[]): Promise<void> {
  const targets = await tx.select().from(watchTargets).where(eq(watchTargets.watchId, fromId));
  const values = toIds.flatMap((watchId) => targets.map((target) => ({ ...target, watchId })));
  if (values.length > 0) await tx.insert(watchTargets).values(values).onConflictDoNothing();
}
