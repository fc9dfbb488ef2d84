import { and, eq, inArray, sql } from 'drizzle-orm';
import type { App } from '../app.ts';
import { isAsked, unprovenCode } from '../core/delivery.ts';
import { FatalError } from '../core/errors.ts';
import type { Reconciled } from '../core/ports.ts';
import { readClock } from '../db/clock.ts';
import type { PostRow } from '../db/deliveries.ts';
import { events, posts } from '../db/schema.ts';
import { step } from '../lib/steps.ts';
import { isIdUnknown, outgoingPost, type Sending } from './outgoing.ts';
import { settleTry } from './own-try.ts';
import { knownItems } from './post-items.ts';
import { maxAttempts, nextTry } from './retry.ts';
import { confirmPost, isOverdue, skipComment } from './settle-post.ts';
import { targetRef } from './target.ts';

/** How long ids of an accepted post are waited for. Source: Telegram gives no limit for preparing a big video. */
const idWaitMs = 2 * 3600_000;

/**
 * Looks whether a Post whose answer was lost stands.
 *
 * @returns whether it is settled; where the chat cannot tell, the Post stays ambiguous and nothing is repeated
 */
export async function reconcilePost(app: App, sending: Sending, signal: AbortSignal): Promise<boolean> {
  const { post } = sending;
  if (post.state === 'sending') await settleTry(app, post, 'answerLost');
  step('reconcile.begun');
  const result = await look(app, sending, signal);
  step('reconcile.looked');
  if (result?.verdict === 'posted') return confirmPost(app, sending, result.ids);
  if (result?.verdict === 'missing') return (await settleTry(app, post, 'notSent', { error: null })) !== undefined;
  if (isOverdue(sending)) return skipComment(app, sending, 'answer_lost');
  if (result?.verdict === 'unknown' && result.isUnprovable && post.kind !== 'comment') await askPerson(app, sending);
  await lookLater(app, post);
  return false;
}

/** Nobody but a person can tell whether it stands: asked on the card and by `/status`, until `/confirm` answers. */
async function askPerson(app: App, { context, post }: Sending): Promise<void> {
  if (isAsked(post)) return;
  await app.db
    .update(posts)
    .set({ error: unprovenCode })
    .where(and(eq(posts.id, post.id), eq(posts.state, 'ambiguous')));
  await app.db.insert(events).values({ kind: 'post.asked', subject: 'post', subjectId: post.id });
  await app.queue.add([{ name: 'card', data: { deliveryId: context.delivery.id } }]);
}

async function look(app: App, sending: Sending, signal: AbortSignal): Promise<Reconciled | undefined> {
  const { chat, context, post } = sending;
  try {
    const items = await knownItems(app, sending);
    const result = await chat.reconcile(targetRef(context.target), outgoingPost(sending), items, signal);
    if (result.verdict === 'unknown') app.log.warn({ post: post.id }, 'the chat cannot tell whether this was posted');
    return result;
  } catch (err) {
    app.log.warn({ err, post: post.id }, 'cannot reconcile yet');
    // We may not look there (any more).
    return err instanceof FatalError ? { verdict: 'unknown', isUnprovable: true } : undefined;
  }
}

async function lookLater(app: App, post: PostRow): Promise<void> {
  const wait = { ...nextTry(undefined, post.attempts), attempts: Math.min(post.attempts + 1, maxAttempts) };
  // A person may have answered meanwhile.
  const isOpen = inArray(posts.state, ['ambiguous', 'posted']);
  await app.db
    .update(posts)
    .set(wait)
    .where(and(eq(posts.id, post.id), isOpen));
}

/**
 * Asks for ids that the chat tells only when it publishes what it accepted. After two hours they are given up.
 *
 * @returns `learned` where rows changed, `waiting` where some are still to come
 */
export async function learnIds(
  app: App,
  sending: Omit<Sending, 'post' | 'clock'>,
  signal: AbortSignal,
): Promise<'settled' | 'learned' | 'waiting'> {
  const untold = sending.rows.filter(({ posted }) => isIdUnknown(posted) && !posted?.isTold);
  if (untold.length === 0) return 'settled';
  const clock = await readClock(app.db);
  const unknown = untold.filter(({ postedAt }) => clock.now.getTime() - (postedAt?.getTime() ?? 0) < idWaitMs);
  const learned: boolean[] = [];
  for (const post of unknown) learned.push(await learnOne(app, { ...sending, post, clock }, signal));
  if (learned.includes(false)) return 'waiting';
  return learned.length > 0 ? 'learned' : 'settled';
}

async function learnOne(app: App, sending: Sending, signal: AbortSignal): Promise<boolean> {
  const { post, clock } = sending;
  if (post.nextAttemptAt > clock.now) return false;
  const result = await look(app, sending, signal);
  if (result?.verdict !== 'posted' || isIdUnknown(result.ids)) {
    await lookLater(app, post);
    return false;
  }
  const { remotes: _, ...posted } = result.ids;
  await app.db.update(posts).set({ posted, postedAt: sql`now()` }).where(eq(posts.id, post.id));
  return true;
}
