import { type Announced, announcedRows } from './announced.ts';
import { type Chapter, chapterName, listChapters } from './chapters.ts';
import type { DeliveryState } from './delivery.ts';
import { formatDuration, formatSize } from './duration.ts';
import { leftOutLines } from './left-out.ts';
import type { Language, PostKind } from './model.ts';
import type { PostContent } from './ports.ts';
import { finalSessionStates, type SessionState } from './session.ts';
import { textOf, troubleSentence } from './text/text.ts';
import { displayUrl } from './url.ts';
import { type Withheld, withheldLine, withheldLines } from './withheld.ts';

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
  /** The first post of the recording in its chat. */
  postUrl?: string | undefined;
  /** Of a pair, where it was captured from; told where that is more than one. */
  origins?: string[];
  /** Of a broadcast that is only announced. */
  announced?: Announced | undefined;
  /** It was announced and did not begin. */
  isWithdrawn?: boolean;
  /** Kept and not posted. */
  withheld?: Withheld[];
  /** Parts that a person left out. */
  leftOut?: { lengthMs: number }[];
  /** A post of which a person is asked whether it stands: its id, how it may be known, the name of its Target. */
  asked?: Asking | undefined;
};

/** What a person is asked about a post whose answer was lost. */
export type Asking = { postId: number; what: string; target: string };

/** How a person finds a post: an album by the last line of its caption (date, length, parts), a card by its title. */
export function askingOf(post: { id: number; kind: PostKind; content: PostContent }, target: string): Asking {
  const lines = post.content.text.split('\n');
  return { postId: post.id, what: (post.kind === 'card' ? lines[0] : lines.at(-1)) ?? '', target };
}

/** The question, in one sentence with its two answers. */
export function askingSentence(language: Language, { postId, what, target }: Asking): string {
  return textOf(language).errors.post_unproven({ post: `p${postId}`, what: cutAtWord(what, chapterChars), target });
}

/** The one word for where a recording stands, from the Session's state and this chat's Delivery. */
export function cardState({
  sessionState,
  deliveryState,
  isClosed,
  recordedMs,
  asked,
  isWithdrawn,
}: Pick<CardFacts, 'sessionState' | 'deliveryState' | 'isClosed' | 'recordedMs' | 'asked' | 'isWithdrawn'>): string {
  if (isWithdrawn) return 'withdrawn';
  if (asked && deliveryState === 'posting') return 'paused';
  if (deliveryState === 'done') return recordedMs > 0 ? 'posted' : 'failed';
  if (deliveryState === 'cancelled' || deliveryState === 'paused' || deliveryState === 'posting') return deliveryState;
  if (sessionState === 'failed') return 'failed';
  if (isClosed || finalSessionStates.includes(sessionState)) return 'finishing';
  return sessionState;
}

/** Titles of sites may be of any length. */
const titleChars = 200;
/** A line of a list should fit on two lines of a phone. */
const chapterChars = 100;

/** The card: what is recorded, how it goes, and what can be pressed. */
export function cardContent(language: Language, facts: CardFacts): PostContent {
  const t = textOf(language);
  const state = cardState(facts);
  const id = `s${facts.sessionId}`;
  const isCapturing = ['waiting', 'starting', 'recording', 'reconnecting'].includes(state);
  const trouble = facts.error ?? (isCapturing ? facts.trouble : undefined);
  const { asked, leftOut = [], origins = [] } = facts;
  const leftOutMs = leftOut.reduce((sum, { lengthMs }) => sum + lengthMs, 0);
  const recorded: [string, string | undefined][] = [
    [t.card.length, formatDuration(facts.recordedMs)],
    [t.card.size, formatSize(facts.sizeBytes)],
    [t.card.quality, facts.quality],
    [
      t.card.gaps,
      facts.gapCount === 0 ? t.card.noGaps : t.card.gapCount(facts.gapCount, formatDuration(facts.missingMs)),
    ],
    [t.card.withheld, withheldLine(language, facts.withheld ?? [])],
    [t.card.origins, origins.length > 1 ? origins.join(', ') : undefined],
    [t.card.parts, facts.partsPlanned > 0 ? t.card.partCount(facts.partsStaged, facts.partsPlanned) : undefined],
    [t.card.end, facts.isClosed ? endOf(language, facts.endReason) : undefined],
    [t.card.leftOut, leftOut.length > 0 ? t.card.leftOutCount(leftOut.length, formatDuration(leftOutMs)) : undefined],
    [t.card.trouble, trouble === undefined ? undefined : troubleSentence(language, trouble)],
    [t.card.question, asked && askingSentence(language, asked)],
  ];
  const rows = facts.announced ? announcedRows(language, facts.announced) : recorded;
  return {
    text: cutAtWord(facts.title ?? facts.streamName, titleChars),
    state,
    stateText: t.states[state] ?? state,
    facts: rows.flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }])),
    buttons: [
      ...(isCapturing ? [{ text: t.card.stop, command: `/stop ${id}` }] : []),
      ...(asked ? answerButtons(language, asked) : []),
      ...(facts.isWithdrawn ? [] : [{ text: t.card.status, command: `/status ${id}` }]),
      ...(facts.pageUrl ? [{ text: t.card.open, url: facts.pageUrl }] : []),
      ...(facts.postUrl ? [{ text: t.card.openPost, url: facts.postUrl }] : []),
    ],
  };
}

