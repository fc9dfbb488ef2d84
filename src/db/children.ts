import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import { readNames } from '../core/names.ts';
import type { ListedStream } from '../core/ports.ts';
import { mostChildren } from '../core/server-lines.ts';
import type { Database, Queryable } from './client.ts';
import { streams, watches, watchTargets } from './schema.ts';
import { upsertStream, type WatchRow } from './watches.ts';

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
    const upsert = async (each: ListedStream) => (await upsertStream(tx, { ...each, platform: parent.platform })).id;
    // One that stands may be had from another address now.
    const moved = wanted.filter(({ channel, url }) => left.has(channel) && left.get(channel) !== url);
    for (const each of moved) await upsert(each);
    const fresh = wanted.filter(({ channel }) => !left.has(channel));
    const room = Math.max(0, mostChildren - left.size);
    const streamIds: number[] = [];
    for (const each of fresh.slice(0, room)) streamIds.push(await upsert(each));
    for (const id of streamIds) await insertChild(tx, parent.watch, id);
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
  for (const id of ids) await copyTargets(tx, parent.id, id);
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

async function insertChild(tx: Queryable, parent: WatchRow, streamId: number): Promise<void> {
  const { chatKind, chatId, createdBy, quality, id: parentId } = parent;
  const values = { ...inherited(parent), chatKind, chatId, createdBy, quality, parentId, streamId };
  const [row] = await tx.insert(watches).values(values).onConflictDoNothing().returning({ id: watches.id });
  if (row) await copyTargets(tx, parentId, row.id);
}

const copyTargets = (tx: Queryable, fromId: number, toId: number) =>
  tx.execute(sql`
    insert into watch_targets (watch_id, target_id, position)
    select ${toId}, target_id, position from watch_targets where watch_id = ${fromId} on conflict do nothing`);
