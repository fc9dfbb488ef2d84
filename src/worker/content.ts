import type { App } from '../app.ts';
import { type Announced, calledBefore } from '../core/announced.ts';
import {
  type AlbumFacts,
  albumCaption,
  askingOf,
  cardContent,
  commentContent,
  coverageOf,
  cutAtWord,
  streamLink,
  streamName,
} from '../core/card.ts';
import { worstDelivery } from '../core/delivery.ts';
import type { ChatKind, Language } from '../core/model.ts';
import type { ChatLimits, PostContent } from '../core/ports.ts';
import { formatInstant } from '../core/schedule-text.ts';
import { textOf } from '../core/text/text.ts';
import { isForOthers } from '../core/url.ts';
import { findAdBreaks } from '../db/ad-breaks.ts';
import { findTimeZone } from '../db/chat-settings.ts';
import {
  type DeliveryContext,
  type DeliveryRow,
  findDelivery,
  findPartsOfDelivery,
  findPosts,
  findSiblings,
  findUploads,
  type PartRow,
} from '../db/deliveries.ts';
import type { sessions, watches } from '../db/schema.ts';
import {
  findChapters,
  findGaps,
  findNames,
  findOrigins,
  findRendition,
  findStreams,
  findWithheld,
  keptInWindow,
  type StreamRow,
} from '../db/sessions.ts';
import { findAsked, findLeftOut, findWait } from '../db/troubles.ts';
import { isIdUnknown, parentOf } from './outgoing.ts';
import { targetRef } from './target.ts';

type WatchRow = typeof watches.$inferSelect;
type SessionRow = typeof sessions.$inferSelect;

/** What a window holds and misses. */
async function windowFacts(app: App, delivery: DeliveryRow) {
  const kept = await keptInWindow(app.db, delivery.renditionId, delivery);
  const withheld = await findWithheld(app.db, delivery);
  // Where the source was lost and only a repetition came, nothing is missing.
  const isBeforeWithheld = ({ atMs, lengthMs }: { atMs: number; lengthMs: number }) =>
    lengthMs === 0 && withheld.some((one) => one.atMs === atMs);
  const gaps = (await findGaps(app.db, delivery.renditionId)).filter(
    (gap) => gap.atMs >= kept.startMs && gap.atMs <= kept.endMs && !isBeforeWithheld(gap),
  );
  const inWindow = <T extends { atMs: number }>(rows: T[]) =>
    rows.map((row) => ({ ...row, atMs: Math.max(0, row.atMs - kept.startMs) }));
  return { ...kept, gaps: inWindow(gaps), withheld: inWindow(withheld) };
}

/** What a recording is called after: the Streams of a pair that it was captured from, else its own. */
async function namesOf(app: App, session: SessionRow, stream: StreamRow): Promise<[string, ...string[]]> {
  const origins = session.crossId === null ? [] : await findOrigins(app.db, session.id);
  const [first, ...others] = origins.map(streamName);
  return first === undefined ? [streamName(stream)] : [first, ...others];
}

/** A Delivery whose Posts are planned, with the chat's limits. */
type Planning = { delivery: DeliveryRow; watch: WatchRow; limits: ChatLimits };

async function captionOf(
  app: App,
  { delivery, watch, limits }: Planning,
  facts: Pick<AlbumFacts, 'parts'> & { lengthMs?: number },
): Promise<{ text: string; session: SessionRow }> {
  const context = await findDelivery(app.db, delivery.id);
  if (!context) throw new Error('delivery vanished');
  const { session, stream } = context;
  const kept = await windowFacts(app, delivery);
  const about = {
    streamName: (await namesOf(app, session, stream)).join(' + '),
    title: session.title ?? undefined,
    startedAt: session.startedAt,
    lengthMs: kept.lengthMs,
    coverage: coverageOf(kept),
    ...facts,
  };
  return { text: albumCaption(watch.language as Language, about, limits.captionChars), session };
}

/** The caption of one album or video, rendered when it is planned: what is sent again is the same. */
export async function contentOfAlbum(
  app: App,
  album: Planning & { index: number; total: number; parts: PartRow[] },
): Promise<PostContent> {
  const { index, total, parts } = album;
  const lengthMs = parts.reduce((sum, part) => sum + part.lengthMs, 0);
  const { text } = await captionOf(app, album, { lengthMs, parts: { index, count: parts.length, total } });
  return { text };
}

/** Links to the recording's page and file in place of its Parts. */
export async function contentOfLink(app: App, planning: Planning): Promise<PostContent> {
  const { text, session } = await captionOf(app, planning, {});
  const [url, fileUrl] = [pageOf(app, session), pageOf(app, session, '.mp4')];
  const { open, download } = textOf(planning.watch.language as Language).card;
  if (!url || !fileUrl) return { text };
  const buttons = [
    { text: open, url },
    { text: download, url: fileUrl },
  ];
  return { text, url, buttons };
}

/** `mode=notify`: that it is live, and where. */
export async function contentOfNotice(app: App, delivery: DeliveryRow): Promise<PostContent> {
  const context = await findDelivery(app.db, delivery.id);
  if (!context) throw new Error('delivery vanished');
  const { session, watch, stream } = context;
  const [source = stream] = session.sourceId === null ? [] : await findStreams(app.db, [session.sourceId]);
  const { live } = textOf(watch.language as Language).notice;
  return { text: live(streamName(source), cutAtWord(session.title ?? '', 300)), url: streamLink(source) };
}

