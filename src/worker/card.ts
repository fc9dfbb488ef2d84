import { isDeepStrictEqual } from 'node:util';
import { eq, sql } from 'drizzle-orm';
import { advance } from '../advance.ts';
import type { App } from '../app.ts';
import { errorText } from '../core/errors.ts';
import type { Chat, OutgoingPost, PostContent, TargetRef } from '../core/ports.ts';
import { type DeliveryContext, findCard, findDelivery, type PostRow } from '../db/deliveries.ts';
import { posts, watchTargets } from '../db/schema.ts';
import { contentOfCard } from './content.ts';

/** Least pause between two edits of a card. Source: Telegram allows about 20 edits a minute in a group. */
const editEveryMs: Record<string, number> = { web: 1_000, telegram: 15_000, discord: 5_000 };

/**
 * Posts the card of a Delivery in the chat that ordered it, or edits it where it tells something else now. One card
 * stands for a Watch and Session, whatever number of Targets: the first Target's Delivery carries it.
 */
export async function tellCard(app: App, deliveryId: number, signal: AbortSignal): Promise<void> {
  // Before the facts are read: what changes while the card is being told is newer than it, and told again.
  const asOf = new Date();
  const context = await findDelivery(app.db, deliveryId);
  const chat = context && app.chats.get(context.watch.chatKind);
  if (!context || !chat || !(await carriesCard(app, context))) return;
  const content = await contentOfCard(app, context);
  const card = (await findCard(app.db, deliveryId)) ?? (await insertCard(app, deliveryId, content));
  if (!card) return;
  const target = cardTarget(context);
  if (card.state === 'posted') return editCard(app, { chat, context, card, target, content, asOf }, signal);
  await postCard(app, { chat, context, card, target, content, asOf }, signal);
}

type Telling = {
  chat: Chat;
  context: DeliveryContext;
  card: PostRow;
  target: TargetRef;
  content: PostContent;
  asOf: Date;
};

async function carriesCard(app: App, { watch, delivery }: DeliveryContext): Promise<boolean> {
  const [first] = await app.db
    .select({ targetId: watchTargets.targetId })
    .from(watchTargets)
    .where(eq(watchTargets.watchId, watch.id))
    .orderBy(watchTargets.position)
    .limit(1);
  return first?.targetId === delivery.targetId;
}

async function insertCard(app: App, deliveryId: number, content: PostContent): Promise<PostRow | undefined> {
  const [row] = await app.db
    .insert(posts)
    .values({ deliveryId, kind: 'card', ordinal: 0, content })
    .onConflictDoNothing()
    .returning();
  return row;
}

/** The ordering chat itself, as a Target. */
function cardTarget({ watch }: DeliveryContext): TargetRef {
  return { id: 0, kind: watch.chatKind, address: watch.chatId, limits: {} };
}

function outgoing({ context, card, content }: Telling): OutgoingPost {
  const { chatKind: kind, chatId, threadId } = context.watch;
  return { id: card.id, kind: 'card', chat: { kind, chatId, ...(threadId ? { threadId } : {}) }, content };
}

async function postCard(app: App, telling: Telling, signal: AbortSignal): Promise<void> {
  const { chat, card, target, content, asOf } = telling;
  if (card.state !== 'planned') {
    // A worker died in between: look before posting again.
    if (card.state === 'sending') await advance(app, 'posts', card.id, 'answerLost');
    const found = await chat.reconcile(target, outgoing(telling), [], signal);
    if (found.verdict === 'unknown') return;
    if (found.verdict === 'posted') {
      await advance(app, 'posts', card.id, 'confirmed', { posted: found.ids, postedAt: new Date() });
      return;
    }
    await advance(app, 'posts', card.id, 'notSent');
  }
  if (!(await advance(app, 'posts', card.id, 'sendStarted', { content, attempts: sql`${posts.attempts} + 1` }))) return;
  try {
    const posted = await chat.post(target, outgoing(telling), [], signal);
    await advance(app, 'posts', card.id, 'confirmed', { posted, postedAt: new Date(), editedAt: asOf });
  } catch (error) {
    app.log.warn({ err: error, post: card.id }, 'card not confirmed');
    await advance(app, 'posts', card.id, 'answerLost', { error: errorText(error) });
  }
}

async function editCard(app: App, telling: Telling, signal: AbortSignal): Promise<void> {
  const { chat, context, card, target, content, asOf } = telling;
  const pauseMs = editEveryMs[context.watch.chatKind] ?? 5_000;
  if (card.editedAt && Date.now() - card.editedAt.getTime() < pauseMs) return;
  if (card.posted && !isDeepStrictEqual(content, card.content))
    await chat.edit(target, outgoing(telling), card.posted, signal);
  await app.db.update(posts).set({ content, editedAt: asOf }).where(eq(posts.id, card.id));
}
