import { asc, eq, inArray } from 'drizzle-orm';
import type { Queryable } from './client.ts';
import { renditions, sessions } from './schema.ts';

/**
 * Locks Sessions until the transaction ends. Whoever opens or closes windows locks the Session first and its Renditions
 * after it, so that no two wait for each other.
 */
export async function lockSessions(tx: Queryable, ids: number[]): Promise<void> {
  await tx.select().from(sessions).where(inArray(sessions.id, ids)).orderBy(asc(sessions.id)).for('update');
}

/** Locks the Session of a Rendition, then the Rendition. */
export async function lockRendition(tx: Queryable, renditionId: number): Promise<void> {
  const [row] = await tx.select().from(renditions).where(eq(renditions.id, renditionId));
  if (!row) return;
  await lockSessions(tx, [row.sessionId]);
  await tx.select().from(renditions).where(eq(renditions.id, renditionId)).for('update');
}
