import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { DeliveryState, PostState, UploadState } from '../core/delivery.ts';
import type { ChatKind, Codecs, PostKind, PostMode, Quality, Role, WatchMode } from '../core/model.ts';
import type { ChatLimits, ChatReply, GapCause, PostContent, PostedIds, Remote, TargetOptions } from '../core/ports.ts';
import type { WatchRules } from '../core/rules.ts';
import type { SessionState } from '../core/session.ts';

/*
 * All rows. Words: core/model.ts. Times are timestamptz on Postgres' clock; media time is in milliseconds
 * (double precision: TS timestamps are 1/90 ms). `state` columns are written by advance.ts alone.
 */

const id = () => bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity();
const ref = () => bigint({ mode: 'number' });
const time = () => timestamp({ withTimezone: true, mode: 'date' });
const createdAt = () => time().notNull().defaultNow();
const chatKind = () => text().$type<ChatKind>();

export const streams = pgTable(
  'streams',
  {
    id: id(),
    platform: text().notNull(),
    channel: text().notNull(),
    url: text().notNull(),
    /** The platform's own id of the channel, asked for once. */
    platformId: text(),
    /** What the channel is called, also while it is offline. */
    title: text(),
    category: text(),
    createdAt: createdAt(),
  },
  (t) => [unique().on(t.platform, t.channel)],
);

export const watches = pgTable(
  'watches',
  {
    id: id(),
    streamId: ref()
      .notNull()
      .references(() => streams.id),
    chatKind: chatKind().notNull(),
    chatId: text().notNull(),
    threadId: text(),
    language: text().notNull().default('en'),
    createdBy: text().notNull(),
    mode: text().$type<WatchMode>().notNull().default('record'),
    once: boolean().notNull().default(false),
    quality: text().$type<Quality>().notNull().default('best'),
    rules: jsonb().$type<WatchRules>().notNull().default({}),
    /** The Stream it is paired with (`cross=`): the broadcast is recorded from whichever of the two is live. */
    crossId: ref().references(() => streams.id),
    /** The order on a whole server (`auto=`) that this one, on one of its streams, was made for and goes by. */
    parentId: ref().references((): AnyPgColumn => watches.id),
    pausedAt: time(),
    endedAt: time(),
    createdAt: createdAt(),
  },
  (t) => [
    // One standing order of a chat on a stream and quality; a second `/watch` changes the first.
    uniqueIndex().on(t.streamId, t.chatKind, t.chatId, t.quality).where(sql`ended_at is null and not once`),
    index().on(t.streamId).where(sql`ended_at is null`),
    index().on(t.crossId).where(sql`ended_at is null and cross_id is not null`),
    index().on(t.parentId).where(sql`parent_id is not null`),
  ],
);

export const targets = pgTable(
  'targets',
  {
    id: id(),
    /** The chat that may post there. */
    chatKind: chatKind().notNull(),
    chatId: text().notNull(),
    name: text().notNull(),
    /** The place itself. `here` targets name the chat. */
    kind: chatKind().notNull(),
    address: text().notNull(),
    discussion: text(),
    vault: text(),
    limits: jsonb().$type<Partial<ChatLimits>>().notNull().default({}),
    postMode: text().$type<PostMode>().notNull().default('auto'),
    options: jsonb().$type<TargetOptions>().notNull().default({}),
    isDefault: boolean().notNull().default(false),
    removedAt: time(),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex().on(t.chatKind, t.chatId, t.name).where(sql`removed_at is null`)],
);

export const watchTargets = pgTable(
  'watch_targets',
  {
    watchId: ref()
      .notNull()
      .references(() => watches.id),
    targetId: ref()
      .notNull()
      .references(() => targets.id),
    position: integer().notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.watchId, t.targetId] })],
);

