import { eq } from 'drizzle-orm';
import { advance } from '../advance.ts';
import type { App } from '../app.ts';
import { groupPosts, planParts } from '../core/parts.ts';
import type { Chat, ChatLimits } from '../core/ports.ts';
import {
  type CutRow,
  findPartsOfCut,
  findPartsOfDelivery,
  findPlannable,
  type PartRow,
  upsertCut,
} from '../db/deliveries.ts';
import { deliveries, parts, posts, uploads } from '../db/schema.ts';
import { findSegments } from '../db/segments.ts';
import { findRendition, keptSoFar } from '../db/sessions.ts';
import type { Job } from '../queue/jobs.ts';
import { contentOfAlbum, contentOfComment } from './content.ts';
import { targetRef } from './target.ts';

type Plannable = Awaited<ReturnType<typeof findPlannable>>[number];

/** Share of a limit that is planned for. Source: measured, an MP4 is about 4 % smaller than its TS. */
export const cutMargin = 0.985;

/**
 * Plans Parts for every Delivery of a Rendition that still collects: arithmetic on rows. A Part is written down as
 * soon as the next one began; the last one when the window is complete, together with the Posts.
 */
export async function planRendition(app: App, renditionId: number): Promise<void> {
  const found = await findRendition(app.db, renditionId);
  if (!found) return;
  const isKept = found.rendition.endedAt !== null && found.rendition.keptAt !== null;
  for (const plannable of await findPlannable(app.db, renditionId)) {
    const chat = app.chats.get(plannable.target.kind);
    if (chat) await planDelivery(app, plannable, { chat, isKept });
  }
}

async function planDelivery(app: App, plannable: Plannable, { chat, isKept }: { chat: Chat; isKept: boolean }) {
  const { delivery, target } = plannable;
  const limits = await chat.limits(targetRef(target));
  const { nextSequence } = await keptSoFar(app.db, delivery.renditionId);
  const end = delivery.toSequence;
  const isComplete = delivery.closedAt !== null && (isKept || (end !== null && end < nextSequence));
  const cut = await openCut(app, plannable, limits);
  if (cut) await planCut(app, plannable, { cut, chat, isComplete, endsEarly: end !== null && end < nextSequence - 1 });
  if (isComplete) await planPosts(app, plannable, limits);
}

/** The Cut of a Delivery; the first time it is made from the first independent Segment of its window. */
async function openCut(app: App, { delivery, watch }: Plannable, limits: ChatLimits): Promise<CutRow | undefined> {
  if (delivery.cutId !== null) {
    return app.db.query.cuts.findFirst({ where: (cut) => eq(cut.id, delivery.cutId ?? 0) });
  }
  const rows = await findSegments(app.db, delivery.renditionId, {
    from: delivery.fromSequence,
    to: delivery.toSequence ?? undefined,
  });
  const first = rows.find(({ segment }) => segment.isIndependent) ?? rows[0];
  if (!first) return undefined;
  const cut = await upsertCut(app.db, {
    renditionId: delivery.renditionId,
    fromSequence: first.segment.mediaSequence,
    limitBytes: limits.partBytes,
    splitMs: watch.rules.splitMs ?? 0,
    margin: cutMargin,
  });
  await setCut(app, delivery.id, cut.id);
  delivery.cutId = cut.id;
  return cut;
}

async function setCut(app: App, deliveryId: number, cutId: number): Promise<void> {
  await app.db.update(deliveries).set({ cutId }).where(eq(deliveries.id, deliveryId));
}

type CutPlan = { cut: CutRow; chat: Chat; isComplete: boolean; endsEarly: boolean };

