import type { APIOverwrite, APIUser } from 'discord.js';
import { bitsOf, type Permission } from './permissions.ts';
import {
  type ChannelState,
  channelOf,
  channelTypes,
  emit,
  type GuildState,
  guildOf,
  newId,
  type WorldState,
} from './state.ts';
import { channelView } from './views-places.ts';

/** Permissions given and taken in one channel; without `who` for everybody, `bot` for the bot, else a role's or user's id. */
export type OverwriteOptions = { who?: string; allow?: Permission[]; deny?: Permission[] };

/** What a channel is like. */
export type ChannelOptions = {
  type?: 'text' | 'announcement' | 'voice' | 'category';
  name?: string;
  parent?: ChannelState;
  overwrites?: OverwriteOptions[];
};

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

/** A channel goes away with its threads. */
export function deleteChannel(world: WorldState, channel: ChannelState): void {
  const threads = [...world.channels.values()].filter(({ parentId, thread }) => thread && parentId === channel.id);
  for (const gone of [...threads, channel]) {
    const view = channelView(world, gone);
    world.channels.delete(gone.id);
    emit(world, gone.guildId ?? null, gone.thread ? 'THREAD_DELETE' : 'CHANNEL_DELETE', view);
  }
}

/** Overwrites of one channel from now on. */
export function setOverwrites(world: WorldState, channel: ChannelState, overwrites: OverwriteOptions[]): void {
  const guild = guildOf(world, channel.guildId ?? '');
  const known = channelOf(world, channel.id);
  known.overwrites = overwrites.map((overwrite) => overwriteOf(world, guild, overwrite));
  emit(world, guild.id, 'CHANNEL_UPDATE', channelView(world, known));
}
