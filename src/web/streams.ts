import { sql } from 'drizzle-orm';
import { streamName } from '../core/card.ts';
import { checkLines } from '../core/check-lines.ts';
import { shortId } from '../core/model.ts';
import { serverLines } from '../core/server-lines.ts';
import { type CheckRow, findChecks } from '../db/checks.ts';
import type { Database } from '../db/client.ts';
import type { StreamView } from './pages/streams.tsx';

/** More would be no page but a list for machines. */
const mostStreams = 200;

type Raw = {
  id: string;
  platform: string;
  channel: string;
  url: string;
  title: string | null;
  orders: string;
  /** The names that orders on a server ask for, and how many streams are watched for each. */
  servers: { auto: string; childCount: number }[] | null;
  all: string;
};

/** What is watched, those whose state changed last first, at most 200, and how many there are. */
export async function findStreamViews(db: Database): Promise<{ streams: StreamView[]; totalCount: number }> {
  const rows = await db.execute<Raw>(sql`
    with watched as (
      select o.stream_id, string_agg(coalesce(o.parent_id, o.id)::text, ' ' order by coalesce(o.parent_id, o.id)) as orders,
        jsonb_agg(jsonb_build_object('auto', o.rules->>'auto', 'childCount',
          (select count(*) from watches c where c.parent_id = o.id and c.ended_at is null)) order by o.id)
          filter (where o.rules ? 'auto') as servers
      from watches o where o.ended_at is null group by o.stream_id)
    select s.id, s.platform, s.channel, s.url, s.title, w.orders, w.servers, count(*) over () as "all"
    from watched w join streams s on s.id = w.stream_id
    order by (select max(at) from checks c where c.stream_id = s.id) desc nulls first, s.id desc limit ${mostStreams}`);
  const looks = await findChecks(
    db,
    rows.map(({ id }) => Number(id)),
  );
  const streams = rows.map((row): StreamView => {
    const checks = looks.get(Number(row.id)) ?? [];
    return {
      ...{ name: streamName(row), platform: row.platform, title: row.title },
      ...{ lines: linesOf(row, checks), orders: row.orders.split(' ').map((id) => `${shortId.watch}${id}`) },
    };
  });
  return { streams, totalCount: Number(rows[0]?.all ?? 0) };
}

/** A server is not recorded itself: it shows which of its streams are watched. */
const linesOf = ({ servers }: Raw, looks: CheckRow[]): string[] =>
  servers === null ? checkLines('en', looks) : servers.flatMap((server) => serverLines('en', { ...server, looks }));
