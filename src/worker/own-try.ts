import { eq, type SQL } from 'drizzle-orm';
import { ring, transition } from '../advance.ts';
import type { App } from '../app.ts';
import type { PostEvent } from '../core/delivery.ts';
import type { PostRow } from '../db/deliveries.ts';
import { posts } from '../db/schema.ts';

/**
 * Settles a try of a Post, where it is still the last one: whoever slept through a lease says nothing of the try of
 * whoever took over. `sentAt` names the try.
 *
 * @returns the new state; undefined where nothing was written
 */
export async function settleTry(
  app: App,
  { id, sentAt }: Pick<PostRow, 'id' | 'sentAt'>,
  event: PostEvent,
  patch: Partial<Pick<PostRow, 'error' | 'attempts'> & { nextAttemptAt: SQL }> = {},
): Promise<string | undefined> {
  const state = await app.db.transaction(async (tx) => {
    const [row] = await tx.select({ sentAt: posts.sentAt }).from(posts).where(eq(posts.id, id)).for('update');
    if (row?.sentAt?.getTime() !== sentAt?.getTime()) return undefined;
    return transition(tx, 'posts', id, event, patch);
  });
  if (state !== undefined) await ring(app, 'posts', id);
  return state;
}
