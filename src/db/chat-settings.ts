import { and, eq, isNull, sql } from 'drizzle-orm';
import type { ChatAddress } from '../core/model.ts';
import type { Database, Queryable } from './client.ts';
import { chatSettings, watches } from './schema.ts';

/** The time zone that times of this chat are meant in: an IANA name, `UTC` where nobody set one. */
export async function findTimeZone(db: Queryable, { kind, chatId }: ChatAddress): Promise<string> {
  const [row] = await db
    .select({ timeZone: chatSettings.timeZone })
    .from(chatSettings)
    .where(and(eq(chatSettings.chatKind, kind), eq(chatSettings.chatId, chatId)));
  return row?.timeZone ?? 'UTC';
}

/**
 * Sets the time zone of a chat. Its standing orders follow: what was to begin at 20:00 begins at 20:00 there. @returns
 * ids of those that have a schedule
 */
export async function setTimeZone(db: Database, { kind, chatId }: ChatAddress, timeZone: string): Promise<number[]> {
  return db.transaction(async (tx) => {
    await tx
      .insert(chatSettings)
      .values({ chatKind: kind, chatId, timeZone })
      .onConflictDoUpdate({
        target: [chatSettings.chatKind, chatSettings.chatId],
        set: { timeZone, changedAt: sql`now()` },
      });
    const rows = await tx
      .update(watches)
      .set({ rules: sql`${watches.rules} || jsonb_build_object('timeZone', ${timeZone}::text)` })
      .where(
        and(
          eq(watches.chatKind, kind),
          eq(watches.chatId, chatId),
          isNull(watches.endedAt),
          sql`${watches.rules} ? 'schedule'`,
        ),
      )
      .returning({ id: watches.id, parentId: watches.parentId });
    return rows.flatMap(({ id, parentId }) => (parentId === null ? [id] : []));
  });
}
