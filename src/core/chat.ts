/** The Chat port and what passes through it; `ports.ts` names all four. */
import type { ChatAddress, ChatKind, Language, Role } from './model.ts';

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
  /** When the intent was written, on Postgres' clock: what is older in the chat is not this post. */
  intentAt?: Date;
  /** By how many milliseconds, at least and at most, the clock of this process is ahead of that. */
  clockAheadMs?: { least: number; most: number };
  /** What the chat answered already: accepted, but its ids are not known yet. */
  posted?: PostedIds;
  /** A link's picture: a JPEG on this disk. */
  coverPath?: string;
};

/**
 * When the intent of a post was written, on the clock of this process. Who sends asks for the earliest, and is never too
 * late; who looks for a post asks for the latest, and never looks too soon.
 */
export const intentHere = (
  { intentAt, clockAheadMs: ahead }: Pick<OutgoingPost, 'intentAt' | 'clockAheadMs'>,
  bound: 'earliest' | 'latest',
) => intentAt && new Date(intentAt.getTime() + ((bound === 'earliest' ? ahead?.least : ahead?.most) ?? 0));

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
  /** A person said that it stands (`/confirm`): ids that the chat did not tell by then are not waited for. */
  isTold?: boolean;
};

/** `isUnprovable`: no later look will tell more, so a person is asked. */
export type Reconciled =
  | { verdict: 'posted'; ids: PostedIds }
  | { verdict: 'missing' }
  | { verdict: 'unknown'; isUnprovable?: boolean };

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
  /** Nobody else reads along. */
  isPrivate?: boolean;
  /** What came with it. */
  file?: SaidFile;
  /** Takes what was said out of the chat, for it holds a secret. @returns whether it is gone */
  hide?(): Promise<boolean>;
};

/** A file a person sent. `read` throws UserError `file_too_big` over `maxBytes`, TemporaryError where it cannot be had. */
export type SaidFile = { name: string; read(maxBytes: number, signal: AbortSignal): Promise<Buffer> };

/** A person fills in one argument of a command and wants to be shown what it can be. */
export type Asking = Pick<ChatEvent, 'chat' | 'user'> & {
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
  /**
   * Says something by itself, not as an answer. `key` is what it is among all messages the bot ever makes.
   *
   * @returns false where the signal came before anything was sent
   * @throws AmbiguousError, FatalError as `post`
   */
  say(chat: ChatAddress, message: { key: string; text: string }, signal: AbortSignal): Promise<boolean>;
  /**
   * Takes a card of our own away. One that is gone already is no error.
   *
   * @throws FatalError where it cannot be taken away any more: it is edited instead
   */
  remove?(target: TargetRef, post: OutgoingPost, ids: PostedIds, signal: AbortSignal): Promise<void>;
  /** Looks whether a post whose answer was lost stands; never sends it. */
  reconcile(target: TargetRef, post: OutgoingPost, items: PostItem[], signal: AbortSignal): Promise<Reconciled>;
  /** Address of a posted message that a browser opens. */
  linkTo?(target: TargetRef, ids: PostedIds): string | undefined;
  /** What a person calls a place, as the chat knows it. @throws UserError `place_unknown`, `place_closed` */
  findPlace(address: string, userId: string): Promise<Place>;
  /** One sentence code for each thing that is missing at the Target; empty when all is well. */
  doctor(target: TargetRef): Promise<string[]>;
};
