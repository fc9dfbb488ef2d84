import type { APIMessage, APIUser } from 'discord.js';
import { forLooks, forPeople, forPlaces, forTime } from './actions.ts';
import type { CommandUse } from './command-use.ts';
import type { StoredFile } from './file-store.ts';
import type { GatewayWorld } from './gateway-types.ts';
import type { GuildOptions } from './guilds.ts';
import type { Interaction } from './interactions.ts';
import type { Permission } from './permissions.ts';
import type * as places from './places.ts';
import {
  type ChannelState,
  emit,
  type GuildState,
  type StoredCommand,
  type WorldOptions,
  type WorldState,
} from './state.ts';
import { guildCreateView } from './views-places.ts';

/** A message as everybody sees it, with the hashes of its files (hex) to compare with the disk. */
export type SeenMessage = APIMessage & { fileSha256: string[] };

type More = Pick<CommandUse, 'locale' | 'files'>;

/** What people do and tests look at. */
export type World = WorldState &
  GatewayWorld & {
    addGuild(options?: GuildOptions): GuildState;
    addChannel(guild: GuildState, options?: places.ChannelOptions): ChannelState;
    addUser(options?: { username?: string; globalName?: string }): APIUser;
    addMember(guild: GuildState, user: APIUser, permissions?: Permission[]): void;
    /** The direct conversation of the user with the bot. */
    direct(user: APIUser): ChannelState;
    /** The user takes no direct messages from now on. */
    closeDirect(user: APIUser): void;
    kick(guild: GuildState): void;
    deleteChannel(channel: ChannelState): void;
    /** Of the bot's role in the whole guild, or by overwrites of one channel. */
    setPermissions(place: GuildState, permissions: Permission[]): void;
    setOverwrites(channel: ChannelState, overwrites: places.OverwriteOptions[]): void;
    setBoost(guild: GuildState, options: Pick<GuildOptions, 'boostLevel' | 'fileLimit' | 'announcedFileLimit'>): void;
    /** A user gives a command; @throws Error for what their client would not let them send */
    command(
      user: APIUser,
      channel: ChannelState,
      name: string,
      options?: CommandUse['options'],
      more?: More,
    ): Interaction;
    /** A user is typing into the option `focused`. */
    autocomplete(
      user: APIUser,
      channel: ChannelState,
      use: Pick<CommandUse, 'name' | 'options' | 'locale'> & { focused: string },
    ): Interaction;
    press(user: APIUser, channel: ChannelState, messageId: string, customId: string): Interaction;
    /** Somebody writes a plain message. */
    say(user: APIUser, channel: ChannelState, content: string): APIMessage;
    /** Somebody deletes a message. */
    erase(channel: ChannelState, messageId: string): void;
    /** Oldest first, without what was deleted and what a thread begins with by itself. */
    messages(channel: ChannelState): SeenMessage[];
    threads(channel: ChannelState): ChannelState[];
    /** Registered commands: global without a guild. */
    commands(guild?: GuildState): StoredCommand[];
    /** @throws Error for an id that never was, or is gone */
    fileOf(attachmentId: string): StoredFile;
    emit(guildId: string | null, event: string, data: object): void;
    /** Moves the server's clock on; timers do not follow. */
    advance(ms: number): void;
    /** The server's clock stands still from now on, but for `advance`. */
    freeze(): void;
    now(): number;
    /** The token is no longer good. */
    revoke(): void;
  };

/** A world without guilds. */
export function createWorld(options: WorldOptions): World {
  const state = newState(options);
  const gateway = {
    guildIds: () => [...state.guilds.values()].filter(({ isLeft }) => !isLeft).map(({ id }) => id),
    guildCreate: (guildId: string) => guildCreateView(state, guildId),
    violate: options.violate,
    emit: (guildId: string | null, event: string, data: object) => emit(state, guildId, event, data),
  };
  return Object.assign(state, gateway, forPlaces(state), forPeople(state), forLooks(state), forTime(state));
}

function newState(options: WorldOptions): WorldState {
  const { token, applicationId } = options;
  const bot: APIUser = {
    id: applicationId,
    username: 'aircheck',
    discriminator: '0',
    global_name: null,
    avatar: null,
    bot: true,
  };
  return {
    options,
    token,
    applicationId,
    bot,
    isRevoked: false,
    origin: '',
    users: new Map([[bot.id, bot]]),
    guilds: new Map(),
    channels: new Map(),
    commandLists: new Map(),
    interactions: new Map(),
    attachments: new Map(),
    nonces: new Map(),
    closedDirects: new Set(),
    onDispatch: [],
    clockOffsetMs: 0,
    frozenAt: undefined,
    lastId: 0n,
  };
}