export const sessions = pgTable(
  'sessions',
  {
    id: id(),
    streamId: ref()
      .notNull()
      .references(() => streams.id),
    state: text().$type<SessionState>().notNull(),
    /** The platform's own id of the broadcast, where it has one. */
    broadcastId: text(),
    title: text(),
    category: text(),
    scheduledFor: time(),
    /** The Stream its own is paired with: Watches with that pair have Sessions of their own. */
    crossId: ref().references(() => streams.id),
    /** The Stream it is captured from now; null: its own. */
    sourceId: ref().references(() => streams.id),
    /** When the platform says it began; else when we first saw it. */
    startedAt: createdAt(),
    /** When it was first seen live; null while it is only announced. */
    detectedAt: time(),
    /** Since when the source is lost; grace runs from here, for whoever takes over too. */
    lostAt: time(),
    /** When the source said it ended, or grace ran out. */
    endedAt: time(),
    /** Whoever has it may look at this recording: links in chats hold it. */
    shareKey: text().notNull().default(sql`replace(gen_random_uuid()::text, '-', '')`),
    /** Code of why it ended: `source_ended`, `grace_over`, `stopped`, `session_hours`, an error code. */
    endReason: text(),
    continuesId: ref(),
    createdAt: createdAt(),
    changedAt: createdAt(),
  },
  (t) => [
    uniqueIndex('sessions_one_active')
      .on(t.streamId, sql`coalesce(cross_id, 0)`)
      .where(sql`state in ('waiting', 'starting', 'recording', 'reconnecting')`),
    uniqueIndex('sessions_one_broadcast')
      .on(t.streamId, sql`coalesce(cross_id, 0)`, t.broadcastId)
      .where(sql`broadcast_id is not null and continues_id is null`),
    index().on(t.state),
  ],
);

export const renditions = pgTable(
  'renditions',
  {
    id: id(),
    sessionId: ref()
      .notNull()
      .references(() => sessions.id),
    name: text().$type<Quality | (string & {})>().notNull(),
    kind: text().$type<'captured' | 'derived' | 'noticed'>().notNull().default('captured'),
    /** Nobody wants more of it, or its source ended: no capture may claim it any more. */
    endedAt: time(),
    endReason: text(),
    /** Every captured byte is kept; no owner holds more in its spool. */
    keptAt: time(),
    /** The last error of its capture, as a sentence code; cleared by a kept Segment. */
    trouble: text(),
    createdAt: createdAt(),
  },
  (t) => [unique().on(t.sessionId, t.name)],
);

/** What a broadcast was called from when on; the first row is its beginning. */
export const chapters = pgTable(
  'chapters',
  {
    id: id(),
    sessionId: ref()
      .notNull()
      .references(() => sessions.id),
    at: createdAt(),
    title: text(),
    category: text(),
  },
  (t) => [index().on(t.sessionId, t.at)],
);

export const takes = pgTable(
  'takes',
  {
    id: id(),
    renditionId: ref()
      .notNull()
      .references(() => renditions.id),
    ordinal: integer().notNull(),
    /** The Stream it came from (cross). */
    streamId: ref()
      .notNull()
      .references(() => streams.id),
    worker: text().notNull(),
    fence: bigint({ mode: 'number' }).notNull(),
    codecs: jsonb().$type<Codecs>().notNull(),
    /** Media time of its first Segment on the Rendition's time line. */
    startMs: doublePrecision().notNull(),
    discontinuitySequence: integer().notNull().default(0),
    /** Initialization sections of fMP4 in Storage: of track 0, and of the sound where that is track 1. */
    initKey: text(),
    audioInitKey: text(),
    /** Not planned into Parts until confirmed (phantom tails); null = confirmed. */
    probationUntil: time(),
    withheldReason: text(),
    startedAt: createdAt(),
    endedAt: time(),
  },
  (t) => [unique().on(t.renditionId, t.ordinal)],
);

export const segments = pgTable(
  'segments',
  {
    id: id(),
    renditionId: ref().notNull(),
    takeId: ref()
      .notNull()
      .references(() => takes.id),
    track: integer().notNull().default(0),
    /** Position in the Take, from 0 without holes. */
    seq: integer().notNull(),
    /** Media sequence in our playlist of the Rendition: from 0 without holes. */
    mediaSequence: integer().notNull(),
    key: text().notNull(),
    sizeBytes: bigint({ mode: 'number' }).notNull(),
    startMs: doublePrecision().notNull(),
    lengthMs: doublePrecision().notNull(),
    isIndependent: boolean().notNull(),
    startsRun: boolean().notNull().default(false),
    frameCount: integer().notNull().default(0),
    sourceSequence: bigint({ mode: 'number' }).notNull(),
    sourceCount: integer().notNull().default(1),
    playlist: text().notNull(),
    programDateTime: time(),
    /** SHA-256 hex of each Media Segment inside. */
    hashes: jsonb().$type<string[]>().notNull(),
    keptAt: createdAt(),
  },
  (t) => [
    unique().on(t.takeId, t.track, t.seq),
    unique().on(t.renditionId, t.track, t.mediaSequence),
    unique().on(t.key),
    check('segments_size', sql`size_bytes > 0 and length_ms > 0`),
  ],
);

