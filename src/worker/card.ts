import { isDeepStrictEqual } from 'node:util';
import { and, eq, sql } from 'drizzle-orm';
import { advance } from '../advance.ts';
import type { App } from '../app.ts';
import { unprovenCode } from '../core/delivery.ts';
import { AmbiguousError, errorText, FatalError, TemporaryError } from '../core/errors.ts';
import type { Chat, OutgoingPost, PostContent, TargetRef } from '../core/ports.ts';
import { type Clock, readClock } from '../db/clock.ts';
import { type DeliveryContext, findCard, findDelivery, findIdFloor, type PostRow } from '../db/deliveries.ts';
import { posts } from '../db/schema.ts';
import { step } from '../lib/steps.ts';
import { contentOfCard, isWithdrawn } from './content.ts';
import { settleTry } from './own-try.ts';
import { nextTry } from './retry.ts';
import { orderingTarget } from './target.ts';

/** Least pause between two edits of a card. Source: Telegram allows about 20 edits a minute in a group. */
const editEveryMs: Record<string, number> = { web: 1_000, telegram: 15_000, discord: 5_000 };

/**
 * Posts the card of a Delivery in the chat that ordered it, or edits it where it tells something else now. One card
 * stands for a Watch and Session, whatever number of Targets: one Delivery (`findCardDelivery`) carries it. The caller
 * holds the lease on that.
 */
export async function tellCard(app: App, deliveryId: number, signal: AbortSignal): Promise<void> {
  // Before the facts are read: what changes while the card is being told is newer than it, and told again.
  const clock = await readClock(app.db);
  const context = await findDelivery(app.db, deliveryId);
  const chat = context && app.chats.get(context.watch.chatKind);
  if (!context || !chat) return;
  const known = await findCard(app.db, deliveryId);
  // Before all is read for it: the bell rings each second.
  if (known && isQuiet(known, context, clock)) return;
  const content = await contentOfCard(app, context);
  // What was announced and did not begin needs no card.
  if (!known && isWithdrawn(context.session)) return;
  const card = known ?? (await insertCard(app, deliveryId, content));
  if (!card) return;
  const target = orderingTarget(context);
  if (card.state === 'posted') {
    const telling = { chat, context, card, target, content, clock };
    if (!isWithdrawn(context.session) || !(await removeCard(app, telling, signal)))
      await editCard(app, telling, signal);
    return;
  }
  await postCard(app, { chat, context, card, target, content, clock }, signal);
}

/** A card that may not be told now: too soon, or refused with nothing new since. */
function isQuiet(card: PostRow, { delivery, watch }: DeliveryContext, { now }: Clock): boolean {
  const { state, nextAttemptAt, sentAt, editedAt } = card;
  if (nextAttemptAt > now) return true;
  const { closedAt } = delivery;
  if (state === 'failed') return closedAt === null || sentAt === null || closedAt <= sentAt;
  const pauseMs = editEveryMs[watch.chatKind] ?? 5_000;
  return state === 'posted' && editedAt !== null && now.getTime() - editedAt.getTime() < pauseMs;
}

type Telling = {
  chat: Chat;
  context: DeliveryContext;
  card: PostRow;
  target: TargetRef;
  content: PostContent;
  /** From before the facts were read. */
  clock: Clock;
};

async function insertCard(app: App, deliveryId: number, content: PostContent): Promise<PostRow | undefined> {
  const [row] = await app.db
    .insert(posts)
    .values({ deliveryId, kind: 'card', ordinal: 0, content })
    .onConflictDoNothing()
    .returning();
  return row;
}

function outgoing({ context, card, content, clock }: Telling): OutgoingPost {
  const { chatKind: kind, chatId, threadId } = context.watch;
  return {
    id: card.id,
    kind: 'card',
    chat: { kind, chatId, ...(threadId ? { threadId } : {}) },
    content,
    idFloor: card.idFloor ?? undefined,
    intentAt: card.sentAt ?? undefined,
    clockAheadMs: clock.aheadMs,
    posted: card.posted ?? undefined,
  };
}

