import type { User } from 'grammy/types';
import type { World } from './world.ts';

/** A part of a multipart body that stands on disk. `path` is absolute, `sha256` hex. */
export type UploadedFile = { fileName: string; mimeType: string; path: string; sizeBytes: number; sha256: string };

/**
 * One call after parsing: values as JSON says them (numbers are numbers, objects objects), files by part name.
 * `file://` and `attach://` are still strings in `params`.
 */
export type Call = {
  token: string;
  /** As the documentation spells it, e.g. `sendVideo`. */
  method: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- checked against spec.json before a handler sees it
  params: Record<string, any>;
  files: Map<string, UploadedFile>;
  /** Aborted when the server closes or restarts, NOT when the client hangs up. */
  signal: AbortSignal;
  /** Set by the fault `messageIdZero`: answer with message_id 0 now, the post appears at `world.publish()`. */
  isAutoScheduled?: boolean;
  /** Set by the fault `shownAs`. */
  shownAs?: 'audio' | 'animation' | 'document';
};

/** Answers one method. @throws ApiError for what the real server refuses. */
export type Handler = (world: World, call: Call) => Promise<unknown>;

/** `cloud` is api.telegram.org, `local` a telegram-bot-api started with --local. */
export type Mode = 'cloud' | 'local';

/** What `createWorld` is given; everything is filled in by `startTelegram`. */
export type WorldOptions = {
  mode: Mode;
  /** Whether rates are enforced with 429. */
  flood: boolean;
  /** Absolute, exists; uploaded files stand here. */
  filesDir: string;
  /** Local mode: `file://` paths begin with `there`, which is `here` on this disk. */
  containerRoot?: { here: string; there: string };
  /** Posts to channels are auto-scheduled (message_id 0) and appear after this time. */
  bigChannelDelayMs?: number;
  forwardDelayMs?: number;
  /** Notes what the real server silently ignores but is a bug of ours. */
  violate: (text: string) => void;
};

/** What the HTTP side asks of the world, besides `handlers`. `World` has at least these. */
export type WorldForServer = {
  /** Makes a bot with this token, e.g. `1000:AA…`; its id is the number before the colon. */
  addBot(token: string): User;
  /** Undefined for a token that was never added (or is revoked). */
  botOf(token: string): User | undefined;
  /** From now on the token answers 401. */
  revoke(token: string): void;
  /** The file behind a `file_path` of getFile in cloud mode; undefined: 404. */
  fileAt(token: string, filePath: string): { path: string; sizeBytes: number } | undefined;
  /** Sends out what was auto-scheduled, with its own `channel_post` update. */
  publish(): void;
  /** Ends timers and webhook deliveries. */
  close(): Promise<void>;
};
