import { sql } from 'drizzle-orm';
import type { OutgoingPost } from '../../core/ports.ts';
import type { Queryable } from '../../db/client.ts';
import { clockSlackMs } from './probe.ts';

/**
 * Message ids in a chat that are other Posts of ours, posted since the intent of this one: two Deliveries may send the
 * same files to one chat, and neither may take the other's for its own.
 */
export async function idsOfOthers(db: Queryable, post: OutgoingPost, chatId: string): Promise<Set<string>> {
  const since = new Date((post.intentAt?.getTime() ?? 0) - clockSlackMs).toISOString();
  const home = sql`case when p.kind = 'card' then w.chat_id else split_part(t.address, '/', 1) end`;
  const rows = await db.execute<{ id: string }>(sql`
    select m.id from posts p
      join deliveries d on d.id = p.delivery_id join targets t on t.id = d.target_id join watches w on w.id = d.watch_id
      cross join lateral jsonb_array_elements_text(p.posted->'messageIds') as m(id)
    where p.id <> ${post.id} and p.posted_at >= ${since}::timestamptz
      and case when p.kind = 'card' then w.chat_kind else t.kind end = 'telegram'
      and coalesce(p.posted->>'chatId', ${home}) = ${chatId}`);
  return new Set(rows.map(({ id }) => id));
}