async function planCut(app: App, { delivery }: Plannable, plan: CutPlan): Promise<void> {
  const known = await findPartsOfCut(app.db, plan.cut.id);
  const end = delivery.toSequence ?? undefined;
  const covered = known.filter((part) => end === undefined || part.toSequence <= end);
  const next = Math.max(plan.cut.fromSequence, (covered.at(-1)?.toSequence ?? -1) + 1);
  const rows = await findSegments(app.db, delivery.renditionId, { from: next, to: end });
  const segments = rows
    .filter(({ segment }) => segment.track === 0)
    .map(({ segment, take }) => ({
      ...segment,
      id: segment.mediaSequence,
      breakKey: JSON.stringify(take.codecs),
      isWithheld: take.withheldReason !== null,
    }));
  const { parts: planned } = planParts(segments, plan.cut, { closed: plan.isComplete });
  // A window that ends before its Rendition gets a Cut of its own for its last Part: others go on over that point.
  const tail = plan.isComplete && plan.endsEarly ? planned.at(-1) : undefined;
  for (const part of planned.filter((candidate) => candidate.isFinal && candidate !== tail)) {
    await insertPart(app, plan.cut, part, plan.chat);
  }
  if (!tail) return insertUploads(app, covered, plan.chat);
  const { id: previousId, createdAt: _, ...key } = plan.cut;
  const tailCut = await upsertCut(app.db, { ...key, previousId, fromSequence: tail.firstId, toSequence: tail.lastId });
  await insertPart(app, tailCut, tail, plan.chat);
  await setCut(app, delivery.id, tailCut.id);
  delivery.cutId = tailCut.id;
  await insertUploads(app, covered, plan.chat);
}

type PlannedPart = ReturnType<typeof planParts>['parts'][number];

async function insertPart(app: App, cut: CutRow, planned: PlannedPart, chat: Chat): Promise<void> {
  const { startMs, lengthMs, sizeBytes, isOversized } = planned;
  const [row] = await app.db
    .insert(parts)
    .values({
      cutId: cut.id,
      renditionId: cut.renditionId,
      fromSequence: planned.firstId,
      toSequence: planned.lastId,
      startMs,
      lengthMs,
      sizeBytes,
      isOversized,
    })
    .onConflictDoUpdate({ target: [parts.cutId, parts.fromSequence], set: { cutId: cut.id } })
    .returning();
  if (row) await insertUploads(app, [row], chat);
}

/** Where a chat can stage, each Part is staged as soon as it is final: while the stream is live. */
async function insertUploads(app: App, rows: PartRow[], chat: Chat): Promise<void> {
  if (rows.length === 0) return;
  const values = rows.map((part) => ({ partId: part.id, account: chat.account }));
  const added = await app.db.insert(uploads).values(values).onConflictDoNothing().returning();
  await app.queue.add(added.map(({ partId }): Job => ({ name: 'part', data: { partId } })));
}

/** The window is complete: what will appear is written down, albums first, then the comment. */
async function planPosts(app: App, { delivery, watch, target }: Plannable, limits: ChatLimits): Promise<void> {
  const wanted = await findPartsOfDelivery(app.db, delivery);
  const groups = groupPosts(wanted, limits.albumItems);
  const total = wanted.length;
  let index = 0;
  for (const [ordinal, group] of groups.entries()) {
    const content = await contentOfAlbum(app, { delivery, watch, target, limits, index, total, parts: group.parts });
    const partIds = group.parts.map((part) => part.id);
    await app.db
      .insert(posts)
      .values({ deliveryId: delivery.id, kind: group.kind, ordinal, partIds, content })
      .onConflictDoNothing();
    index += group.parts.length;
  }
  if (total > 0) {
    const content = await contentOfComment(app, { delivery, watch });
    await app.db
      .insert(posts)
      .values({ deliveryId: delivery.id, kind: 'comment', ordinal: 0, content })
      .onConflictDoNothing();
  }
  await advance(app, 'deliveries', delivery.id, 'windowPlanned', {}, [
    { name: 'post', data: { deliveryId: delivery.id } },
    { name: 'card', data: { deliveryId: delivery.id } },
  ]);
}
