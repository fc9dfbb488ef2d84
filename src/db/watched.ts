import { type SQL, sql } from 'drizzle-orm';
import type { StreamRef } from '../core/ports.ts';
import type { Queryable } from './client.ts';
import { shardCount } from './shards.ts';

/** A Stream that somebody watches, with what its standing orders ask of the monitor. */
export type WatchedRow = {
  stream: StreamRef;
  /** As last seen, live or not. */
  title: string | null;
  category: string | null;
  /** Changes with any order on it, and with who orders. */
  orders: string;
  /** An order has no open window: it may get one without anything new of the Stream (a schedule, a pause that ends). */
  isUnsettled: boolean;
  /** An order wants to be told of what it announces while it is offline. */
  hasWaiting: boolean;
  /** An order pairs it with another Stream. */
  isPaired: boolean;
  /** It is a server, and an order is on its streams. */
  isServer: boolean;
};

/** The watched Streams of some shards. */
export const findWatchedIn = (db: Queryable, shards: Iterable<number>): Promise<WatchedRow[]> =>
  find(db, sql`s.id % ${shardCount} in ${numbers(shards)}`);

/** One watched Stream; undefined where nobody watches it. */
export const findWatchedStream = async (db: Queryable, streamId: number): Promise<WatchedRow | undefined> =>
  (await find(db, sql`s.id = ${streamId}`))[0];

const numbers = (list: Iterable<number>) =>
  sql`(select jsonb_array_elements_text(${JSON.stringify([...list])}::text::jsonb)::bigint)`;

type Raw = { id: string; platform: string; channel: string; url: string; platformId: string | null } & Pick<
  WatchedRow,
  'title' | 'category' | 'orders' | 'isUnsettled' | 'hasWaiting' | 'isPaired' | 'isServer'
>;

/** Orders stand on their Stream and on the one it is paired with. */
async function find(db: Queryable, which: SQL): Promise<WatchedRow[]> {
  const rows = await db.execute<Raw>(sql`
    with orders as (
      select o.stream_id, w.id, w.mode, w.rules, w.created_at, w.cross_id from watches w
      cross join lateral (values (w.stream_id), (w.cross_id)) o(stream_id)
      where w.ended_at is null and w.paused_at is null and o.stream_id is not null)
    select s.id, s.platform, s.channel, s.url, s.platform_id as "platformId", s.title, s.category,
      md5(string_agg(concat_ws(' ', o.id, o.mode, o.rules, o.created_at), ',' order by o.id)) as orders,
      bool_or(o.mode = 'record' and not exists (
        select from deliveries d where d.watch_id = o.id and d.closed_at is null)) as "isUnsettled",
      coalesce(bool_or((o.rules->'waiting')::text = 'true'), false) as "hasWaiting",
      bool_or(o.cross_id is not null) as "isPaired", bool_or(o.rules ? 'auto') as "isServer"
    from orders o join streams s on s.id = o.stream_id where ${which} group by s.id`);
  return rows.map(({ id, platform, channel, url, platformId, ...rest }) => ({
    ...rest,
    stream: { id: Number(id), platform, channel, url, ...(platformId === null ? {} : { platformId }) },
  }));
}
