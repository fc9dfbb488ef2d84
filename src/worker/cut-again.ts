import { and, eq, gte, inArray, ne } from 'drizzle-orm';
import { ring, transition } from '../advance.ts';
import type { App } from '../app.ts';
import { FatalError } from '../core/errors.ts';
import type { Chat } from '../core/ports.ts';
import type { Queryable } from '../db/client.ts';
import { findChains, upsertSuccessor } from '../db/cuts.ts';
import type { CutRow, PartRow, TargetRow } from '../db/deliveries.ts';
import { cuts, deliveries, events, parts, posts, uploads } from '../db/schema.ts';
import { targetRef } from './target.ts';

/** A Cut with less margin than this has failed twice; cutting finer will not help. */
const leastMargin = 0.7;
/** Below this, what `planParts` keeps in reserve leaves nothing. */
const leastLimitBytes = 100_000;

/**
 * The file of a Part came out over the limit of its Cut: from this Part on all is planned with more margin.
 *
 * @throws FatalError `part_too_big` where that was tried before
 */
export async function cutFiner(app: App, cut: CutRow, part: PartRow): Promise<void> {
  if (cut.margin < leastMargin) throw new FatalError('part_too_big', { detail: `part ${part.id}` });
  await cutAgain(app, { cut, part, rule: { margin: cut.margin * 0.9 } });
}

/**
 * A chat refused a Part for its size, whatever its limit was said to be: from this Part on its Targets get smaller ones,
 * by the chat's limit as it is now, and never this size again. Told by an event.
 *
 * @throws FatalError `part_too_big` where the Part is next to nothing
 */
export async function cutSmaller(
  app: App,
  refused: { part: PartRow; chat: Chat; target: TargetRow; sizeBytes: number },
): Promise<void> {
  const { part, chat, target, sizeBytes } = refused;
  const [cut] = await app.db.select().from(cuts).where(eq(cuts.id, part.cutId));
  if (!cut) throw new FatalError('part_orphaned');
  const { partBytes } = await chat.limits(targetRef(target));
  const limitBytes = Math.min(partBytes, Math.floor(sizeBytes * 0.9));
  if (limitBytes < leastLimitBytes) throw new FatalError('part_too_big', { detail: `part ${part.id}` });
  await cutAgain(app, { cut, part, rule: { limitBytes }, chat });
  const data = { sizeBytes, limitBytes, account: chat.account };
  await app.db.insert(events).values({ kind: 'part.overLimit', subject: 'part', subjectId: part.id, data });
}

type Recut = {
  cut: CutRow;
  part: PartRow;
  rule: { margin: number } | { limitBytes: number };
  /** Only Targets of this chat go on with the new Cut; without it all that want the Part. */
  chat?: Chat;
};

/** What was planned from this Part on and never sent is planned anew; what stands stays. */
async function cutAgain(app: App, { cut, part, rule, chat }: Recut): Promise<void> {
  const moved = await app.db.transaction(async (tx) => {
    const chains = (await findChains(tx, part.renditionId)).filter(
      ({ delivery, cutIds }) =>
        cutIds.includes(cut.id) && (delivery.toSequence === null || delivery.toSequence >= part.fromSequence),
    );
    const isMoved = ({ delivery, kind }: (typeof chains)[number]) =>
      !['done', 'cancelled'].includes(delivery.state) && (chat === undefined || kind === chat.kind);
    const movedIds = chains.filter(isMoved).map(({ delivery }) => delivery.id);
    const { id: previousId, createdAt: _, ...key } = cut;
    const next = await upsertSuccessor(tx, { ...key, previousId, fromSequence: part.fromSequence, ...rule });
    for (const id of movedIds) await planAnew(tx, id, next.id);
    const left = new Set(chains.filter((chain) => !isMoved(chain)).flatMap(({ cutIds }) => cutIds));
    const abandoned = chains.flatMap(({ cutIds }) => cutIds).filter((id) => !left.has(id));
    await dropParts(tx, [...new Set(abandoned)], part);
    const ofMoved = chat ? eq(uploads.account, chat.account) : ne(uploads.state, 'staged');
    await tx.delete(uploads).where(and(eq(uploads.partId, part.id), ofMoved));
    return movedIds;
  });
  for (const id of moved) await ring(app, 'deliveries', id, [{ name: 'card', data: { deliveryId: id } }]);
  await app.queue.add([{ name: 'plan', data: { renditionId: part.renditionId } }]);
}

async function planAnew(tx: Queryable, deliveryId: number, cutId: number): Promise<void> {
  await tx.update(deliveries).set({ cutId }).where(eq(deliveries.id, deliveryId));
  const unsent = inArray(posts.state, ['planned', 'failed']);
  await tx.delete(posts).where(and(eq(posts.deliveryId, deliveryId), unsent, ne(posts.kind, 'card')));
  await transition(tx, 'deliveries', deliveryId, 'cutAgain');
}

/** Parts that no Delivery wants any more, from the refused one on. */
async function dropParts(tx: Queryable, cutIds: number[], from: PartRow): Promise<void> {
  if (cutIds.length === 0) return;
  const dropped = and(inArray(parts.cutId, cutIds), gte(parts.fromSequence, from.fromSequence));
  const rows = await tx.select({ id: parts.id }).from(parts).where(dropped);
  if (rows.length === 0) return;
  const ids = rows.map(({ id }) => id);
  await tx.delete(uploads).where(inArray(uploads.partId, ids));
  await tx.delete(parts).where(inArray(parts.id, ids));
}
