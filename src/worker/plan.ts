import { and, eq, isNull } from 'drizzle-orm';
import type { App } from '../app.ts';
import { countTitles, listRenames } from '../core/chapters.ts';
import { planParts, splitAtTitles } from '../core/parts.ts';
import type { Chat, ChatLimits } from '../core/ports.ts';
import { upsertCut, upsertSuccessor } from '../db/cuts.ts';
import {
  type CutRow,
  type DeliveryRow,
  findPartsOfCut,
  findPlannable,
  type PartRow,
  type Plannable,
} from '../db/deliveries.ts';
import { deliveries, parts, uploads } from '../db/schema.ts';
import { findSegments } from '../db/segments.ts';
import { findRendition, findTitles, keptSoFar } from '../db/sessions.ts';
import { step } from '../lib/steps.ts';
import type { Job } from '../queue/jobs.ts';
import { planPosts } from './plan-posts.ts';
import { findPostShape } from './post-shape.ts';
import { targetRef } from './target.ts';

/** Share of a limit that is planned for. Source: measured, an MP4 is about 4 % smaller than its TS. */
export const cutMargin = 0.985;

/**
 * Plans Parts for every Delivery of a Rendition that still collects: arithmetic on rows. A Part is written down as
 * soon as the next one began; the last one when the window is complete, together with the Posts. A chat that is away
 * holds up its own Deliveries and no others.
 *
 * @throws AggregateError of what went wrong, after all the others are planned
 */
