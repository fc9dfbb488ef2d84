import type { APIUser } from 'discord.js';

/** Hears what `world.emit` was told. `guildId` is null for what happens in no guild (a DM, an interaction there). */
export type DispatchListener = (guildId: string | null, event: string, data: object) => void;

/** What the gateway asks of the world. The world has at least these. */
export type GatewayWorld = {
  readonly token: string;
  /** The token was changed: 4004 from now on. */
  readonly isRevoked?: boolean;
  readonly applicationId: string;
  readonly bot: APIUser;
  /** Called for every event, in order, by `world.emit(guildId, event, data)`; the gateway adds its own. */
  readonly onDispatch: DispatchListener[];
  /** The guilds that the bot is in now. */
  guildIds(): string[];
  /** The data of GUILD_CREATE as the bot sees it: guild with channels, threads, members, roles. */
  guildCreate(guildId: string): object;
  /** Notes what the real server silently ignores but is a bug of ours. */
  violate(text: string): void;
};

/** Numbers of the gateway; all have the real values unless a test needs them smaller. */
export type GatewayOptions = {
  /** Between two heartbeats of a client (41 250). */
  heartbeatIntervalMs?: number;
  /** How much later than the interval a heartbeat may come before the connection is closed (20 000). */
  heartbeatGraceMs?: number;
  /** Between two IDENTIFYs with the same place in `max_concurrency` (5000); an earlier one is refused with op 9. */
  identifyEveryMs?: number;
  /** For how long a session waits for its RESUME (180 000). */
  resumeWindowMs?: number;
  /** How many events a session keeps for its RESUME (1000). */
  replayEvents?: number;
  /** Bits of privileged intents that the application was granted (none); others close with 4014. */
  grantedIntents?: number;
};

/** An event on its way to a client, as it stands in the socket. */
export type Dispatch = { op: 0; t: string; s: number; d: object };

/** One socket. */
export type Link = {
  /** `whenSent` is called when the bytes left this process. */
  send(payload: object, whenSent?: () => void): void;
  close(code: number, reason?: string): void;
  /** Destroys the connection without a close frame. */
  cut(): void;
  /** The same, but what was sent before still arrives. */
  end(): void;
  /** From now on nothing is sent, and nothing that comes in is heard: a zombie. */
  silence(): void;
};

/** A session as it outlives its sockets. */
export type Session = {
  readonly id: string;
  readonly intents: number;
  /** Which part of the guilds, of how many parts. */
  readonly shard: readonly [number, number];
  /** The number of its last event. */
  seq: number;
  /** What a RESUME may ask for, oldest first. */
  kept: Dispatch[];
  /** Undefined while it waits for a RESUME. */
  link?: Link;
  /** Forgets the session when no RESUME came. */
  expiry?: NodeJS.Timeout;
  /** How many RESUMEs it took. */
  resumes: number;
};

/** A payload of a client, in the order in which they came. Tokens are left out. */
export type Received = { op: number; d: unknown; sessionId?: string };
