import { and, eq, gt, sql } from 'drizzle-orm';
import type { ChatAddress, Role } from '../core/model.ts';
import type { Database, Queryable } from './client.ts';
import { audit, grants } from './schema.ts';

/** The right a person was given in a chat. */
export async function findGrant(db: Queryable, chat: ChatAddress, userId: string): Promise<Role | undefined> {
  const [row] = await db
    .select()
    .from(grants)
    .where(and(eq(grants.chatKind, chat.kind), eq(grants.chatId, chat.chatId), eq(grants.userId, userId)));
  return row?.role;
}

/** Gives a person a right in a chat, in place of the one they had. */
export async function setGrant(
  db: Queryable,
  chat: ChatAddress,
  grant: { userId: string; role: Role; grantedBy: string },
): Promise<void> {
  await db
    .insert(grants)
    .values({ chatKind: chat.kind, chatId: chat.chatId, ...grant })
    .onConflictDoUpdate({
      target: [grants.chatKind, grants.chatId, grants.userId],
      set: { role: grant.role, grantedBy: grant.grantedBy },
    });
}

/** Takes a person's right in a chat away. */
export async function removeGrant(db: Queryable, chat: ChatAddress, userId: string): Promise<void> {
  await db
    .delete(grants)
    .where(and(eq(grants.chatKind, chat.kind), eq(grants.chatId, chat.chatId), eq(grants.userId, userId)));
}

/** Writes down who did what. */
export async function writeAudit(
  db: Queryable,
  chat: ChatAddress,
  entry: { userId: string; userName: string; action: string; detail?: Record<string, unknown> },
): Promise<void> {
  await db.insert(audit).values({ chatKind: chat.kind, chatId: chat.chatId, ...entry });
}

/**
 * Writes down that a stranger spoke, at most once an hour each, so that nobody makes the bot spam.
 *
 * @returns whether this one is to be answered
 */
export async function noteStranger(
  db: Database,
  chat: ChatAddress,
  user: { userId: string; userName: string },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const key = `stranger:${chat.kind}:${user.userId}`;
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`);
    const [last] = await tx
      .select({ id: audit.id })
      .from(audit)
      .where(
        and(
          eq(audit.chatKind, chat.kind),
          eq(audit.userId, user.userId),
          eq(audit.action, 'stranger'),
          gt(audit.at, sql`now() - interval '1 hour'`),
        ),
      )
      .limit(1);
    if (last) return false;
    await writeAudit(tx, chat, { ...user, action: 'stranger' });
    return true;
  });
}
