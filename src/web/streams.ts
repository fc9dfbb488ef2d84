import { sql } from 'drizzle-orm';
import { streamName } from '../core/card.ts';
import { checkLines } from '../core/check-lines.ts';
import { shortId } from '../core/model.ts';
import { findChecks } from '../db/checks.ts';
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
  all: string;
};

/** What is watched, those whose state changed last first, at most 200, and how many there are. */
export async function findStreamViews(db: Database): Promise<{ streams: StreamView[]; totalCount: number }> {
  const rows = await db.execute<Raw>(sql`
    with watched as (
      select stream_id, string_agg(id::text, ' ' order by id) as orders from watches where ended_at is null group by stream_id)
    select s.id, s.platform, s.channel, s.url, s.title, w.orders, count(*) over () as "all"
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
      ...{ lines: checkLines('en', checks), orders: row.orders.split(' ').map((id) => `${shortId.watch}${id}`) },
    };
  });
  return { streams, totalCount: Number(rows[0]?.all ?? 0) };
}