export const gaps = pgTable(
  'gaps',
  {
    id: id(),
    renditionId: ref()
      .notNull()
      .references(() => renditions.id),
    takeId: ref(),
    /** Gap: missing. Withheld: kept but not posted. Marked: kept, posted and told (ad breaks). */
    kind: text().$type<'gap' | 'withheld' | 'marked'>().notNull().default('gap'),
    /** Where on the Rendition's media time (Gaps themselves take no time there). */
    atMs: doublePrecision().notNull(),
    lengthMs: doublePrecision().notNull(),
    cause: text().$type<GapCause | (string & {})>().notNull(),
    detail: text(),
    createdAt: createdAt(),
  },
  (t) => [index().on(t.renditionId)],
);

export const cuts = pgTable(
  'cuts',
  {
    id: id(),
    renditionId: ref()
      .notNull()
      .references(() => renditions.id),
    /** First Segment's mediaSequence; what lies before belongs to `previousId` or to nobody. */
    fromSequence: integer().notNull(),
    /** Last Segment's mediaSequence where a window ended before its Rendition; -1 = open. */
    toSequence: integer().notNull().default(-1),
    limitBytes: bigint({ mode: 'number' }).notNull(),
    splitMs: doublePrecision().notNull().default(0),
    /** Share of the limit that is planned for; lower after a Part came out too big. */
    margin: doublePrecision().notNull(),
    previousId: ref(),
    createdAt: createdAt(),
  },
  (t) => [unique('cuts_key').on(t.renditionId, t.fromSequence, t.toSequence, t.limitBytes, t.splitMs, t.margin)],
);

export const parts = pgTable(
  'parts',
  {
    id: id(),
    cutId: ref()
      .notNull()
      .references(() => cuts.id),
    renditionId: ref().notNull(),
    /** mediaSequence of its first and last Segment. */
    fromSequence: integer().notNull(),
    toSequence: integer().notNull(),
    startMs: doublePrecision().notNull(),
    /** As planned from the Segments; as made from the file once `madeAt` stands. */
    lengthMs: doublePrecision().notNull(),
    sizeBytes: bigint({ mode: 'number' }).notNull(),
    isOversized: boolean().notNull().default(false),
    width: integer(),
    height: integer(),
    frameCount: integer(),
    hash: text(),
    fileName: text(),
    madeAt: time(),
    createdAt: createdAt(),
  },
  (t) => [unique().on(t.cutId, t.fromSequence), index().on(t.renditionId)],
);

export const uploads = pgTable(
  'uploads',
  {
    id: id(),
    partId: ref()
      .notNull()
      .references(() => parts.id),
    account: text().notNull(),
    state: text().$type<UploadState>().notNull().default('waiting'),
    sentBytes: bigint({ mode: 'number' }).notNull().default(0),
    remote: jsonb().$type<Remote>(),
    attempts: integer().notNull().default(0),
    nextAttemptAt: createdAt(),
    error: text(),
    createdAt: createdAt(),
    changedAt: createdAt(),
  },
  (t) => [unique().on(t.partId, t.account), index().on(t.state)],
);

export const deliveries = pgTable(
  'deliveries',
  {
    id: id(),
    watchId: ref()
      .notNull()
      .references(() => watches.id),
    targetId: ref()
      .notNull()
      .references(() => targets.id),
    sessionId: ref()
      .notNull()
      .references(() => sessions.id),
    renditionId: ref()
      .notNull()
      .references(() => renditions.id),
    /** Set with the first Segment in its window; follows the successors of its Cut. */
    cutId: ref(),
    state: text().$type<DeliveryState>().notNull().default('collecting'),
    /** Window in mediaSequence: first wanted Segment … */
    fromSequence: integer().notNull().default(0),
    /** … and the last one; null while the window is open. -1: closed before the first Segment. */
    toSequence: integer(),
    closedAt: time(),
    /** Code of why the window closed. */
    closeReason: text(),
    error: text(),
    createdAt: createdAt(),
    changedAt: createdAt(),
  },
  (t) => [
    // A window that a rule closed (filter, schedule) may be followed by another one in the same Session.
    uniqueIndex('deliveries_one_open').on(t.watchId, t.targetId, t.sessionId).where(sql`closed_at is null`),
    index().on(t.watchId, t.sessionId),
    index().on(t.sessionId),
    index().on(t.state),
  ],
);

