import { eq, sql } from 'drizzle-orm';
import type { Detection } from '../core/check-lines.ts';
import { type Queryable, toDate } from './client.ts';
import { renditions, segments, sessions } from './schema.ts';

/**
 * How long after its beginning a broadcast was seen, and how long after that its first Segment was kept; undefined while
 * it is only announced. Where the platform does not tell the beginning, that is unknown.
 */
export async function findDetection(db: Queryable, sessionId: number): Promise<Detection | undefined> {
  const [session] = await db.select().from(sessions).where(eq(sessions.id, sessionId));
  if (!session?.detectedAt) return undefined;
  const [first] = await db
    .select({ keptAt: sql<string | null>`min(${segments.keptAt})` })
    .from(segments)
    .innerJoin(renditions, eq(renditions.id, segments.renditionId))
    .where(eq(renditions.sessionId, sessionId));
  const seenAt = session.detectedAt.getTime();
  const beganAt = session.startedAt.getTime();
  return {
    // Without a platform's word the row begins with the very moment it was seen.
    ...(seenAt > beganAt ? { seenAfterMs: seenAt - beganAt } : {}),
    ...(first?.keptAt ? { keptAfterMs: Math.max(0, toDate(first.keptAt).getTime() - seenAt) } : {}),
  };
}
