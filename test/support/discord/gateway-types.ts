import type { APIUser } from 'discord-api-types/v10';

/** Hears what `world.emit` was told. `guildId` is null for what happens in no guild (a DM, an interaction there). */
export type DispatchListener = (guildId: string | null, event: string, data: object) => void;

/** What the gateway asks of the world. The world has at least these. */
export type GatewayWorld = {
  readonly token: string;
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
  /** For how long a session waits for its RESUME (180 000). */
  resumeWindowMs?: number;
  /** How many events a session keeps for its RESUME (1000). */
  replayEvents?: number;
  /** Bits of privileged intents that the application was granted (none); others close with 4014. */
  grantedIntents?: number;
};