export const posts = pgTable(
  'posts',
  {
    id: id(),
    deliveryId: ref()
      .notNull()
      .references(() => deliveries.id),
    kind: text().$type<PostKind>().notNull(),
    /** Order in its Delivery and kind, from 0. */
    ordinal: integer().notNull(),
    state: text().$type<PostState>().notNull().default('planned'),
    partIds: jsonb().$type<number[]>().notNull().default([]),
    content: jsonb().$type<PostContent>().notNull(),
    /** Highest message id known in the chat when the intent was written. */
    idFloor: text(),
    /** When the intent of the last try was written. */
    sentAt: time(),
    posted: jsonb().$type<PostedIds>(),
    attempts: integer().notNull().default(0),
    nextAttemptAt: createdAt(),
    error: text(),
    postedAt: time(),
    /** When the content last went out (cards are edited). */
    editedAt: time(),
    createdAt: createdAt(),
    changedAt: createdAt(),
  },
  (t) => [unique().on(t.deliveryId, t.kind, t.ordinal), index().on(t.state), index().on(t.postedAt)],
);

/**
 * What a place of a chat was found to take, below what its own description says: a size it refused is not tried again.
 * It holds while that description says `basisBytes`.
 */
export const placeLimits = pgTable(
  'place_limits',
  {
    account: text().notNull(),
    /** The chat's own id of what limits are kept for: a Discord server. */
    placeId: text().notNull(),
    basisBytes: bigint({ mode: 'number' }).notNull(),
    /** Largest file, and largest message with all its files; null while nothing was refused. */
    fileBytes: bigint({ mode: 'number' }),
    messageBytes: bigint({ mode: 'number' }),
    changedAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.account, t.placeId] })],
);

/** Bytes per second an account's uploads really get, learned from each of them. */
export const uploadRates = pgTable('upload_rates', {
  account: text().primaryKey(),
  bytesPerSecond: doublePrecision().notNull(),
  changedAt: createdAt(),
});

/**
 * What a chat handed over, written before it is confirmed to the chat: nothing said is lost, nothing is answered twice.
 * `repliedAt` is written before the reply is sent: a reply whose fate is unknown is not sent again.
 */
export const inbox = pgTable(
  'inbox',
  {
    id: id(),
    account: text().notNull(),
    /** The chat's own id of the event. */
    eventId: text().notNull(),
    chatId: text().notNull(),
    body: jsonb().$type<Record<string, unknown>>().notNull(),
    handledAt: time(),
    reply: jsonb().$type<ChatReply>(),
    repliedAt: time(),
    createdAt: createdAt(),
  },
  (t) => [unique().on(t.account, t.eventId), index().on(t.account, t.id).where(sql`handled_at is null`)],
);

/**
 * Messages of a channel as its discussion group or the bot itself was shown them: they prove that a post stands, and
 * say where its comments go.
 */
export const sightings = pgTable(
  'sightings',
  {
    id: id(),
    account: text().notNull(),
    /** Where it was seen: the group of a forward, the channel of an own post. */
    chatId: text().notNull(),
    messageId: text().notNull(),
    /** What it is a forward of; the message itself where it is none. */
    originChatId: text().notNull(),
    originMessageId: text().notNull(),
    fileUniqueId: text(),
    text: text(),
    at: createdAt(),
  },
  (t) => [unique().on(t.account, t.chatId, t.messageId), index().on(t.account, t.originChatId, t.originMessageId)],
);

export const leases = pgTable(
  'leases',
  {
    what: text().primaryKey(),
    owner: text().notNull(),
    /** Raised by every take-over; a writer whose fence is older is refused. */
    fence: bigint({ mode: 'number' }).notNull().default(1),
    until: time().notNull(),
  },
  // Monitors are counted every second among the leases of all that ever was.
  (t) => [index('leases_monitors').on(t.what).where(sql`what like 'monitor:%'`)],
);

/** Rates shared by all processes: when the last units went or are to go, and before when none may. */
export const gates = pgTable('gates', {
  key: text().primaryKey(),
  nextAt: time().notNull(),
  takenAt: time().array().notNull().default(sql`'{}'`),
});

/** Units of a day that all processes share: how many of that day's are used. */
export const quotas = pgTable('quotas', {
  key: text().primaryKey(),
  /** `2026-11-21`, in the time zone the quota's day begins in. */
  day: text().notNull(),
  usedCount: integer().notNull(),
});