const answerButtons = (language: Language, { postId }: Asking) => [
  { text: textOf(language).card.stands, command: `/confirm p${postId} posted` },
  { text: textOf(language).card.isMissing, command: `/confirm p${postId} missing` },
];

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
  /** Which Parts of the whole these are: the first of them, from 0; absent where no Parts are posted. */
  parts?: { index: number; count: number; total: number };
  coverage: number;
};

/** Caption of an album: channel, date, title, duration, part i/n, coverage; at most `maxChars`, cut at a word. */
export function albumCaption(language: Language, facts: AlbumFacts, maxChars: number): string {
  const t = textOf(language);
  const { parts } = facts;
  const line = [
    facts.startedAt.toISOString().slice(0, 10),
    formatDuration(facts.lengthMs),
    ...(parts ? [t.album.part(parts.index + 1, parts.index + parts.count, parts.total)] : []),
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
  /** Kept, and asked to be told (`ads=mark`). */
  adBreaks?: { atMs: number; lengthMs: number }[];
  /** What it was called from when on. */
  chapters?: Chapter[];
  /** A link was asked for and cannot be made. */
  lacksUrl?: boolean;
  /** Kept, but left out of the posts by a person. */
  leftOut?: { atMs: number; lengthMs: number; isUnsure: boolean }[];
  withheld?: Withheld[];
};

/** More lines of a kind than this are only counted. */
const mostLines = 50;

/** Share of what was broadcast that is kept. */
export function coverageOf({ lengthMs, gaps }: Pick<CommentFacts, 'lengthMs' | 'gaps'>): number {
  const missing = gaps.reduce((sum, gap) => sum + gap.lengthMs, 0);
  return lengthMs + missing > 0 ? lengthMs / (lengthMs + missing) : 1;
}

/** The first comment under a post: chapters, size, coverage, what is missing where, ads; at most 50 lines of a kind. */
export function commentContent(language: Language, facts: CommentFacts): PostContent {
  const blocks = [
    chapterLines(language, facts),
    facts.lacksUrl ? [textOf(language).comment.linksNeedUrl] : [],
    gapLines(language, facts),
    adLines(language, facts),
    leftOutLines(language, facts.leftOut),
    withheldLines(language, facts.withheld),
  ];
  return {
    text: blocks
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join('\n'))
      .join('\n\n'),
  };
}

/** One chapter is no list. */
function chapterLines(language: Language, { chapters = [], lengthMs }: CommentFacts): string[] {
  const listed = listChapters(chapters, lengthMs);
  if (listed.length < 2) return [];
  const lines = listed.map(
    (chapter) => `${formatDuration(chapter.atMs)} ${cutAtWord(chapterName(chapter), chapterChars)}`,
  );
  return capped(lines, textOf(language).comment.moreChapters);
}

function capped(lines: string[], more: (count: number) => string): string[] {
  return lines.length > mostLines ? [...lines.slice(0, mostLines), more(lines.length - mostLines)] : lines;
}

function gapLines(language: Language, facts: CommentFacts): string[] {
  const t = textOf(language).comment;
  const causes = textOf(language).causes;
  const [length, size] = [formatDuration(facts.lengthMs), formatSize(facts.sizeBytes)];
  if (facts.gaps.length === 0) return [t.complete(length, size)];
  const lines = facts.gaps.map((gap) =>
    t.gap(formatDuration(gap.atMs), formatDuration(gap.lengthMs), causes[gap.cause] ?? gap.cause),
  );
  return [t.withGaps(length, size, percent(coverageOf(facts))), ...capped(lines, t.more)];
}

function adLines(language: Language, { adBreaks = [] }: CommentFacts): string[] {
  if (adBreaks.length === 0) return [];
  const t = textOf(language).comment;
  const lines = adBreaks.map(({ atMs, lengthMs }) => t.adBreak(formatDuration(atMs), formatDuration(lengthMs)));
  return [t.adBreaks, ...capped(lines, t.moreAdBreaks)];
}

/** Platforms whose channels are whole addresses, which may hold secrets. */
export const isNamedByAddress = (platform: string) => ['generic', 'direct', 'mediamtx'].includes(platform);

const isAddress = (channel: string) => /^[a-z]+:\/\//i.test(channel);

/** Where people look at a Stream: the page of its site, or its address without what may be secret. */
export function streamLink({ channel, url }: { channel: string; url: string }): string {
  if (!isAddress(channel)) return url;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** What a Stream is called: its channel, or its address without secrets. What it shows now is no name of it. */
export function streamName({ channel }: { platform: string; channel: string }): string {
  return isAddress(channel) ? displayUrl(channel) : channel;
}
