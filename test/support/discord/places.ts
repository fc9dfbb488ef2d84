import type { APIOverwrite, APIUser } from 'discord.js';
import { bitsOf, type Permission, usualPermissions } from './permissions.ts';
import {
  type ChannelState,
  channelOf,
  channelTypes,
  emit,
  type Fields,
  type GuildState,
  guildOf,
  newId,
  nowMs,
  type RoleState,
  type WorldState,
} from './state.ts';
import { channelView, guildCreateView, guildView, memberView, roleView } from './views-places.ts';

export type GuildOptions = {
  name?: string;
  features?: string[];
  /** Boost level, 0 to 3: 2 and 3 raise the file limit. */
  boostLevel?: 0 | 1 | 2 | 3;
  /** In bytes, in place of what the boosts give. */
  fileLimit?: number;
  /** In bytes: what interactions say, where it is not the truth. */
  announcedFileLimit?: number;
  /** Of the bot's own role; what bots usually ask for by default. */
  botPermissions?: Permission[];
  /** Of everybody (none). */
  everyone?: Permission[];
  /** Whether the bot is in it (true). */
  hasBot?: boolean;
  locale?: string;
};

/** Permissions given and taken in one channel; without `who` for everybody, `bot` for the bot, else a role's or user's id. */
export type OverwriteOptions = { who?: string; allow?: Permission[]; deny?: Permission[] };

export type ChannelOptions = {
  type?: 'text' | 'announcement' | 'voice' | 'category';
  name?: string;
  parent?: ChannelState;
  overwrites?: OverwriteOptions[];
};

const mebibyte = 2 ** 20;

/** Largest file by the boosts. Source: https://docs.discord.com/developers/reference#uploading-files; levels 2 and 3 by Discord's help pages */
const limitsByBoost = [20, 20, 50, 100].map((count) => count * mebibyte);

function limitOf({ fileLimit, boostLevel = 0, features = [] }: GuildOptions): number {
  if (fileLimit !== undefined) return fileLimit;
  const byFeature = [50, 100]
    .filter((size) => features.includes(`MAX_FILE_SIZE_${size}_MB`))
    .map((size) => size * mebibyte);
  return Math.max(limitsByBoost[boostLevel] ?? 0, ...byFeature);
}

/** A guild with a role for everybody and one for the bot; the gateway hears of it when the bot is in it. */
export function addGuild(world: WorldState, options: GuildOptions = {}): GuildState {
  const id = newId(world);
  const owner = addUser(world, { username: `owner${id.slice(-4)}` });
  const guild: GuildState = {
    id,
    name: options.name ?? 'A guild',
    ownerId: owner.id,
    features: options.features ?? [],
    premiumTier: options.boostLevel ?? 0,
    fileLimitBytes: limitOf(options),
    announcedFileLimitBytes: options.announcedFileLimit ?? limitOf(options),
    locale: options.locale ?? 'en-US',
    roles: new Map(),
    members: new Map(),
    joinedAt: nowMs(world),
    isLeft: options.hasBot === false,
  };
  world.guilds.set(id, guild);
  const everyone = { name: '@everyone', permissions: bitsOf(options.everyone ?? []), position: 0, isManaged: false };
  guild.roles.set(id, { id, ...everyone });
  guild.members.set(owner.id, { user: owner, roleIds: [], joinedAt: nowMs(world) });
  if (!guild.isLeft) letBotIn(world, guild, options.botPermissions ?? usualPermissions);
  return guild;
}

function letBotIn(world: WorldState, guild: GuildState, permissions: Permission[]): void {
  const role = newRole(world, guild, { name: world.bot.username, permissions, isManaged: true });
  guild.members.set(world.bot.id, { user: world.bot, roleIds: [role.id], joinedAt: nowMs(world) });
  emit(world, guild.id, 'GUILD_CREATE', guildCreateView(world, guild.id));
}

type RoleOptions = { name: string; permissions: Permission[]; isManaged?: boolean };

function newRole(
  world: WorldState,
  guild: GuildState,
  { name, permissions, isManaged = false }: RoleOptions,
): RoleState {
  const role = { id: newId(world), name, permissions: bitsOf(permissions), position: guild.roles.size, isManaged };
  guild.roles.set(role.id, role);
  return role;
}

