import type { CookieReader } from './cookies.ts';
import type { AdPolicy, Codecs, Engine, Quality } from './model.ts';

export type {
  Asking,
  Chat,
  ChatEvent,
  ChatLimits,
  ChatReply,
  OutgoingPost,
  PartFile,
  Place,
  PostContent,
  PostedIds,
  PostItem,
  Reconciled,
  Remote,
  SaidFile,
  Suggestion,
  TargetOptions,
  TargetRef,
} from './chat.ts';

/**
 * A Stream as drivers see it. `url` is canonical and may hold secrets in its query: never log it. `platformId` is the
 * platform's own id of the channel, once a status told it.
 */
export type StreamRef = { id: number; platform: string; channel: string; url: string; platformId?: string };

/** What a Platform knows of a Stream. An API failure is `unknown`, never `offline`. */
export type StreamStatus = {
  streamId: number;
  state: 'live' | 'offline' | 'ended' | 'scheduled' | 'unknown';
  /** The platform's own id of this broadcast, where it has one. */
  broadcastId?: string;
  /** The platform's own id of the channel; kept in its row and handed back with the Stream. */
  platformId?: string;
  /** Of the broadcast; of the channel where it is offline and the platform tells. */
  title?: string;
  category?: string;
  startedAt?: Date;
  scheduledFor?: Date;
  /** Code of a sentence in `core/text` that says why, for `unknown` and `ended`. */
  reason?: string;
  /** The site asked to be left alone for this long. */
  retryAfterMs?: number;
};

/** Knows when Streams are live. Contract suite: `test/contract/platform.ts`. */
export type Platform = {
  name: string;
  /** How often each Stream is looked at, in ms. */
  everyMs: number;
  /** Most Streams one `check` is given: 1 where each is asked by itself, so that a slow one delays no other. */
  batchSize: number;
  /** Most `check`s one process has under way. */
  checksAtOnce: number;
  /**
   * An end that the stream itself tells (EXT-X-ENDLIST) is the end of the broadcast. Where it is not, the streamer may
   * come back: the Session waits out its grace.
   */
  isEndFinal: boolean;
  /** Code of a sentence that `/watch` adds for Streams of this platform: what would make it better. */
  hint?: string;
  /** The Stream a URL names, or undefined where the URL is not of this platform. */
  match(url: URL): { channel: string; url: string } | undefined;
  /** Asks for all Streams at once; answers one status for each, in order. Never throws for one bad Stream. */
  check(streams: StreamRef[], signal: AbortSignal): Promise<StreamStatus[]>;
  /**
   * What channels that are offline announce: their title and category now, or a broadcast that is scheduled. Asked
   * seldom, and only for Streams whose Watches wait. In batches, order and errors as `check`.
   */
  checkOffline?(streams: StreamRef[], signal: AbortSignal): Promise<StreamStatus[]>;
  /**
   * The server a URL names, where a person asks for its streams by name (`auto=`); undefined where no server of this
   * platform can be there. A server is a Stream that is never live itself.
   */
  matchServer?(url: URL): { channel: string; url: string } | undefined;
  /**
   * The streams that are live on a server now. `check` is given them like the server.
   *
   * @throws UserError `address_refused`, or with what a person has to do; TemporaryError
   */
  list?(server: StreamRef, signal: AbortSignal): Promise<ListedStream[]>;
};

/** A stream of a server, as a row of Streams: `platformId` is its name there. */
export type ListedStream = { channel: string; url: string; platformId: string };

/** A media address ready to be captured, as `media/resolve.ts` makes it. */
export type SourceInput = {
  url: string;
  headers: Record<string, string>;
  protocol: 'hls' | 'http' | 'rtmp' | 'rtsp' | 'srt' | 'dash';
  quality: Quality;
  /** Who was asked to get the bytes; absent: the Source that fits best. */
  engine?: Engine;
  /** Resolves the page anew, for an address that ran out; absent where that gives nothing new. */
  renew?(signal: AbortSignal): Promise<SourceInput>;
};

/** Where the last owner of a Rendition stopped, read from its rows. */
export type ResumePoint = {
  /** Media sequence of the last kept HLS Media Segment. */
  sequence: number;
  /** Identity of the playlist the sequence counts in: URL without query. */
  playlist: string;
  /** When the next Media Segment begins, by the playlist's own clock. */
  programDateTime?: Date;
  /** SHA-256 hex of up to the last 30 kept Media Segments, oldest first. */
  hashes: string[];
};

