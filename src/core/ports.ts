import type { AdPolicy, ChatAddress, ChatKind, Codecs, Engine, Language, Quality, Role } from './model.ts';

/** A Stream as drivers see it. `url` is canonical and may hold secrets in its query: never log it. */
export type StreamRef = { id: number; platform: string; channel: string; url: string };

/** What a Platform knows of a Stream. An API failure is `unknown`, never `offline`. */
export type StreamStatus = {
  streamId: number;
  state: 'live' | 'offline' | 'ended' | 'scheduled' | 'unknown';
  /** The platform's own id of this broadcast, where it has one. */
  broadcastId?: string;
  title?: string;
  category?: string;
  startedAt?: Date;
  scheduledFor?: Date;
  /** Code of a sentence in `core/text` that says why, for `unknown` and `ended`. */
  reason?: string;
};

/** Knows when Streams are live. Contract suite: `test/contract/platform.ts`. */
export type Platform = {
  name: string;
  /** The Stream a URL names, or undefined where the URL is not of this platform. */
  match(url: URL): { channel: string; url: string } | undefined;
  /** Asks for all Streams at once; answers one status for each, in order. Never throws for one bad Stream. */
  check(streams: StreamRef[], signal: AbortSignal): Promise<StreamStatus[]>;
};

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

/** What a chat can take at one Target. Source: each driver's docstring. */
export type ChatLimits = {
  partBytes: number;
  /** 1 where albums are not possible. */
  albumItems: number;
  captionChars: number;
  textChars: number;
  maxParts: number;
};

/** What a Target asks for beyond its place; every key optional. */
export type TargetOptions = {
  /** Posts in an announcement channel are published to the channels that follow it. */
  isCrossposted?: boolean;
};

export type TargetRef = {
  id: number;
  kind: ChatKind;
  /** The chat's own id of the place that is posted to; what is inside it follows a `/` (a forum topic: `-100123/7`). */
  address: string;
  discussion?: string;
  vault?: string;
  limits: Partial<ChatLimits>;
  options?: TargetOptions;
};

/** A Part file ready to be staged or posted. Sizes in pixels, thumbnail a JPEG of at most 320 px. */
export type PartFile = {
  partId: number;
  path: string;
  thumbnailPath?: string;
  sizeBytes: number;
  lengthMs: number;
  width: number;
  height: number;
  /** `[A-Za-z0-9._-]` only. */
  fileName: string;
};

/** What a chat gave back for a staged file; opaque to everyone but the driver. JSON. */
export type Remote = Record<string, unknown>;

/** What is shown, before any markup; the driver escapes it. */
export type PostContent = {
  text: string;
  /** Rows of the card, shown as label and value. */
  facts?: { label: string; value: string }[];
  buttons?: { text: string; command?: string; url?: string }[];
  state?: string;
  /** The state in the language of the chat. */
  stateText?: string;
  url?: string;
};

export type OutgoingPost = {
  id: number;
  kind: 'card' | 'album' | 'video' | 'link' | 'comment';
  /** Where it goes: the Target's address, or the ordering chat for a card. */
  chat: ChatAddress;
  content: PostContent;
  /** What the chat gave for the post this one hangs under (comments). */
  parent?: PostedIds;
  /** Highest message id known in that chat when the intent was written. */
  idFloor?: string;
  /** When the intent was written: what is older in the chat is not this post. */
  intentAt?: Date;
  /** What the chat answered already: accepted, but its ids are not known yet. */
  posted?: PostedIds;
  /** A link's picture: a JPEG on this disk. */
  coverPath?: string;
};

/** Staged before (`remote`), or sent as it is posted (`file`). */
export type PostItem = { partId: number; remote?: Remote; file?: PartFile };

/** The messages that a post became, in order. */
export type PostedIds = {
  /** `'0'`: accepted by the chat, which publishes it later and tells the id then. */
  messageIds: string[];
  /** Where they stand, if not at the Target's address (comments). */
  chatId?: string;
  /** What the chat gave for each file that was sent as it was posted: it can be sent again by it. */
  remotes?: Remote[];
};

export type Reconciled = { verdict: 'posted'; ids: PostedIds } | { verdict: 'missing' } | { verdict: 'unknown' };

/** A place a person named as a Target. */
export type Place = {
  /** The chat's own id of it: names change hands. */
  address: string;
  name: string;
  /** The person who named it may decide what is posted there. */
  isTheirs: boolean;
};

/** Something said in a chat. */
export type ChatEvent = {
  kind: 'command';
  chat: ChatAddress;
  /** `language` is that of the person's app, `role` the right that the chat's own roles give, where the chat tells it. */
  user: { id: string; name: string; isOwner: boolean; language?: Language; role?: Role };
  text: string;
  messageId: string;
};

/** A person fills in one argument of a command and wants to be shown what it can be. */
export type Asking = Omit<ChatEvent, 'kind' | 'text' | 'messageId'> & {
  command: string;
  argument: string;
  /** What stands there so far. */
  typed: string;
};

/** One value an argument can have, and what a person is shown for it. */
export type Suggestion = { value: string; label: string };

export type ChatReply = { text: string; isError?: boolean };

/** Where people talk and we post. Contract suite: `test/contract/chat.ts`. */
export type Chat = {
  kind: ChatKind;
  /** Names the bot account; Uploads are kept per account. */
  account: string;
  limits(target: TargetRef): Promise<ChatLimits>;
  /** Runs until the signal; each event is handed over at least once, its reply shown exactly once. */
  listen(onEvent: (event: ChatEvent) => Promise<ChatReply | undefined>, signal: AbortSignal): Promise<void>;
  /** Events that come by HTTP: the web hands over what is posted to `path`. */
  webhook?: { path: string; receive(body: unknown, headers: Headers): Promise<'taken' | 'refused'> };
  /** Whether a file can be staged for this Target and sent again later; else it is sent as it is posted. */
  canStage(target: TargetRef): boolean;
  /**
   * Sends a file to where nobody looks. A second time is harmless.
   *
   * @throws TemporaryError to try again, FatalError `part_over_limit` where the chat takes smaller files only
   */
  stage(
    target: TargetRef,
    file: PartFile,
    options: { signal: AbortSignal; onProgress: (sentBytes: number) => void },
  ): Promise<Remote>;
  /**
   * @throws AmbiguousError when the answer was lost; TemporaryError when nothing was sent and it may be tried again;
   *   FatalError for a clear no: `remote_refused` where the staged files are to be staged anew
   */
  post(target: TargetRef, post: OutgoingPost, items: PostItem[], signal: AbortSignal): Promise<PostedIds>;
  edit(target: TargetRef, post: OutgoingPost, ids: PostedIds, signal: AbortSignal): Promise<void>;
  /** Looks whether a post whose answer was lost stands; never sends it. */
  reconcile(target: TargetRef, post: OutgoingPost, items: PostItem[], signal: AbortSignal): Promise<Reconciled>;
  /** Address of a posted message that a browser opens. */
  linkTo?(target: TargetRef, ids: PostedIds): string | undefined;
  /** What a person calls a place, as the chat knows it. @throws UserError `place_unknown`, `place_closed` */
  findPlace(address: string, userId: string): Promise<Place>;
  /** One sentence code for each thing that is missing at the Target; empty when all is well. */
  doctor(target: TargetRef): Promise<string[]>;
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
