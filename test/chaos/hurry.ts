import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type { Database } from '../../src/db/client.ts';

/**
 * Lets waits of the product that only time ends pass faster, in its rows, until the signal: its own rates (20 messages a
 * minute into a group; not with `hasRates`) and its growing pauses. What a chat told to wait is waited for.
 */
export async function hurry(db: Database, signal: AbortSignal, { hasRates = false } = {}): Promise<void> {
  while (!signal.aborted) {
    try {
      if (!hasRates) await db.execute(sql`update gates set taken_at = '{}' where cardinality(taken_at) > 5`);
      // A card is edited every 15 s at most: a whole run is shorter.
      await db.execute(sql`update posts set edited_at = edited_at - interval '14 seconds'
        where kind = 'card' and edited_at > now() - interval '13 seconds'`);
      const soon = sql`now() + interval '500 milliseconds'`;
      for (const table of ['posts', 'uploads'])
        await db.execute(sql`update ${sql.identifier(table)} set next_attempt_at = ${soon}
          where next_attempt_at > ${soon} and coalesce(error, '') not like 'chat_busy%'`);
    } catch {
      // Postgres is away: part of the run.
    }
    await delay(250, undefined, { signal }).catch(() => undefined);
  }
}

/** Whoever listened to Telegram is dead: its lease, of a fixed length, is over now. */
export async function endListening(db: Database): Promise<void> {
  await db.execute(sql`update leases set until = now() where what like 'listen:%'`).catch(() => undefined);
}
