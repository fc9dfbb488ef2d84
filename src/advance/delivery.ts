import { sql } from 'drizzle-orm';
import { leftOutCode } from '../core/delivery.ts';
import type { PostRow } from '../db/deliveries.ts';
import { findTroubles, hasFailed } from '../db/troubles.ts';
import type { Job } from '../queue/jobs.ts';
import { type AdvanceContext, advance } from './advance.ts';
import { closeWindows } from './windows.ts';

/**
 * `/cancel`: closes the window, keeps every file, posts nothing more of this Delivery. In this order: a window that was
 * closed alone would be planned and posted.
 *
 * @returns false where it was cancelled before, or is done
 */
export async function cancelDelivery(ctx: AdvanceContext, deliveryId: number): Promise<boolean> {
  const state = await advance(ctx, 'deliveries', deliveryId, 'cancelled', {}, [{ name: 'card', data: { deliveryId } }]);
  const isClosed = await closeWindows(ctx, [deliveryId], 'cancelled');
  return state !== undefined || isClosed;
}

/** What a person may want tried again; all of it where they do not say. */
export const retryKinds = ['upload', 'post', 'comment'] as const;
/** What a person may want left out. */
export const skipKinds = ['post', 'comment'] as const;

/** What of a Delivery a command is about: one kind of thing, one Post; without both all of it. */
export type Choice<K> = { only?: K | undefined; postId?: number | undefined };

/**
 * `/retry`: what failed for good is tried again, now; nothing that stands is sent twice. Said twice it changes nothing
 * more. While something else of the Delivery is still failed, it stays paused.
 *
 * @returns false where nothing of that kind had failed
 */
export async function retryDelivery(
  ctx: AdvanceContext,
  deliveryId: number,
  choice: Choice<(typeof retryKinds)[number]> = {},
): Promise<boolean> {
  const troubles = await findTroubles(ctx.db, deliveryId);
  if (!troubles || troubles.delivery.state === 'cancelled') return false;
  const { delivery, rows, failedUploads } = troubles;
  const again = { attempts: 0, nextAttemptAt: sql`now()`, error: null };
  const wanted = rows.filter((post) => isTriedAgain(post, choice));
  for (const post of wanted) await advance(ctx, 'posts', post.id, isInDoubt(post) ? 'doubted' : 'retried', again);
  const isUploads = (choice.only ?? 'upload') === 'upload' && choice.postId === undefined;
  const jobs: Job[] = [{ name: 'plan', data: { renditionId: delivery.renditionId } }];
  for (const { id, partId } of isUploads ? failedUploads : []) {
    await advance(ctx, 'uploads', id, 'retried', again);
    jobs.push({ name: 'part', data: { partId } });
  }
  jobs.push({ name: 'post', data: { deliveryId } }, { name: 'card', data: { deliveryId } });
  const isMoved = await goOn(ctx, deliveryId, jobs);
  return isMoved || wanted.length > 0 || (isUploads && failedUploads.length > 0);
}

function isTriedAgain(
  { id, kind, state, error }: PostRow,
  { only, postId }: Choice<(typeof retryKinds)[number]>,
): boolean {
  if (postId !== undefined && id !== postId) return false;
  if (kind !== 'comment') return state === 'failed' && (only ?? 'post') === 'post';
  if (state === 'failed') return (only ?? 'comment') === 'comment';
  // A comment that is not wanted, or has no place, is not what a person means by "again".
  const isUnwanted = error === 'no_discussion' || error?.startsWith(leftOutCode);
  return state === 'skipped' && (only === 'comment' || (only === undefined && !isUnwanted));
}

/** It was given up while nobody knew whether it stands. */
const isInDoubt = ({ error }: PostRow) => error !== null && /^(answer_lost|left_out:)/.test(error);

/**
 * A Delivery nothing of which is failed any more goes on; one that was done is opened for a comment.
 *
 * @returns whether it changed
 */
export async function goOn(ctx: AdvanceContext, deliveryId: number, jobs: Job[]): Promise<boolean> {
  const now = await findTroubles(ctx.db, deliveryId);
  if (!now) return false;
  const isOpen = now.rows.some(({ state }) => state === 'planned' || state === 'ambiguous');
  const isDone = now.delivery.state === 'done';
  if (isDone ? !isOpen : hasFailed(now)) return ringOnly(ctx, jobs);
  const state = await advance(ctx, 'deliveries', deliveryId, isDone ? 'reopened' : 'retried', { error: null }, jobs);
  if (state === undefined) return ringOnly(ctx, jobs);
  return true;
}

/** What was said is done, whatever state the Delivery is in. */
async function ringOnly(ctx: AdvanceContext, jobs: Job[]): Promise<false> {
  await ctx.queue.add(jobs);
  return false;
}
