import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eq, sql } from 'drizzle-orm';
import { advance } from '../advance.ts';
import type { App } from '../app.ts';
import { leftOutCode } from '../core/delivery.ts';
import type { PostItem } from '../core/ports.ts';
import { readClock } from '../db/clock.ts';
import { findDelivery, findIdFloor, findPosts, type PostRow } from '../db/deliveries.ts';
import { posts } from '../db/schema.ts';
import { step } from '../lib/steps.ts';
import { makeCover } from './cover.ts';
import { isIdUnknown, outgoingPost, parentOf, type Sending } from './outgoing.ts';
import { collectItems } from './post-items.ts';
import { learnIds, reconcilePost } from './reconcile-post.ts';
import { confirmPost, refusePost, settlePost, settleUnsent, skipComment } from './settle-post.ts';
import { targetAddress, targetRef } from './target.ts';

/**
 * Sends what is due of a Delivery, strictly in order: album k+1 never before album k. The caller holds the lease on
 * the chat, so posts to one chat go one at a time.
 */
export async function sendPosts(app: App, deliveryId: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    // Read each time: `/cancel` ends it between two posts.
    const context = await findDelivery(app.db, deliveryId);
    const chat = context && app.chats.get(context.target.kind);
    if (signal.aborted || !context || !chat || context.delivery.state !== 'posting') return;
    const rows = await findPosts(app.db, deliveryId);
    const post = rows.find((row) => row.state !== 'posted' && row.state !== 'skipped');
    // A comment hangs under a message, and a Delivery that is done knows its own.
    const ids = !post || post.kind === 'comment' ? await learnIds(app, { chat, context, rows }, signal) : 'settled';
    if (ids === 'waiting') return;
    if (ids === 'learned') continue;
    if (!post) break;
    const clock = await readClock(app.db);
    if (!(await sendOne(app, { chat, context, post, rows, clock }, signal))) return;
  }
  await advance(app, 'deliveries', deliveryId, 'allPosted', {}, [{ name: 'card', data: { deliveryId } }]);
  step('delivery.done');
}

/** @returns whether the Post is settled now, so that the next may go. */
async function sendOne(app: App, sending: Sending, signal: AbortSignal): Promise<boolean> {
  const { post, rows, clock } = sending;
  // A worker died before it wrote that the Delivery pauses with its Post.
  if (post.state === 'failed') return refusePost(app, sending, post.error ?? 'fault');
  if (post.nextAttemptAt > clock.now) return false;
  // Left in `sending` by a worker that died, or `ambiguous`: look before sending again.
  if (post.state !== 'planned' && !(await reconcilePost(app, sending, signal))) return false;
  const now = await app.db.query.posts.findFirst({ where: (row) => eq(row.id, post.id) });
  if (!now || now.state === 'posted' || now.state === 'skipped') return now !== undefined;
  const reason = now.kind === 'comment' ? whyNoComment(rows) : undefined;
  if (reason) return skipComment(app, sending, reason);
  const dir = join(app.config.dataDir, 'spool', app.owner, `post${post.id}`);
  const current = { ...sending, post: now };
  try {
    const items = await collectItems(app, current, dir, signal).catch(async (error: unknown) => {
      if (!signal.aborted) await settleUnsent(app, current, error);
    });
    if (!items) return false;
    const coverPath = now.kind === 'link' ? await makeCover(app, sending.context.delivery, dir, signal) : undefined;
    return await callChat(app, current, { items, coverPath }, signal);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** A comment needs a post that stands where we know. */
function whyNoComment(rows: PostRow[]): string | undefined {
  const parent = parentOf(rows);
  if (!parent) return leftOutCode;
  if (!isIdUnknown(parent.posted)) return undefined;
  return parent.posted?.isTold ? 'post_ids_unknown' : 'forward_not_seen';
}

type Files = { items: PostItem[]; coverPath: string | undefined };

async function callChat(
  app: App,
  sending: Sending,
  { items, coverPath }: Files,
  signal: AbortSignal,
): Promise<boolean> {
  const { chat, context, post } = sending;
  const idFloor = (await floorOf(app, sending)) ?? null;
  const clock = await readClock(app.db);
  const intent = { idFloor, sentAt: clock.now };
  const attempts = sql`${posts.attempts} + 1`;
  const moment = post.kind === 'comment' ? 'comment' : 'post';
  if (!(await advance(app, 'posts', post.id, 'sendStarted', { ...intent, attempts, error: null }))) return false;
  try {
    const out = {
      ...outgoingPost({ ...sending, clock, post: { ...post, ...intent } }),
      ...(coverPath ? { coverPath } : {}),
    };
    step(`${moment}.intent`);
    const posted = await chat.post(targetRef(context.target), out, items, signal);
    step(`${moment}.sent`);
    await confirmPost(app, sending, posted);
    step(`${moment}.confirmed`);
    return true;
  } catch (error) {
    app.log.warn({ err: error, post: post.id }, 'post not confirmed');
    if (!(await isOurTry(app, post.id, intent.sentAt))) return false;
    return settlePost(app, { ...sending, post: { ...post, ...intent } }, error, items);
  }
}

/** A worker that slept through its lease knows nothing of the try of whoever took over. */
async function isOurTry(app: App, postId: number, sentAt: Date): Promise<boolean> {
  const [row] = await app.db.select({ sentAt: posts.sentAt }).from(posts).where(eq(posts.id, postId));
  return row?.sentAt?.getTime() === sentAt.getTime();
}

/** Comments stand in the discussion: ids of the Target itself say nothing of it. */
async function floorOf(app: App, { context, post }: Sending): Promise<string | undefined> {
  const { kind, chatId } = targetAddress(context);
  const place = post.kind === 'comment' ? context.target.discussion : chatId;
  return place ? findIdFloor(app.db, { kind, chatId: place }) : undefined;
}
