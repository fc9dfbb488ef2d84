import { eq, sql } from 'drizzle-orm';
import { leftOutCode } from '../core/delivery.ts';
import { withLeftOut } from '../core/left-out.ts';
import type { Language } from '../core/model.ts';
import type { Queryable } from '../db/client.ts';
import type { PostRow } from '../db/deliveries.ts';
import { deliveries, posts } from '../db/schema.ts';
import { findLeftOut, findTroubles, type Troubles } from '../db/troubles.ts';
import type { Job } from '../queue/jobs.ts';
import { type AdvanceContext, transition } from './advance.ts';
import { type Choice, goOn, type skipKinds } from './delivery.ts';

/**
 * `/skip`: what failed, or may or may not stand, is left out, and the rest goes on. The bytes are kept; what is left out
 * is told on the card and in the comment. A Part that cannot be uploaded leaves its album.
 *
 * @returns false where there was nothing to leave out
 */
export async function leaveOut(
  ctx: AdvanceContext,
  deliveryId: number,
  choice: Choice<(typeof skipKinds)[number]>,
): Promise<boolean> {
  const count = await ctx.db.transaction(async (tx) => {
    // Planning locks it as well: what is left out here is in no Post that is planned meanwhile.
    const [delivery] = await tx.select().from(deliveries).where(eq(deliveries.id, deliveryId)).for('update');
    // What a worker is about to send is either sent or left out, never both.
    await tx
      .select({ id: posts.id })
      .from(posts)
      .where(eq(posts.deliveryId, deliveryId))
      .orderBy(posts.id)
      .for('update');
    const troubles = await findTroubles(tx, deliveryId);
    if (!delivery || !troubles || delivery.state === 'cancelled') return 0;
    const isParts = choice.only !== 'comment' && choice.postId === undefined;
    const partCount = isParts ? await leaveParts(tx, troubles) : 0;
    const isMended = (post: PostRow) => isParts && lacksUpload(post, troubles);
    const left = troubles.rows.filter((post) => isLeft(post, choice) && !isMended(post));
    for (const post of left) await skip(tx, post);
    if (left.some(({ kind }) => kind !== 'comment') || partCount > 0) await tell(tx, troubles);
    await tx.update(deliveries).set({ changedAt: sql`now()` }).where(eq(deliveries.id, deliveryId));
    return left.length + partCount;
  });
  const jobs: Job[] = [
    { name: 'post', data: { deliveryId } },
    { name: 'card', data: { deliveryId } },
  ];
  // Also where all was left out before: whoever did so may have died before it went on.
  const isMoved = await goOn(ctx, deliveryId, jobs);
  return count > 0 || isMoved;
}

/** A comment may also be left out before it was tried. What is being sent just now is never touched. */
function isLeft({ id, kind, state }: PostRow, { only, postId }: Choice<(typeof skipKinds)[number]>): boolean {
  if (postId !== undefined && id !== postId) return false;
  const isStuck = state === 'failed' || state === 'ambiguous';
  if (kind === 'comment') return only === 'comment' ? isStuck || state === 'planned' : only === undefined && isStuck;
  return isStuck && only !== 'comment';
}

/** It was not sent, or was refused, for want of a Part: it can go without. */
const lacksUpload = ({ state, partIds }: PostRow, { failedUploads }: Pick<Troubles, 'failedUploads'>): boolean =>
  (state === 'planned' || state === 'failed') && failedUploads.some(({ partId }) => partIds.includes(partId));

async function skip(tx: Queryable, { id, state }: PostRow): Promise<void> {
  const error = state === 'ambiguous' ? `${leftOutCode}: ambiguous` : leftOutCode;
  await transition(tx, 'posts', id, 'skipped', { error });
}

/** Parts whose Upload failed stand in a Post of their own that is left out, and in no other. @returns how many */
async function leaveParts(tx: Queryable, { delivery, rows, failedUploads }: Troubles): Promise<number> {
  const partIds = [...new Set(failedUploads.map(({ partId }) => partId))];
  if (partIds.length === 0) return 0;
  for (const post of rows.filter((row) => lacksUpload(row, { failedUploads }))) {
    const left = post.partIds.filter((id) => !partIds.includes(id));
    await tx.update(posts).set({ partIds: left }).where(eq(posts.id, post.id));
    if (left.length === 0) await skip(tx, post);
    else await transition(tx, 'posts', post.id, 'retried', { attempts: 0, nextAttemptAt: sql`now()`, error: null });
  }
  const ordinal = Math.max(-1, ...rows.filter(({ kind }) => kind !== 'comment').map((post) => post.ordinal)) + 1;
  const content = { text: '' };
  await tx.insert(posts).values({
    ...{ deliveryId: delivery.id, kind: 'video', ordinal, content, partIds },
    state: 'skipped',
    error: leftOutCode,
  });
  return partIds.length;
}

/** The comment was rendered when it was planned; where it did not go out yet it tells what is left out since. */
async function tell(tx: Queryable, { delivery, watch, rows }: Troubles): Promise<void> {
  const comment = rows.find(({ kind, state }) => kind === 'comment' && state === 'planned');
  if (!comment) return;
  const text = withLeftOut(watch.language as Language, comment.content.text, await findLeftOut(tx, delivery));
  await tx
    .update(posts)
    .set({ content: { ...comment.content, text } })
    .where(eq(posts.id, comment.id));
}
