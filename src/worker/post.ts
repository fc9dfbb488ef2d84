import { eq, sql } from 'drizzle-orm';
import { advance } from '../advance.ts';
import type { App } from '../app.ts';
import { errorText, FatalError, TemporaryError } from '../core/errors.ts';
import type { Chat, OutgoingPost, PostedIds, PostItem } from '../core/ports.ts';
import {
  type DeliveryContext,
  findDelivery,
  findIdFloor,
  findPosts,
  findUploads,
  type PostRow,
} from '../db/deliveries.ts';
import { posts } from '../db/schema.ts';
import { backoffMs } from './retry.ts';
import { targetAddress, targetRef } from './target.ts';

/** Tries of one Post before `/retry` is asked for. */
const maxAttempts = 8;

/**
 * Sends what is due of a Delivery, strictly in order: album k+1 never before album k. The caller holds the lease on
 * the chat, so posts to one chat go one at a time.
 */
export async function sendPosts(app: App, deliveryId: number, signal: AbortSignal): Promise<void> {
  const context = await findDelivery(app.db, deliveryId);
  const chat = context && app.chats.get(context.target.kind);
  if (!context || !chat || context.delivery.state !== 'posting') return;
  for (;;) {
    if (signal.aborted) return;
    const rows = await findPosts(app.db, deliveryId);
    const post = rows.find((row) => row.state !== 'posted' && row.state !== 'skipped');
    if (!post) break;
    if (!(await sendOne(app, { chat, context, post, rows }, signal))) return;
  }
  await advance(app, 'deliveries', deliveryId, 'allPosted', {}, [{ name: 'card', data: { deliveryId } }]);
}

type Sending = { chat: Chat; context: DeliveryContext; post: PostRow; rows: PostRow[] };

/** @returns whether the Post stands now, so that the next may go. */
async function sendOne(app: App, sending: Sending, signal: AbortSignal): Promise<boolean> {
  const { post } = sending;
  if (post.state === 'failed' || post.nextAttemptAt > new Date()) return false;
  // Left in `sending` by a worker that died, or `ambiguous`: look before sending again.
  if (post.state !== 'planned' && !(await reconcileOne(app, sending, signal))) return false;
  const now = await app.db.query.posts.findFirst({ where: (row) => eq(row.id, post.id) });
  if (now?.state === 'posted') return true;
  const items = await collectItems(app, sending);
  if (!items) return false;
  return callChat(app, { ...sending, post: now ?? post }, items, signal);
}

/** The staged files of a Post in order; undefined while one is still on its way. */
async function collectItems(app: App, { chat, post }: Sending): Promise<PostItem[] | undefined> {
  const staged = await findUploads(app.db, post.partIds, chat.account);
  const items = post.partIds.map((partId) => {
    const upload = staged.find((row) => row.partId === partId && row.state === 'staged');
    return upload?.remote ? { partId, remote: upload.remote } : undefined;
  });
  return items.every((item) => item !== undefined) ? items : undefined;
}

function outgoing({ context, post, rows }: Sending): OutgoingPost {
  const parent = post.kind === 'comment' ? rows.find((row) => row.kind !== 'comment')?.posted : undefined;
  const { id, kind, content, idFloor } = post;
  return {
    id,
    kind,
    content,
    chat: targetAddress(context.target),
    parent: parent ?? undefined,
    idFloor: idFloor ?? undefined,
  };
}

async function callChat(app: App, sending: Sending, items: PostItem[], signal: AbortSignal): Promise<boolean> {
  const { chat, context, post } = sending;
  const idFloor = await findIdFloor(app.db, context.target.id);
  const attempts = sql`${posts.attempts} + 1`;
  const intent = await advance(app, 'posts', post.id, 'sendStarted', { idFloor, attempts, error: null });
  if (!intent) return false;
  try {
    const ids = await chat.post(
      targetRef(context.target),
      outgoing({ ...sending, post: { ...post, idFloor: idFloor ?? null } }),
      items,
      signal,
    );
    return await confirm(app, post.id, ids);
  } catch (error) {
    app.log.warn({ err: error, post: post.id }, 'post not confirmed');
    if (error instanceof FatalError) return refuse(app, sending, error);
    const wait = nextTry(error, post.attempts);
    await advance(app, 'posts', post.id, 'answerLost', wait);
    return false;
  }
}

async function confirm(app: App, postId: number, posted: PostedIds): Promise<boolean> {
  const now = new Date();
  await advance(app, 'posts', postId, 'confirmed', { posted, postedAt: now, editedAt: now, error: null });
  return true;
}

async function refuse(app: App, { context, post }: Sending, error: FatalError): Promise<boolean> {
  await advance(app, 'posts', post.id, 'refused', { error: errorText(error) });
  const deliveryId = context.delivery.id;
  await advance(app, 'deliveries', deliveryId, 'postFailed', { error: error.code }, [
    { name: 'card', data: { deliveryId } },
  ]);
  return false;
}

/** @returns whether it is settled; where the chat cannot tell, the Post stays ambiguous and nothing is repeated. */
async function reconcileOne(app: App, sending: Sending, signal: AbortSignal): Promise<boolean> {
  const { chat, context, post } = sending;
  if (post.state === 'sending') await advance(app, 'posts', post.id, 'answerLost');
  try {
    const items = (await collectItems(app, sending)) ?? [];
    const result = await chat.reconcile(targetRef(context.target), outgoing(sending), items, signal);
    if (result.verdict === 'posted') return await confirm(app, post.id, result.ids);
    if (result.verdict === 'missing') return (await advance(app, 'posts', post.id, 'notSent')) !== undefined;
    app.log.warn({ post: post.id }, 'the chat cannot tell whether this was posted');
  } catch (error) {
    app.log.warn({ err: error, post: post.id }, 'cannot reconcile yet');
  }
  const wait = nextTry(undefined, post.attempts);
  await app.db
    .update(posts)
    .set({ ...wait, attempts: Math.min(post.attempts + 1, maxAttempts) })
    .where(eq(posts.id, post.id));
  return false;
}

function nextTry(error: unknown, attempts: number): { nextAttemptAt: Date; error?: string } {
  const told = error instanceof TemporaryError ? error.retryAfterMs : undefined;
  const nextAttemptAt = new Date(Date.now() + (told ?? backoffMs(Math.min(attempts, maxAttempts))));
  return error === undefined ? { nextAttemptAt } : { nextAttemptAt, error: errorText(error) };
}