/** Whether the people of a chat can open our pages. */
export function hasLinks({ config: { publicUrl } }: App, kind: ChatKind): boolean {
  return publicUrl !== undefined && (kind === 'web' || isForOthers(publicUrl));
}

/** Address of a recording's page (or its file, `.mp4`) that needs no login; undefined without `PUBLIC_URL`. */
function pageOf(app: App, { id, shareKey }: SessionRow, suffix = ''): string | undefined {
  const { publicUrl } = app.config;
  return publicUrl ? new URL(`/sessions/${id}${suffix}?key=${shareKey}`, publicUrl).href : undefined;
}

/** The comment under the first post. */
export async function contentOfComment(
  app: App,
  { delivery, watch, lacksUrl }: Pick<Planning, 'delivery' | 'watch'> & { lacksUrl: boolean },
): Promise<PostContent> {
  const chapters = await findChapters(app.db, delivery.sessionId, delivery);
  const facts = await windowFacts(app, delivery);
  const adBreaks = await adBreaksTold(app, delivery, watch);
  const leftOut = await findLeftOut(app.db, delivery);
  return commentContent(watch.language as Language, { ...facts, chapters, lacksUrl, adBreaks, leftOut });
}

/** Ad breaks inside a window, for whom asked about them. */
async function adBreaksTold(app: App, delivery: DeliveryRow, watch: WatchRow) {
  if ((watch.rules.ads ?? 'keep') === 'keep') return [];
  const kept = await keptInWindow(app.db, delivery.renditionId, delivery);
  const breaks = await findAdBreaks(app.db, delivery.renditionId);
  const inside = breaks.filter(({ atMs }) => atMs >= kept.startMs && atMs < kept.endMs);
  return inside.map(({ atMs, lengthMs }) => ({ atMs: atMs - kept.startMs, lengthMs }));
}

/** The card of a Delivery as it should look now. */
export async function contentOfCard(app: App, context: DeliveryContext): Promise<PostContent> {
  const { delivery, session, stream, watch, target } = context;
  const siblings = await findSiblings(app.db, delivery);
  const worst = worstDelivery([delivery, ...siblings.map((sibling) => sibling.delivery)]);
  const facts = await windowFacts(app, delivery);
  const found = await findRendition(app.db, delivery.renditionId);
  const parts = await findPartsOfDelivery(app.db, delivery);
  const account = app.chats.get(target.kind)?.account;
  const uploads = await findUploads(
    app.db,
    parts.map((part) => part.id),
    account,
  );
  const origins = await namesOf(app, session, stream);
  const isAnnounced = session.state === 'waiting' && delivery.closedAt === null;
  const pageUrl = pageOf(app, session) ?? (watch.chatKind === 'web' ? `/sessions/${session.id}` : undefined);
  return cardContent(watch.language as Language, {
    sessionId: session.id,
    sessionState: session.state,
    deliveryState: worst.state,
    streamName: origins.join(' + '),
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
    error: await findError(app, worst, siblings),
    isClosed: delivery.closedAt !== null,
    origins,
    withheld: facts.withheld,
    announced: isAnnounced ? await announcedOf(app, session, watch) : undefined,
    isWithdrawn: isWithdrawn(session),
    pageUrl,
    postUrl: await findPostUrl(app, siblings),
    leftOut: await findLeftOut(app.db, worst),
    asked: await findQuestion(app, siblings),
  });
}

/** What went wrong for the worst of them, then for the others, then what is tried again since a while. */
async function findError(app: App, worst: DeliveryRow, siblings: { delivery: DeliveryRow }[]) {
  const all = [worst, ...siblings.map(({ delivery }) => delivery)];
  return all.find(({ error }) => error)?.error ?? (await findWait(app.db, all)) ?? undefined;
}

/** Whether a Session is over whose broadcast was announced and never seen live. */
export const isWithdrawn = ({ state, detectedAt, endReason }: SessionRow): boolean =>
  state === 'failed' && detectedAt === null && endReason !== null;

async function announcedOf(app: App, session: SessionRow, watch: WatchRow): Promise<Announced> {
  const { scheduledFor, category } = session;
  const zone = await findTimeZone(app.db, { kind: watch.chatKind, chatId: watch.chatId });
  const begins = scheduledFor ? `${formatInstant(scheduledFor, zone, watch.language as Language)} ${zone}` : undefined;
  return { category: category ?? undefined, begins, before: calledBefore(await findNames(app.db, session.id)) };
}

/** The first question that is open about a recording; one about the card itself cannot stand on it. */
async function findQuestion(app: App, siblings: { delivery: DeliveryRow }[]) {
  const asked = await findAsked(
    app.db,
    siblings.map(({ delivery }) => delivery.id),
  );
  const first = asked.find(({ post }) => post.kind !== 'card');
  return first && askingOf(first.post, first.target.name);
}

/** Where the first post stands that a browser can open. */
async function findPostUrl(app: App, siblings: Awaited<ReturnType<typeof findSiblings>>): Promise<string | undefined> {
  for (const { delivery, target } of siblings) {
    const posted = parentOf(await findPosts(app.db, delivery.id))?.posted;
    const isKnown = posted && !isIdUnknown(posted);
    const url = isKnown ? app.chats.get(target.kind)?.linkTo?.(targetRef(target), posted) : undefined;
    if (url) return url;
  }
  return undefined;
}