export async function planRendition(app: App, renditionId: number): Promise<void> {
  const found = await findRendition(app.db, renditionId);
  if (!found) return;
  const isKept = found.rendition.endedAt !== null && found.rendition.keptAt !== null;
  const failures: unknown[] = [];
  for (const plannable of await findPlannable(app.db, renditionId)) {
    const chat = app.chats.get(plannable.target.kind);
    if (!chat) continue;
    await planDelivery(app, plannable, { chat, isKept }).catch((err: unknown) => {
      app.log.warn({ err, delivery: plannable.delivery.id }, 'a delivery cannot be planned yet');
      failures.push(err);
    });
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} deliveries are not planned`);
}

async function planDelivery(app: App, plannable: Plannable, { chat, isKept }: { chat: Chat; isKept: boolean }) {
  const { delivery, target } = plannable;
  const limits = await chat.limits(targetRef(target));
  const { nextSequence } = await keptSoFar(app.db, delivery.renditionId);
  const end = delivery.toSequence;
  const isComplete = delivery.closedAt !== null && (isKept || (end !== null && end < nextSequence));
  const { isLinked } = await findPostShape(app, plannable, limits);
  const cut = isLinked(0) ? undefined : await openCut(app, plannable, limits);
  // Where nothing can be staged a Part is sent as it is posted; too many of them are not sent at all.
  const accountFor = (partCount: number) =>
    chat.canStage(targetRef(target)) && !isLinked(partCount) ? chat.account : undefined;
  if (cut) {
    const plan = { cut, accountFor, isComplete, endsEarly: end !== null && end < nextSequence - 1 };
    if (!(await planCut(app, plannable, plan))) return;
  }
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
  const first = rows.find(({ segment }) => segment.track === 0 && segment.isIndependent) ?? rows[0];
  if (!first) return undefined;
  const cut = await upsertCut(app.db, {
    renditionId: delivery.renditionId,
    fromSequence: first.segment.mediaSequence,
    limitBytes: limits.partBytes,
    splitMs: watch.rules.splitMs ?? 0,
    margin: cutMargin,
  });
  return (await moveTo(app, delivery, cut)) ? cut : undefined;
}

/** @returns false where a Part was refused meanwhile and another Cut took over: it is planned anew from there. */
async function moveTo(app: App, delivery: DeliveryRow, cut: CutRow): Promise<boolean> {
  const isUnchanged = delivery.cutId === null ? isNull(deliveries.cutId) : eq(deliveries.cutId, delivery.cutId);
  const moved = await app.db
    .update(deliveries)
    .set({ cutId: cut.id })
    .where(and(eq(deliveries.id, delivery.id), isUnchanged))
    .returning({ id: deliveries.id });
  if (moved.length > 0) delivery.cutId = cut.id;
  return moved.length > 0;
}

type CutPlan = {
  cut: CutRow;
  /** Whom so many Parts are staged with while the stream is live; undefined where they are not. */
  accountFor: (partCount: number) => string | undefined;
  isComplete: boolean;
  endsEarly: boolean;
};

/** @returns whether the plan still counts */
async function planCut(app: App, { delivery }: Plannable, plan: CutPlan): Promise<boolean> {
  const known = await findPartsOfCut(app.db, plan.cut.id);
  const end = delivery.toSequence ?? undefined;
  const covered = known.filter((part) => end === undefined || part.toSequence <= end);
  const next = Math.max(plan.cut.fromSequence, (covered.at(-1)?.toSequence ?? -1) + 1);
  const found = await findSegments(app.db, delivery.renditionId, { from: next, to: end });
  // What may be a repetition waits, and all behind it.
  const doubtAt = found.findIndex(({ take }) => take.probationUntil !== null && take.withheldReason === null);
  const rows = doubtAt < 0 ? found : found.slice(0, doubtAt);
  const isComplete = plan.isComplete && doubtAt < 0;
  // Sound that lies apart stands under the sequence of its pictures.
  const sounds = rows.filter(({ segment }) => segment.track === 1);
  const soundBytes = new Map(sounds.map(({ segment }) => [segment.mediaSequence, segment.sizeBytes]));
  const pictures = rows.filter(({ segment }) => segment.track === 0);
  const titles = await titleKeys(app, plan.cut, pictures);
  const segments = pictures.map(({ segment, take }, index) => ({
    ...segment,
    sizeBytes: segment.sizeBytes + (soundBytes.get(segment.mediaSequence) ?? 0),
    id: segment.mediaSequence,
    breakKey: `${titles[index] ?? ''} ${JSON.stringify(take.codecs)}`,
    isWithheld: take.withheldReason !== null,
  }));
  const { parts: planned } = planParts(segments, plan.cut, { closed: isComplete });
  // A window that ends before its Rendition gets a Cut of its own for its last Part: others go on over that point.
  const tail = isComplete && plan.endsEarly ? planned.at(-1) : undefined;
  for (const part of planned.filter((candidate) => candidate.isFinal && candidate !== tail))
    covered.push(await insertPart(app, plan.cut, part));
  if (tail) {
    const { id: previousId, createdAt: _, ...key } = plan.cut;
    const bounds = { previousId, fromSequence: tail.firstId, toSequence: tail.lastId };
    const tailCut = await upsertSuccessor(app.db, { ...key, ...bounds });
    covered.push(await insertPart(app, tailCut, tail));
    if (!(await moveTo(app, delivery, tailCut))) return false;
  }
  await insertUploads(app, covered, plan.accountFor(covered.length));
  return isComplete === plan.isComplete;
}

/** `split=title`: a key for each Segment that changes where the broadcast got another title. */
async function titleKeys(app: App, cut: CutRow, rows: FoundSegment[]): Promise<number[]> {
  if (cut.splitMs !== splitAtTitles) return [];
  const renamedAt = listRenames(await findTitles(app.db, cut.renditionId));
  return countTitles(
    rows.map(({ segment }) => segment),
    renamedAt,
  );
}

type FoundSegment = Awaited<ReturnType<typeof findSegments>>[number];
type PlannedPart = ReturnType<typeof planParts>['parts'][number];

async function insertPart(app: App, cut: CutRow, planned: PlannedPart): Promise<PartRow> {
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
  if (!row) throw new Error('upsert returned no row');
  step('plan.part');
  return row;
}

/** Where a chat can stage, each Part is staged as soon as it is final: while the stream is live. */
async function insertUploads(app: App, rows: PartRow[], account: string | undefined): Promise<void> {
  if (rows.length === 0 || account === undefined) return;
  const values = rows.map((part) => ({ partId: part.id, account }));
  const added = await app.db.insert(uploads).values(values).onConflictDoNothing().returning();
  step('plan.uploads');
  await app.queue.add(added.map(({ partId }): Job => ({ name: 'part', data: { partId } })));
}
