import { eq, sql } from 'drizzle-orm';
import { events, sessions } from '../db/schema.ts';
import { type AdvanceContext, ring } from './advance.ts';

/** A Session of a pair of Streams goes on at the other one (`streamId`). Nothing happens where it is there already. */
export async function moveSource(ctx: AdvanceContext, sessionId: number, streamId: number): Promise<void> {
  const isMoved = await ctx.db.transaction(async (tx) => {
    const [session] = await tx.select().from(sessions).where(eq(sessions.id, sessionId)).for('update');
    if (!session || (session.sourceId ?? session.streamId) === streamId) return false;
    const sourceId = streamId === session.streamId ? null : streamId;
    await tx.update(sessions).set({ sourceId, changedAt: sql`now()` }).where(eq(sessions.id, sessionId));
    const about = { subject: 'session', subjectId: sessionId };
    await tx.insert(events).values({ kind: 'session.crossed', ...about, data: { streamId } });
    return true;
  });
  if (isMoved) await ring(ctx, 'sessions', sessionId);
}