async function postCard(app: App, telling: Telling, signal: AbortSignal): Promise<void> {
  const { chat, context, card, target, content, clock: before } = telling;
  if (!(await mayPost(app, telling, signal))) return;
  const { chatKind: kind, chatId } = context.watch;
  const idFloor = (await findIdFloor(app.db, { kind, chatId })) ?? null;
  const clock = await readClock(app.db);
  const intent = { idFloor, sentAt: clock.now };
  const attempts = sql`${posts.attempts} + 1`;
  if (!(await advance(app, 'posts', card.id, 'sendStarted', { ...intent, content, attempts, error: null }))) return;
  step('card.intent');
  try {
    const { remotes: _, ...posted } = await chat.post(
      target,
      outgoing({ ...telling, clock, card: { ...card, ...intent, posted: null } }),
      [],
      signal,
    );
    step('card.sent');
    const patch = { posted, attempts: 0, postedAt: sql`now()`, editedAt: before.now, error: null };
    await advance(app, 'posts', card.id, 'confirmed', patch);
    step('card.confirmed');
  } catch (error) {
    app.log.warn({ err: error, post: card.id }, 'card not confirmed');
    const isNotSent = error instanceof TemporaryError && !(error instanceof AmbiguousError);
    const event = error instanceof FatalError ? 'refused' : isNotSent ? 'notSent' : 'answerLost';
    const wait = { ...nextTry(error, card.attempts), error: errorText(error) };
    await settleTry(app, { ...card, ...intent }, event, wait);
  }
}

/** A worker that died, or a lost answer: look before posting again. Refused: again when the window closes. */
async function mayPost(app: App, telling: Telling, signal: AbortSignal): Promise<boolean> {
  const { chat, card, target } = telling;
  if (card.state === 'planned') return true;
  if (card.state === 'failed') return (await advance(app, 'posts', card.id, 'retried')) !== undefined;
  if (card.state === 'sending') await settleTry(app, card, 'answerLost');
  // It is looked for as it was sent, not as it should look now.
  const sent = outgoing({ ...telling, content: card.content });
  const found = await chat.reconcile(target, sent, [], signal).catch((err: unknown) => {
    app.log.warn({ err, post: card.id }, 'cannot look for the card yet');
    return { verdict: 'unknown', isUnprovable: err instanceof FatalError } as const;
  });
  if (found.verdict === 'missing') return (await settleTry(app, card, 'notSent')) !== undefined;
  if (found.verdict === 'posted') {
    const { remotes: _, ...posted } = found.ids;
    await advance(app, 'posts', card.id, 'confirmed', { posted, attempts: 0, postedAt: sql`now()`, error: null });
  } else {
    // `/status` asks: there is no card to ask on.
    const isAsked = found.verdict === 'unknown' && found.isUnprovable === true;
    const asked = and(eq(posts.id, card.id), eq(posts.state, 'ambiguous'));
    if (isAsked) await app.db.update(posts).set({ error: unprovenCode }).where(asked);
    await waitWith(app, card, undefined);
  }
  return false;
}

/** Stands in the `error` of a card that was taken away. */
const removedCode = 'card_removed';

/** @returns false where the card cannot be taken away: then it says what became of it */
async function removeCard(app: App, telling: Telling, signal: AbortSignal): Promise<boolean> {
  const { chat, card, target, clock } = telling;
  if (!chat.remove || !card.posted) return false;
  try {
    if (card.error === null) await chat.remove(target, outgoing(telling), card.posted, signal);
  } catch (error) {
    if (error instanceof FatalError) return false;
    await waitWith(app, card, error);
    return true;
  }
  const gone = { error: card.error ?? removedCode, editedAt: clock.now };
  await app.db.update(posts).set(gone).where(eq(posts.id, card.id));
  return true;
}

/** Codes of a card that is gone for good; any other no may be put right, or concern what it said this time. */
const goneCodes = /^(telegram_message_gone|discord_message_gone|discord_channel_gone)$/;
/** Edits that are refused for about a day, and a card is left alone as well. */
const mostRefusals = 300;

const isGone = (error: unknown, tries: number) =>
  error instanceof FatalError && (goneCodes.test(error.code) || tries >= mostRefusals);

/** Saying the same twice does no harm, so what was lost is simply said again. A card that is gone is left alone. */
async function editCard(app: App, telling: Telling, signal: AbortSignal): Promise<void> {
  const { chat, card, target, content, clock } = telling;
  let gone = card.error;
  try {
    if (card.posted && gone === null && !isDeepStrictEqual(content, card.content))
      await chat.edit(target, outgoing(telling), card.posted, signal);
    step('card.edited');
  } catch (error) {
    if (!isGone(error, card.attempts + 1)) return waitWith(app, card, error);
    app.log.warn({ err: error, post: card.id }, 'the card cannot be edited any more');
    gone = errorText(error);
  }
  const told = gone === null ? { content, attempts: 0 } : { error: gone };
  await app.db
    .update(posts)
    .set({ ...told, editedAt: clock.now })
    .where(eq(posts.id, card.id));
}

async function waitWith(app: App, card: PostRow, error: unknown): Promise<void> {
  app.log.debug({ err: error, post: card.id }, 'the card waits');
  const wait = { attempts: card.attempts + 1, ...nextTry(error, card.attempts) };
  await app.db.update(posts).set(wait).where(eq(posts.id, card.id));
}
