import { PermissionFlagsBits, type PermissionsString } from 'discord.js';
import { refusal } from './api-error.ts';
import { type ChannelState, channelOf, channelTypes, type GuildState, type WorldState } from './state.ts';

/** Names as discord.js spells them. */
export type Permission = PermissionsString;

/** What a bot usually asks for: enough to post, to read back what it posted, and to open threads. */
export const usualPermissions: Permission[] = [
  'ViewChannel',
  'SendMessages',
  'EmbedLinks',
  'AttachFiles',
  'ReadMessageHistory',
  'CreatePublicThreads',
  'SendMessagesInThreads',
  'AddReactions',
];

const all = Object.values(PermissionFlagsBits).reduce((sum, bit) => sum | bit, 0n);

/** Bits of these permissions. */
export function bitsOf(permissions: readonly Permission[]): bigint {
  return permissions.reduce((sum, name) => sum | PermissionFlagsBits[name], 0n);
}

/** What a member may do in a guild as a whole. */
export function guildPermissions(guild: GuildState, userId: string): bigint {
  if (guild.ownerId === userId) return all;
  const roleIds = [guild.id, ...(guild.members.get(userId)?.roleIds ?? [])];
  const bits = roleIds.reduce((sum, id) => sum | (guild.roles.get(id)?.permissions ?? 0n), 0n);
  return (bits & PermissionFlagsBits.Administrator) === 0n ? bits : all;
}

/**
 * What a user may do in a channel, implicit denials included; in a direct conversation everything that there is.
 *
 * Source: https://docs.discord.com/developers/topics/permissions#permission-overwrites
 */
export function permissionsIn(world: WorldState, channel: ChannelState, userId: string): bigint {
  if (channel.guildId === undefined) return bitsOf(usualPermissions);
  const guild = world.guilds.get(channel.guildId);
  if (!guild?.members.has(userId)) return 0n;
  const base = guildPermissions(guild, userId);
  if (base === all) return all;
  const owner = channel.thread && channel.parentId ? channelOf(world, channel.parentId) : channel;
  const bits = overwritten(base, owner, { guild, userId });
  if ((bits & PermissionFlagsBits.ViewChannel) === 0n) return 0n;
  const send = channel.thread ? PermissionFlagsBits.SendMessagesInThreads : PermissionFlagsBits.SendMessages;
  return (bits & send) === 0n ? bits & ~bitsOf(['EmbedLinks', 'AttachFiles', 'MentionEveryone']) : bits;
}

function overwritten(base: bigint, channel: ChannelState, member: { guild: GuildState; userId: string }): bigint {
  const { guild, userId } = member;
  const roleIds = guild.members.get(userId)?.roleIds ?? [];
  const everyone = channel.overwrites.filter(({ id }) => id === guild.id);
  const roles = channel.overwrites.filter(({ id }) => roleIds.includes(id));
  const own = channel.overwrites.filter(({ id }) => id === userId);
  return [everyone, roles, own].reduce((bits, layer) => {
    const denied = layer.reduce((sum, { deny }) => sum | BigInt(deny), 0n);
    const allowed = layer.reduce((sum, { allow }) => sum | BigInt(allow), 0n);
    return (bits & ~denied) | allowed;
  }, base);
}

/** Whether the bot may do this in the channel. */
export function botCan(world: WorldState, channel: ChannelState, permission: Permission): boolean {
  return (permissionsIn(world, channel, world.bot.id) & PermissionFlagsBits[permission]) !== 0n;
}

/**
 * The channel, when the bot sees it.
 *
 * @throws DiscordError 10003 for one there is not, 50001 for one it does not see
 */
export function visibleChannel(world: WorldState, id: string): ChannelState {
  const channel = world.channels.get(id);
  if (!channel) throw refusal('unknownChannel');
  if (!botCan(world, channel, 'ViewChannel')) throw refusal('missingAccess');
  return channel;
}

/** @throws DiscordError 50013 when the bot lacks one of them */
export function demand(world: WorldState, channel: ChannelState, ...permissions: Permission[]): void {
  if (!permissions.every((name) => botCan(world, channel, name))) throw refusal('missingPermissions');
}

/** The permission that sending takes. */
export function sendPermission(channel: ChannelState): Permission {
  return channel.thread ? 'SendMessagesInThreads' : 'SendMessages';
}

/** Whether it can be written in at all. */
export function isWritable({ type }: ChannelState): boolean {
  return type !== channelTypes.category;
}