export const events = pgTable(
  'events',
  {
    id: id(),
    at: createdAt(),
    /** Past tense: `session.recording`, `post.posted`. */
    kind: text().notNull(),
    subject: text().notNull(),
    subjectId: ref().notNull(),
    data: jsonb().$type<Record<string, unknown>>().notNull().default({}),
  },
  (t) => [index().on(t.subject, t.subjectId)],
);

export const audit = pgTable(
  'audit',
  {
    id: id(),
    at: createdAt(),
    chatKind: chatKind().notNull(),
    chatId: text().notNull(),
    userId: text().notNull(),
    userName: text().notNull().default(''),
    action: text().notNull(),
    detail: jsonb().$type<Record<string, unknown>>().notNull().default({}),
  },
  (t) => [index().on(t.chatKind, t.chatId)],
);

export const grants = pgTable(
  'grants',
  {
    chatKind: chatKind().notNull(),
    chatId: text().notNull(),
    userId: text().notNull(),
    role: text().$type<Role>().notNull(),
    grantedBy: text().notNull(),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.chatKind, t.chatId, t.userId] })],
);

/** What a chat is set to; a chat without a row has the defaults. */
export const chatSettings = pgTable(
  'chat_settings',
  {
    chatKind: chatKind().notNull(),
    chatId: text().notNull(),
    /** IANA name (`Europe/Berlin`) that times of this chat are meant in; null: UTC. */
    timeZone: text(),
    changedAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.chatKind, t.chatId] })],
);

/** What Aircheck says by itself, once: alerts, warnings. Chats show them in order. */
export const notices = pgTable(
  'notices',
  {
    id: id(),
    chatKind: chatKind().notNull(),
    chatId: text().notNull(),
    threadId: text(),
    /** One thing is said to a chat once under one key. */
    key: text().notNull(),
    text: text().notNull(),
    /** Written before it is sent: what may have been shown is not shown again. */
    saidAt: time(),
    createdAt: createdAt(),
  },
  (t) => [unique().on(t.chatKind, t.chatId, t.key), index().on(t.chatKind, t.id).where(sql`said_at is null`)],
);

/** Cookies of a site, for all chats. The values are encrypted with `SECRET_KEY` and are never shown. */
export const cookies = pgTable('cookies', {
  /** Registrable domain they belong to: `youtube.com`. */
  domain: text().primaryKey(),
  /** AES-256-GCM of a Netscape cookie file. */
  sealed: text().notNull(),
  cookieCount: integer().notNull(),
  /** When the first of those that matter expires; null: never. */
  expiresAt: time(),
  /** Who brought them: `telegram:123`, and the chat that is warned. */
  broughtBy: text().notNull(),
  chatKind: chatKind().notNull(),
  chatId: text().notNull(),
  changedAt: createdAt(),
});

/** Looks at a Stream, run-length: a row stands for `count` equal answers from `at` to `lastAt`. */
export const checks = pgTable(
  'checks',
  {
    id: id(),
    streamId: ref()
      .notNull()
      .references(() => streams.id),
    state: text().notNull(),
    reason: text(),
    count: integer().notNull().default(1),
    at: createdAt(),
    lastAt: createdAt(),
  },
  (t) => [index().on(t.streamId, t.id)],
);

/** The web chat's own messages: what Telegram's servers are to Telegram. Driver: bots/web.ts. */
export const webMessages = pgTable(
  'web_messages',
  {
    id: id(),
    chatId: text().notNull(),
    /** Message it hangs under (comments). */
    parentId: ref(),
    author: text().$type<'user' | 'bot'>().notNull(),
    userId: text().notNull().default(''),
    userName: text().notNull().default(''),
    kind: text().$type<'command' | 'reply' | PostKind>().notNull(),
    content: jsonb().$type<PostContent & { isError?: boolean }>().notNull(),
    /** Files of an album in order: storage keys and what a player needs. */
    media: jsonb()
      .$type<
        {
          key: string;
          thumbnailKey?: string;
          width: number;
          height: number;
          lengthMs: number;
          sizeBytes: number;
          fileName: string;
        }[]
      >()
      .notNull()
      .default([]),
    /** Makes a bot's message unique: `post:<id>` or `reply:<message id>`. */
    nonce: text().unique(),
    /** A command is handled at least once; its reply stands exactly once. */
    handledAt: time(),
    createdAt: createdAt(),
    editedAt: time(),
  },
  (t) => [index().on(t.chatId, t.id), index().on(t.handledAt).where(sql`author = 'user' and handled_at is null`)],
);