/** A channel of a guild. */
export function addChannel(world: WorldState, guild: GuildState, options: ChannelOptions = {}): ChannelState {
  const id = newId(world);
  const { type = 'text', name = 'general', overwrites = [], parent } = options;
  const channel: ChannelState = {
    id,
    type: channelTypes[type],
    name,
    guildId: guild.id,
    ...(parent && { parentId: parent.id }),
    overwrites: overwrites.map((overwrite) => overwriteOf(world, guild, overwrite)),
    messages: new Map(),
  };
  world.channels.set(id, channel);
  emit(world, guild.id, 'CHANNEL_CREATE', channelView(world, channel));
  return channel;
}

function overwriteOf(
  world: WorldState,
  guild: GuildState,
  { who, allow = [], deny = [] }: OverwriteOptions,
): APIOverwrite {
  const id = who === 'bot' ? world.bot.id : (who ?? guild.id);
  const type = guild.roles.has(id) ? 0 : 1;
  return { id, type, allow: String(bitsOf(allow)), deny: String(bitsOf(deny)) };
}

/** The direct conversation of a user with the bot, made when there is none. */
export function directChannel(world: WorldState, user: APIUser): ChannelState {
  const known = [...world.channels.values()].find(({ recipient }) => recipient?.id === user.id);
  if (known) return known;
  const id = newId(world);
  const channel = { id, type: channelTypes.dm, name: '', overwrites: [], recipient: user, messages: new Map() };
  world.channels.set(id, channel);
  return channel;
}

/** A person. */
export function addUser(world: WorldState, options: { username?: string; globalName?: string } = {}): APIUser {
  const id = newId(world);
  const { username = `user${id.slice(-4)}`, globalName = null } = options;
  const user = { id, username, discriminator: '0', global_name: globalName, avatar: null, public_flags: 0 };
  world.users.set(id, user);
  return user;
}

/** Makes a person a member, with a role of its own for the permissions (to see, write and use commands by default). */
export function addMember(world: WorldState, guild: GuildState, user: APIUser, permissions?: Permission[]): void {
  const usual: Permission[] = ['ViewChannel', 'SendMessages', 'ReadMessageHistory', 'UseApplicationCommands'];
  const role = newRole(world, guild, { name: user.username, permissions: [...usual, ...(permissions ?? [])] });
  const member = { user, roleIds: [role.id], joinedAt: nowMs(world) };
  guild.members.set(user.id, member);
  emit(world, guild.id, 'GUILD_MEMBER_ADD', { ...memberView(member), guild_id: guild.id });
}

/** The bot is removed from a guild. */
export function kick(world: WorldState, guild: GuildState): void {
  guild.isLeft = true;
  guild.members.delete(world.bot.id);
  emit(world, guild.id, 'GUILD_DELETE', { id: guild.id });
}

/** A channel goes away with its threads. */
export function deleteChannel(world: WorldState, channel: ChannelState): void {
  const threads = [...world.channels.values()].filter(({ parentId, thread }) => thread && parentId === channel.id);
  for (const gone of [...threads, channel]) {
    const view = channelView(world, gone);
    world.channels.delete(gone.id);
    emit(world, gone.guildId ?? null, gone.thread ? 'THREAD_DELETE' : 'CHANNEL_DELETE', view);
  }
}

/** Permissions of the bot's own role from now on. */
export function setGuildPermissions(world: WorldState, guild: GuildState, permissions: Permission[]): void {
  const [roleId = ''] = guild.members.get(world.bot.id)?.roleIds ?? [];
  const role = guild.roles.get(roleId);
  if (!role) throw new Error('the bot is not in the guild');
  role.permissions = bitsOf(permissions);
  emit(world, guild.id, 'GUILD_ROLE_UPDATE', { guild_id: guild.id, role: roleView(role) });
}

/** Overwrites of one channel from now on. */
export function setOverwrites(world: WorldState, channel: ChannelState, overwrites: OverwriteOptions[]): void {
  const guild = guildOf(world, channel.guildId ?? '');
  const known = channelOf(world, channel.id);
  known.overwrites = overwrites.map((overwrite) => overwriteOf(world, guild, overwrite));
  emit(world, guild.id, 'CHANNEL_UPDATE', channelView(world, known));
}

/** Other boosts, and so another limit for files. */
export function setBoost(world: WorldState, guild: GuildState, options: GuildOptions): void {
  guild.premiumTier = options.boostLevel ?? guild.premiumTier;
  guild.fileLimitBytes = limitOf(options);
  guild.announcedFileLimitBytes = options.announcedFileLimit ?? guild.fileLimitBytes;
  const view: Fields = guildView(guild);
  emit(world, guild.id, 'GUILD_UPDATE', view);
}