/** A Segment whose file in the spool is complete. */
export type ClosedSegment = {
  /** Absolute path in the spool directory the source was given. */
  path: string;
  /** 0 muxed or video, 1 separate audio. */
  track: 0 | 1;
  sizeBytes: number;
  /** Media time, from the timestamps in the bytes. */
  lengthMs: number;
  /** Begins with a keyframe (or holds no video), read from the bytes. */
  isIndependent: boolean;
  /** Its timestamps do not go on from the Segment before: a new Run begins. */
  startsRun: boolean;
  /** Video frames inside; 0 where there is no video. */
  frameCount: number;
  /** Media sequence of its first HLS Media Segment, and how many it holds. */
  sourceSequence: number;
  sourceCount: number;
  playlist: string;
  /** SHA-256 hex of each Media Segment inside. */
  hashes: string[];
  programDateTime?: Date;
};

/** Codes of what made a Gap; `core/text` has a sentence for each. */
export const gapCauses = [
  'http_error',
  'timeout',
  'slid_out',
  'disk_full',
  'unjoined',
  'reconnect',
  'ad_break',
  'corrupt',
] as const;
export type GapCause = (typeof gapCauses)[number];

/**
 * What a Source yields, in order. A `take` item opens a new Take before the next Segment; `initPath` is the file of the
 * initialization section that its fMP4 Segments are read with, in the spool directory the source was given;
 * `audioInitPath` that of separate sound. A Segment of track 1 comes right before the one of track 0 it is heard with.
 */
export type SourceItem =
  | { kind: 'take'; codecs: Codecs; joined: boolean; initPath?: string; audioInitPath?: string }
  | { kind: 'segment'; segment: ClosedSegment }
  | { kind: 'gap'; lengthMs: number; cause: GapCause; detail?: string }
  /** The Segments that lie in the last `lengthMs` are of this kind; they are kept like all others. */
  | { kind: 'mark'; lengthMs: number; cause: 'ad_break' };

export type SourceOptions = {
  /** Where Segment files are written; exists; only this capture writes there. */
  dir: string;
  /** Segments are closed at the first Media Segment boundary at or past this length. */
  segmentMs: number;
  signal: AbortSignal;
  /** Addresses in private networks may be fetched. */
  allowPrivate: boolean;
  /** Programs to run, by name or path. */
  programs: Programs;
  cookies?: CookieReader | undefined;
  /** What is done with ad breaks where the Source can tell them; default `keep`. */
  ads?: AdPolicy;
};

/** Programs that get or look at media, by name or path. */
export type Programs = { ffmpeg: string; ffprobe: string; ytdlp: string; streamlink: string };

/**
 * Gets the bytes of one Rendition. The iteration **returns** when the stream says it ended, **throws**
 * `TemporaryError` when it was lost (the caller decides by grace), and returns early on abort after closing
 * what it holds. Contract suite: `test/contract/source.ts`.
 */
export type Source = {
  name: string;
  /** 0 = cannot; the highest wins. */
  priority(input: SourceInput): number;
  open(input: SourceInput, from: ResumePoint | undefined, options: SourceOptions): AsyncIterable<SourceItem>;
};

/** Where files rest, shared by all workers and the web. Contract suite: `test/contract/storage.ts`. */
export type Storage = {
  name: string;
  /** Checks the marker file (or writes the first one). @throws FatalError `storage_unreachable`. */
  prepare(): Promise<void>;
  /** Moves the file in atomically; `path` is gone afterwards. A key is written once; again with it is a no-op. @throws TemporaryError `disk_full`, `storage_unreachable`. */
  put(key: string, path: string): Promise<void>;
  /** Bytes from..to inclusive. @throws FatalError `not_found`. */
  read(key: string, range?: { from: number; to: number }): Promise<NodeJS.ReadableStream>;
  stat(key: string): Promise<{ sizeBytes: number } | undefined>;
  /** Keys under a prefix, with times of last change. */
  list(prefix: string): AsyncIterable<{ key: string; changedAt: Date }>;
  /** Removing what is not there is no error. */
  remove(key: string): Promise<void>;
  /** Absolute path where the storage is a local disk. */
  localPath?(key: string): string;
  /** Free bytes where that means something. */
  freeBytes?(): Promise<number>;
};
