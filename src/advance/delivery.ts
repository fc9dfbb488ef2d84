import { and, eq, inArray, sql } from 'drizzle-orm';
import { deliveries, parts, posts, uploads } from '../db/schema.ts';
import type { Job } from '../queue/jobs.ts';
import { type AdvanceContext, advance } from './advance.ts';
import { closeWindows } from './session.ts';

/** `/cancel`: closes the window, keeps every file, posts nothing more of this Delivery. */
export async function cancelDelivery(ctx: AdvanceContext, deliveryId: number): Promise<boolean> {
  await closeWindows(ctx, [deliveryId], 'cancelled');
  const state = await advance(ctx, 'deliveries', deliveryId, 'cancelled', {}, [{ name: 'card', data: { deliveryId } }]);
  return state !== undefined;
}

/**
 * `/retry`: what failed for good is tried again, now; nothing that stands is sent twice.
 *
 * @returns false where nothing of the Delivery had failed.
 */
export async function retryDelivery(ctx: AdvanceContext, deliveryId: number): Promise<boolean> {
  const [delivery] = await ctx.db.select().from(deliveries).where(eq(deliveries.id, deliveryId));
  if (!delivery) return false;
  const failedPosts = await ctx.db
    .select({ id: posts.id })
    .from(posts)
    .where(and(eq(posts.deliveryId, deliveryId), eq(posts.state, 'failed')));
  const failedUploads = await ctx.db
    .select({ id: uploads.id, partId: uploads.partId })
    .from(uploads)
    .innerJoin(parts, eq(parts.id, uploads.partId))
    .where(and(eq(parts.renditionId, delivery.renditionId), inArray(uploads.state, ['failed'])));
  const again = { attempts: 0, nextAttemptAt: sql`now()`, error: null };
  for (const { id } of failedPosts) await advance(ctx, 'posts', id, 'retried', again);
  const jobs: Job[] = [{ name: 'plan', data: { renditionId: delivery.renditionId } }];
  for (const { id, partId } of failedUploads) {
    await advance(ctx, 'uploads', id, 'retried', again);
    jobs.push({ name: 'part', data: { partId } });
  }
  jobs.push({ name: 'post', data: { deliveryId } }, { name: 'card', data: { deliveryId } });
  const state = await advance(ctx, 'deliveries', deliveryId, 'retried', { error: null }, jobs);
  return state !== undefined || failedPosts.length + failedUploads.length > 0;
}
