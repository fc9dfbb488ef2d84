import type {
  BotCommand,
  Chat,
  InlineKeyboardMarkup,
  MessageEntity,
  MessageOrigin,
  Update,
  User,
  WebhookInfo,
} from 'grammy/types';
import type { WorldOptions } from './types.ts';

/** What a file was sent as; it stays so for ever. */
export type FileKind = 'photo' | 'video' | 'document' | 'audio' | 'animation' | 'thumbnail';

/** A document as the servers keep it: one per upload, shared by all its file ids. `sha256` hex. */
export type StoredFile = {
  uniqueId: string;
  kind: FileKind;
  path: string;
  sizeBytes: number;
  sha256: string;
  fileName?: string;
  mimeType?: string;
  /** Fields of the Bot API object (width, duration, ...), frozen at the first upload. */
  attributes: Record<string, unknown>;
  thumbnail?: StoredFile;
};

/** A message as the servers keep it; `views.ts` shows it to a bot. Times in seconds since 1970. */
export type StoredMessage = {
  id: number;
  chat: ChatState;
  date: number;
  editDate?: number;
  from?: User;
  senderChat?: ChatState;
  /** The bot that sent it. */
  botId?: number;
  text?: string;
  entities?: MessageEntity[];
  caption?: string;
  captionEntities?: MessageEntity[];
  isCaptionAbove?: boolean;
  file?: StoredFile;
  /** A video's picture in the chat, chosen for each message. */
  cover?: StoredFile;
  /** In seconds. */
  startTimestamp?: number;
  hasSpoiler?: boolean;
  albumId?: string;
  markup?: InlineKeyboardMarkup;
  replyTo?: StoredMessage;
  /** A reply to a message of another chat, ready to show. */
  externalReply?: Record<string, unknown>;
  threadId?: number;
  isTopicMessage?: boolean;
  origin?: MessageOrigin;
  /** The channel post this is the automatic forward of. */
  forwardOf?: StoredMessage;
  isProtected?: boolean;
  /** Fields of a service message, e.g. `{ forum_topic_created: … }`. */
  service?: Record<string, unknown>;
};

export type MemberStatus = 'creator' | 'administrator' | 'member' | 'restricted' | 'left' | 'kicked';

/** Rights by their Bot API names; one that is absent is not given (restricted, administrator). */
export type Member = { user: User; status: MemberStatus; rights: Record<string, boolean> };

export type Topic = { name: string; isClosed: boolean };

export type ChatState = {
  chat: Chat;
  /** Private chats are one per bot. */
  botId?: number;
  members: Map<number, Member>;
  /** By id, in order; what is deleted is gone. */
  messages: Map<number, StoredMessage>;
  linked?: ChatState;
  topics: Map<number, Topic>;
  /** Newest last. */
  pinned: StoredMessage[];
  migratedTo?: ChatState;
  /** Nothing may be forwarded or copied from here. */
  isProtected?: boolean;
  isBlocked?: boolean;
  isDeactivated?: boolean;
  lastBotId?: number;
  /** The last message id given here; not used for private and basic groups. */
  lastId: number;
};

/** One call of answerCallbackQuery. */
export type CallbackAnswer = { queryId: string; text?: string; showAlert: boolean };

export type CommandList = { scope: Record<string, unknown>; languageCode: string; commands: BotCommand[] };

/** What waits for a bot; `at` in ms since 1970. */
export type QueuedUpdate = { update: Update; at: number };

export type Webhook = WebhookInfo & { url: string; secret?: string };

export type BotState = {
  token: string;
  user: User;
  hasPrivacy: boolean;
  isRevoked: boolean;
  queue: QueuedUpdate[];
  nextUpdateId: number;
  /** Ids of private and basic groups count together, per bot. */
  lastMessageId: number;
  allowedUpdates: string[] | undefined;
  webhook: Webhook | undefined;
  /** Ends the getUpdates that waits, with 409. */
  endPoll: (() => void) | undefined;
  lastPoll: { offset: number; at: number } | undefined;
  /** Called when an update was put into the queue. */
  onUpdate: Set<() => void>;
  commands: CommandList[];
  /** When messages and edits went out, ms: by `send:<chat>`, `edit:<chat>` and `send`. */
  rates: Map<string, number[]>;
  callbacks: Map<string, number>;
};

/** Everything the server knows. */
export type WorldState = {
  options: WorldOptions;
  bots: Map<string, BotState>;
  users: Map<number, User>;
  chats: Map<string, ChatState>;
  files: Map<string, { botId: number; file: StoredFile }>;
  answers: CallbackAnswer[];
  /** Added to the machine's clock, ms. */
  clockOffsetMs: number;
  /** Where the machine's clock is taken to stand, ms since 1970. */
  frozenAt: number | undefined;
  nextId: number;
  /** Automatic forwards that wait; undefined when they are not held. */
  heldForwards: (() => void)[] | undefined;
  forwardsToDrop: number;
  heldUpdates: (() => void)[] | undefined;
  scheduled: (() => void)[];
  timers: Set<NodeJS.Timeout>;
  closing: AbortController;
  /** Called while a `file:` URI is read, e.g. to change the file under the server's hands. */
  duringRead: (() => Promise<void>) | undefined;
};

/** The server's clock, in ms since 1970. */
export function nowMs(world: WorldState): number {
  return (world.frozenAt ?? Date.now()) + world.clockOffsetMs;
}

/** The server's clock as messages show it, in seconds. */
export function nowSeconds(world: WorldState): number {
  return Math.floor(nowMs(world) / 1000);
}

/** A number never given before in this world. */
export function nextId(world: WorldState): number {
  world.nextId += 1;
  return world.nextId;
}

/** Runs `fn` after `ms`, unless the world is closed before. */
export function later(world: WorldState, ms: number, fn: () => void): void {
  const timer = setTimeout(() => {
    world.timers.delete(timer);
    fn();
  }, ms);
  world.timers.add(timer);
}

/** The key of a chat in `chats`: private chats are one per bot. */
export function chatKey(chatId: number, botId: number): string {
  return chatId > 0 ? `${botId}:${chatId}` : String(chatId);
}

/** @throws Error when no bot has this token: the HTTP side answers 401 before. */
export function botByToken(world: WorldState, token: string): BotState {
  const bot = world.bots.get(token);
  if (!bot) throw new Error('no such bot');
  return bot;
}

/** @throws Error for an id that is no bot's */
export function botById(world: WorldState, id: number): BotState {
  const bot = [...world.bots.values()].find(({ user }) => user.id === id);
  if (!bot) throw new Error('no such bot');
  return bot;
}
