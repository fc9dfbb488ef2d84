import type { App } from '../app.ts';
import { albumCaption, cardContent, commentContent, coverageOf, streamName } from '../core/card.ts';
import type { Language } from '../core/model.ts';
import type { ChatLimits, PostContent } from '../core/ports.ts';
import {
  type DeliveryContext,
  type DeliveryRow,
  findDelivery,
  findPartsOfDelivery,
  findUploads,
  type PartRow,
  type TargetRow,
} from '../db/deliveries.ts';
import type { watches } from '../db/schema.ts';
import { findGaps, findRendition, keptInWindow } from '../db/sessions.ts';

type WatchRow = typeof watches.$inferSelect;

/** What a window holds and misses. */
async function windowFacts(app: App, delivery: DeliveryRow) {
  const kept = await keptInWindow(app.db, delivery.renditionId, delivery);
  const gaps = (await findGaps(app.db, delivery.renditionId)).filter(
    (gap) => gap.atMs >= kept.startMs && gap.atMs <= kept.endMs,
  );
  return { ...kept, gaps: gaps.map((gap) => ({ ...gap, atMs: gap.atMs - kept.startMs })) };
}

/** The caption of one album or video, rendered when it is planned: what is sent again is the same. */
export async function contentOfAlbum(
  app: App,
  album: {
    delivery: DeliveryRow;
    watch: WatchRow;
    target: TargetRow;
    limits: ChatLimits;
    index: number;
    total: number;
    parts: PartRow[];
  },
): Promise<PostContent> {
  const context = await findDelivery(app.db, album.delivery.id);
  if (!context) throw new Error('delivery vanished');
  const facts = await windowFacts(app, album.delivery);
  const { session, stream } = context;
  const text = albumCaption(
    album.watch.language as Language,
    {
      streamName: streamName(stream),
      title: session.title ?? undefined,
      startedAt: session.startedAt,
      lengthMs: album.parts.reduce((sum, part) => sum + part.lengthMs, 0),
      index: album.index,
      count: album.parts.length,
      total: album.total,
      coverage: coverageOf(facts),
    },
    album.limits.captionChars,
  );
  return { text };
}

/** The comment under the first post. */
export async function contentOfComment(
  app: App,
  { delivery, watch }: { delivery: DeliveryRow; watch: WatchRow },
): Promise<PostContent> {
  return commentContent(watch.language as Language, await windowFacts(app, delivery));
}

/** The card of a Delivery as it should look now. */
export async function contentOfCard(app: App, context: DeliveryContext): Promise<PostContent> {
  const { delivery, session, stream, watch, target } = context;
  const facts = await windowFacts(app, delivery);
  const found = await findRendition(app.db, delivery.renditionId);
  const parts = await findPartsOfDelivery(app.db, delivery);
  const account = app.chats.get(target.kind)?.account;
  const uploads = await findUploads(
    app.db,
    parts.map((part) => part.id),
    account,
  );
  const page = `/sessions/${session.id}`;
  const pageUrl = app.config.publicUrl
    ? new URL(page, app.config.publicUrl).href
    : watch.chatKind === 'web'
      ? page
      : undefined;
  return cardContent(watch.language as Language, {
    sessionId: session.id,
    sessionState: session.state,
    deliveryState: delivery.state,
    streamName: streamName(stream),
    title: session.title ?? undefined,
    quality: found?.rendition.name ?? watch.quality,
    recordedMs: facts.lengthMs,
    sizeBytes: facts.sizeBytes,
    gapCount: facts.gaps.length,
    missingMs: facts.gaps.reduce((sum, gap) => sum + gap.lengthMs, 0),
    partsStaged: uploads.filter((upload) => upload.state === 'staged').length,
    partsPlanned: parts.length,
    trouble: session.state === 'recording' ? undefined : (found?.rendition.trouble ?? undefined),
    endReason: delivery.closeReason ?? undefined,
    error: delivery.error ?? undefined,
    isClosed: delivery.closedAt !== null,
    pageUrl,
  });
}
