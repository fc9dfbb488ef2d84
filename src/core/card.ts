import type { DeliveryState } from './delivery.ts';
import { formatDuration, formatSize } from './duration.ts';
import type { Language } from './model.ts';
import type { PostContent } from './ports.ts';
import { finalSessionStates, type SessionState } from './session.ts';
import { textOf, troubleSentence } from './text/text.ts';
import { displayUrl } from './url.ts';

/** Everything a card shows, read from rows. */
export type CardFacts = {
  sessionId: number;
  sessionState: SessionState;
  deliveryState: DeliveryState;
  streamName: string;
  title?: string | undefined;
  quality: string;
  recordedMs: number;
  sizeBytes: number;
  gapCount: number;
  missingMs: number;
  partsStaged: number;
  partsPlanned: number;
  trouble?: string | undefined;
  endReason?: string | undefined;
  error?: string | undefined;
  /** This chat's window is closed, whatever the Session does for others. */
  isClosed: boolean;
  pageUrl?: string | undefined;
};

/** The one word for where a recording stands, from the Session's state and this chat's Delivery. */
export function cardState({
  sessionState,
  deliveryState,
  isClosed,
  recordedMs,
}: Pick<CardFacts, 'sessionState' | 'deliveryState' | 'isClosed' | 'recordedMs'>): string {
  if (deliveryState === 'done') return recordedMs > 0 ? 'posted' : 'failed';
  if (deliveryState === 'cancelled' || deliveryState === 'paused' || deliveryState === 'posting') return deliveryState;
  if (sessionState === 'failed') return 'failed';
  if (isClosed || finalSessionStates.includes(sessionState)) return 'finishing';
  return sessionState;
}

/** Titles of sites may be of any length. */
const titleChars = 200;

/** The card: what is recorded, how it goes, and what can be pressed. */
export function cardContent(language: Language, facts: CardFacts): PostContent {
  const t = textOf(language);
  const state = cardState(facts);
  const id = `s${facts.sessionId}`;
  const isCapturing = ['waiting', 'starting', 'recording', 'reconnecting'].includes(state);
  const trouble = facts.error ?? (isCapturing ? facts.trouble : undefined);
  const rows: [string, string | undefined][] = [
    [t.card.length, formatDuration(facts.recordedMs)],
    [t.card.size, formatSize(facts.sizeBytes)],
    [t.card.quality, facts.quality],
    [
      t.card.gaps,
      facts.gapCount === 0 ? t.card.noGaps : t.card.gapCount(facts.gapCount, formatDuration(facts.missingMs)),
    ],
    [t.card.parts, facts.partsPlanned > 0 ? t.card.partCount(facts.partsStaged, facts.partsPlanned) : undefined],
    [t.card.end, facts.isClosed ? endOf(language, facts.endReason) : undefined],
    [t.card.trouble, trouble === undefined ? undefined : troubleSentence(language, trouble)],
  ];
  return {
    text: cutAtWord(facts.title ?? facts.streamName, titleChars),
    state,
    stateText: t.states[state] ?? state,
    facts: rows.flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }])),
    buttons: [
      ...(isCapturing ? [{ text: t.card.stop, command: `/stop ${id}` }] : []),
      { text: t.card.status, command: `/status ${id}` },
      ...(facts.pageUrl ? [{ text: t.card.open, url: facts.pageUrl }] : []),
    ],
  };
}

/** Why a window closed: a few words, or the sentence of the error that ended it. */
function endOf(language: Language, reason: string | undefined): string | undefined {
  if (reason === undefined) return undefined;
  return textOf(language).endReasons[reason] ?? troubleSentence(language, reason);
}

export type AlbumFacts = {
  streamName: string;
  title?: string | undefined;
  startedAt: Date;
  lengthMs: number;
  /** Position of the first Part in the whole, from 0. */
  index: number;
  count: number;
  total: number;
  coverage: number;
};

/** Caption of an album: channel, date, title, duration, part i/n, coverage; at most `maxChars`, cut at a word. */
export function albumCaption(language: Language, facts: AlbumFacts, maxChars: number): string {
  const t = textOf(language);
  const part = t.album.part(facts.index + 1, facts.index + facts.count, facts.total);
  const line = [
    facts.startedAt.toISOString().slice(0, 10),
    formatDuration(facts.lengthMs),
    part,
    t.album.coverage(percent(facts.coverage)),
  ].join(' · ');
  const head =
    facts.title && facts.title !== facts.streamName ? `${facts.title}\n${facts.streamName}` : facts.streamName;
  return `${cutAtWord(head, Math.max(1, maxChars - line.length - 1))}\n${line}`;
}

/** Share of a broadcast that is kept: 100 % only where nothing is missing. */
export function percent(share: number): string {
  return share >= 1 ? '100 %' : `${Math.min(99.9, Math.floor(share * 1000) / 10)} %`;
}

/** Cuts a text to a length at a word, with an ellipsis. */
export function cutAtWord(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const cut = text.slice(0, maxChars - 1);
  const space = cut.search(/\s\S*$/);
  return `${(space > maxChars / 2 ? cut.slice(0, space) : cut).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

export type CommentFacts = {
  lengthMs: number;
  sizeBytes: number;
  gaps: { atMs: number; lengthMs: number; cause: string }[];
};

/** Share of what was broadcast that is kept. */
export function coverageOf({ lengthMs, gaps }: Pick<CommentFacts, 'lengthMs' | 'gaps'>): number {
  const missing = gaps.reduce((sum, gap) => sum + gap.lengthMs, 0);
  return lengthMs + missing > 0 ? lengthMs / (lengthMs + missing) : 1;
}

/** The first comment under a post: size, coverage and what is missing where. At most 50 Gaps are named. */
export function commentContent(language: Language, facts: CommentFacts): PostContent {
  const t = textOf(language).comment;
  const causes = textOf(language).causes;
  const [length, size] = [formatDuration(facts.lengthMs), formatSize(facts.sizeBytes)];
  if (facts.gaps.length === 0) return { text: t.complete(length, size) };
  const lines = facts.gaps
    .slice(0, 50)
    .map((gap) => t.gap(formatDuration(gap.atMs), formatDuration(gap.lengthMs), causes[gap.cause] ?? gap.cause));
  const more = facts.gaps.length > 50 ? [t.more(facts.gaps.length - 50)] : [];
  return { text: [t.withGaps(length, size, percent(coverageOf(facts))), ...lines, ...more].join('\n') };
}

/** What a Stream is called where it has no title: its channel, or its address without secrets. */
export function streamName(stream: { platform: string; channel: string; title?: string | null }): string {
  return stream.title ?? (stream.platform === 'generic' ? displayUrl(stream.channel) : stream.channel);
}
