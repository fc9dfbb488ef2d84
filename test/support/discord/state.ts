import type { APIOverwrite, APIUser } from 'discord.js';
import type { StoredFile } from './file-store.ts';
import type { DispatchListener } from './gateway-types.ts';
import type { StoredInteraction } from './interaction-state.ts';

export type Fields = Record<string, unknown>;

export type RoleState = { id: string; name: string; permissions: bigint; position: number; isManaged: boolean };

/** `joinedAt` in ms since 1970. Roles without `@everyone`. */
export type MemberState = { user: APIUser; roleIds: string[]; joinedAt: number };

/** A guild. `premiumTier` is the boost level, 0 to 3. */
export type GuildState = {
  id: string;
  name: string;
  ownerId: string;
  features: string[];
  premiumTier: number;
  /** Largest single file, in bytes. */
  fileLimitBytes: number;
  /** What interactions say of it; the real one can be smaller. */
  announcedFileLimitBytes: number;
  locale: string;
  roles: Map<string, RoleState>;
  members: Map<string, MemberState>;
  joinedAt: number;
  /** The bot was removed. */
  isLeft: boolean;
};

/** By their numbers in the API. Source: https://docs.discord.com/developers/resources/channel#channel-object-channel-types */
export const channelTypes = {
  text: 0,
  dm: 1,
  voice: 2,
  category: 4,
  announcement: 5,
  announcementThread: 10,
  thread: 11,
  privateThread: 12,
} as const;

export type ThreadState = {
  ownerId: string;
  isArchived: boolean;
  isLocked: boolean;
  autoArchiveMinutes: number;
  createdAt: number;
};

/** A channel, thread or direct conversation. */
export type ChannelState = {
  id: string;
  type: number;
  name: string;
  guildId?: string;
  /** Of a thread: the channel it hangs on. */
  parentId?: string;
  overwrites: APIOverwrite[];
  /** The other side of a direct conversation. */
  recipient?: APIUser;
  thread?: ThreadState;
  /** By id; what is deleted is gone. */
  messages: Map<string, StoredMessage>;
  lastMessageId?: string;
};

export type StoredAttachment = {
  id: string;
  file: StoredFile;
  fileName: string;
  title?: string;
  description?: string;
};

/** A message as the servers keep it; `views.ts` shows it. Times in ms since 1970. */
export type StoredMessage = {
  id: string;
  channelId: string;
  /** 0 plain, 19 reply, 20 answer to a command, 21 first of a thread. */
  type: number;
  author: APIUser;
  content: string;
  embeds: Fields[];
  components: Fields[];
  attachments: StoredAttachment[];
  flags: number;
  createdAt: number;
  editedAt?: number;
  nonce?: string | number;
  replyTo?: string;
  /** The channel of `replyTo`, where it is another one. */
  replyChannelId?: string;
  interaction?: StoredInteraction;
  /** Emoji to the ids of who reacted. */
  reactions: Map<string, Set<string>>;
  /** The thread that hangs on it has its id. */
  hasThread: boolean;
  allowedMentions?: Fields;
  /** Of an ephemeral message, which stands in no channel: the bot took it back. */
  isDeleted?: boolean;
};

/** A command as Discord gives it back. */
export type StoredCommand = Fields & { id: string; name: string; type: number; version: string; guild_id?: string };

/** What `createWorld` is given; `startDiscord` fills it in. */
export type WorldOptions = {
  token: string;
  applicationId: string;
  /** Absolute, exists; uploaded files stand here. */
  filesDir: string;
  /** For how long a nonce is remembered (300 000). Source: "past few minutes" in Create Message of the documentation. */
  nonceWindowMs: number;
  /** Largest request; undefined: as documented where the guild's file limit fits into it, else none. */
  requestLimitBytes?: number;
  /** Whether rates are enforced with 429. */
  isRateLimited: boolean;
  /** How many invalid requests (401, 403, 429) in ten minutes close the door (10 000). */
  invalidLimit: number;
  violate: (text: string) => void;
};

/** Everything the servers know. */
export type WorldState = {
  options: WorldOptions;
  readonly token: string;
  readonly applicationId: string;
  readonly bot: APIUser;
  isRevoked: boolean;
  /** `http://127.0.0.1:<port>`, once the server listens. */
  origin: string;
  users: Map<string, APIUser>;
  guilds: Map<string, GuildState>;
  channels: Map<string, ChannelState>;
  /** By guild id, `''` is global; in the order in which they were made. */
  commandLists: Map<string, Map<string, StoredCommand>>;
  interactions: Map<string, StoredInteraction>;
  attachments: Map<string, StoredAttachment & { channelId: string }>;
  /** The author and the nonce to the message it made. */
  nonces: Map<string, { message: StoredMessage; at: number }>;
  /** Users who take no direct messages. */
  closedDirects: Set<string>;
  readonly onDispatch: DispatchListener[];
  /** Added to the machine's clock, ms. */
  clockOffsetMs: number;
  /** Where the machine's clock is taken to stand, ms since 1970. */
  frozenAt: number | undefined;
  /** The last snowflake that was given. */
  lastId: bigint;
};

/** The server's clock, in ms since 1970. */
export function nowMs(world: WorldState): number {
  return (world.frozenAt ?? Date.now()) + world.clockOffsetMs;
}

/** Discord's year zero. Source: https://docs.discord.com/developers/reference#snowflakes */
const epochMs = 1_420_070_400_000n;

/** The next id: its upper bits are the server's time, and every id is larger than the one before. */
export function newId(world: WorldState): string {
  const first = (BigInt(nowMs(world)) - epochMs) << 22n;
  world.lastId = first > world.lastId ? first : world.lastId + 1n;
  return String(world.lastId);
}

/** Tells the gateway. `guildId` null: outside of guilds. */
export function emit(world: WorldState, guildId: string | null, event: string, data: object): void {
  for (const listener of world.onDispatch) listener(guildId, event, data);
}

/** @throws Error when there is no such channel */
export function channelOf(world: WorldState, id: string): ChannelState {
  const channel = world.channels.get(id);
  if (!channel) throw new Error(`no channel ${id}`);
  return channel;
}

/** @throws Error when there is no such guild */
export function guildOf(world: WorldState, id: string): GuildState {
  const guild = world.guilds.get(id);
  if (!guild) throw new Error(`no guild ${id}`);
  return guild;
}
