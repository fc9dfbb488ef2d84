import { eq, sql } from 'drizzle-orm';
import { isAsked } from '../core/delivery.ts';
import { posts } from '../db/schema.ts';
import { type AdvanceContext, ring, transition } from './advance.ts';

/** Whether a Post stands, as a person who looked says. */
export const answers = ['posted', 'missing'] as const;

/**
 * `/confirm`: a person says whether a Post stands of which the chat cannot tell. `posted`: it stands under ids nobody
 * knows, so it has no comment and no link; `missing`: it is sent again.
 *
 * @returns false where nobody is asked about it (any more)
 */
export async function answerPost(
  ctx: AdvanceContext,
  postId: number,
  answer: (typeof answers)[number],
): Promise<boolean> {
  const deliveryId = await ctx.db.transaction(async (tx) => {
    const [post] = await tx.select().from(posts).where(eq(posts.id, postId)).for('update');
    if (!post || !isAsked(post)) return undefined;
    const fresh = { attempts: 0, nextAttemptAt: sql`now()`, error: null };
    if (answer === 'missing') await transition(tx, 'posts', postId, 'notSent', fresh);
    else {
      const posted = { messageIds: Array.from({ length: Math.max(1, post.partIds.length) }, () => '0'), isTold: true };
      // A card whose place nobody knows cannot be edited: it is left alone.
      const error = post.kind === 'card' ? 'post_ids_unknown' : null;
      const at = post.sentAt ?? sql`now()`;
      await transition(tx, 'posts', postId, 'confirmed', { ...fresh, posted, postedAt: at, editedAt: at, error });
    }
    return post.deliveryId;
  });
  if (deliveryId === undefined) return false;
  await ring(ctx, 'posts', postId, [
    { name: 'post', data: { deliveryId } },
    { name: 'card', data: { deliveryId } },
  ]);
  return true;
}
