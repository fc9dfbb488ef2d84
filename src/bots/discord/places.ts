import {
  type APIChannel,
  type APIGuild,
  type APIGuildMember,
  type APIOverwrite,
  type APIUser,
  ChannelType,
  Routes,
} from 'discord.js';
import { FatalError } from '../../core/errors.ts';
import { ask } from './call.ts';
import type { Discord } from './client.ts';
import { permissionsOf } from './permissions.ts';

/** How long what Discord says of a place is believed. */
const believeMs = 15_000;
const known = new WeakMap<Discord, Map<string, { value: Promise<unknown>; until: number }>>();

/** What a GET answered, some seconds old at most; a fault is not kept. */
function look<T>(discord: Discord, route: `/${string}`, lastsMs = believeMs): Promise<T> {
  const all = known.get(discord) ?? new Map<string, { value: Promise<unknown>; until: number }>();
  known.set(discord, all);
  const found = all.get(route);
  if (found && found.until > performance.now()) return found.value as Promise<T>;
  const value = ask(() => discord.api.get(route) as Promise<T>);
  all.set(route, { value, until: performance.now() + lastsMs });
  value.catch(() => all.delete(route));
  return value;
}

/** Asks anew from here on: a person who changes something and tries again shall see it. */
export const forgetPlaces = (discord: Discord): boolean => known.delete(discord);

/** The bot itself. */
export const botOf = (discord: Discord): Promise<APIUser> => look(discord, '/users/@me', 3_600_000);

/** A channel, thread or direct message. @throws FatalError `discord_channel_gone`, `discord_kicked` */
export const channelOf = (discord: Discord, id: string): Promise<APIChannel> => look(discord, Routes.channel(id));

/** A server. @throws FatalError `discord_kicked` */
export const guildOf = (discord: Discord, id: string): Promise<APIGuild> => look(discord, Routes.guild(id));

/** Threads hang under a channel, whose rules hold for them. */
export const isThread = ({ type }: { type: ChannelType }): boolean =>
  [ChannelType.AnnouncementThread, ChannelType.PublicThread, ChannelType.PrivateThread].includes(type);

/** What somebody (the bot, if nobody is named) may do in a channel; undefined in a direct message. */
export async function permissionsIn(
  discord: Discord,
  channel: APIChannel,
  userId?: string,
): Promise<bigint | undefined> {
  const guildId = 'guild_id' in channel ? channel.guild_id : undefined;
  if (!guildId) return undefined;
  const id = userId ?? (await botOf(discord)).id;
  const [guild, member, overwrites] = await Promise.all([
    guildOf(discord, guildId),
    look<APIGuildMember>(discord, Routes.guildMember(guildId, id)),
    overwritesOf(discord, channel),
  ]);
  return permissionsOf({ guild, member: { userId: id, roles: member.roles }, overwrites });
}

async function overwritesOf(discord: Discord, channel: APIChannel): Promise<APIOverwrite[]> {
  const parentId = 'parent_id' in channel ? channel.parent_id : undefined;
  const holder = isThread(channel) && parentId ? await channelOf(discord, parentId) : channel;
  return 'permission_overwrites' in holder ? (holder.permission_overwrites ?? []) : [];
}

/** Runs a look; what Discord clearly refuses is undefined. @throws what may pass */
export async function orUndefined<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof FatalError) return undefined;
    throw error;
  }
}
