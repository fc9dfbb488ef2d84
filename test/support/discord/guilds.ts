import type { APIUser } from 'discord.js';
import { bitsOf, type Permission, usualPermissions } from './permissions.ts';
import { emit, type GuildState, newId, nowMs, type RoleState, type WorldState } from './state.ts';
import { guildCreateView, guildView, memberView, roleView } from './views-places.ts';

/** What a guild is like. */
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

/** Permissions of the bot's own role from now on. */
export function setGuildPermissions(world: WorldState, guild: GuildState, permissions: Permission[]): void {
  const [roleId = ''] = guild.members.get(world.bot.id)?.roleIds ?? [];
  const role = guild.roles.get(roleId);
  if (!role) throw new Error('the bot is not in the guild');
  role.permissions = bitsOf(permissions);
  emit(world, guild.id, 'GUILD_ROLE_UPDATE', { guild_id: guild.id, role: roleView(role) });
}

/** Other boosts, and so another limit for files. */
export function setBoost(world: WorldState, guild: GuildState, options: GuildOptions): void {
  guild.premiumTier = options.boostLevel ?? guild.premiumTier;
  guild.fileLimitBytes = limitOf(options);
  guild.announcedFileLimitBytes = options.announcedFileLimit ?? guild.fileLimitBytes;
  emit(world, guild.id, 'GUILD_UPDATE', guildView(guild));
}
