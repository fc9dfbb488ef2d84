import { type APIChannel, ChannelType } from 'discord.js';
import { joinAddress, splitAddress } from '../../core/address.ts';
import { FatalError, UserError } from '../../core/errors.ts';
import type { Place } from '../../core/ports.ts';
import type { Discord } from './client.ts';
import { isKeeper } from './permissions.ts';
import { channelOf, forgetPlaces, guildOf, orUndefined, permissionsIn } from './places.ts';

/** Ids of Discord. Source: https://discord.com/developers/docs/reference#snowflakes */
const idPattern = /^\d{15,20}$/;

/**
 * What a person typed as a place: an id, `<#id>` (what `#channel` becomes), `server/channel`, or a link
 * `https://discord.com/channels/server/channel`.
 *
 * @returns the channel's id, or the server's where only that is named; not yet looked up
 */
export function readPlace(text: string): string {
  const word = text.trim();
  const [, linked] = /^https?:\/\/(?:\w+\.)?discord(?:app)?\.com\/channels\/(?:\d+|@me)\/(\d+)/i.exec(word) ?? [];
  const [, mentioned] = /^<#(\d+)>$/.exec(word) ?? [];
  const { chatId, threadId } = splitAddress(word);
  return linked ?? mentioned ?? threadId ?? chatId;
}

/**
 * The place a person named. It is theirs where they may manage the channel, or it is their own direct message.
 *
 * @throws UserError `place_unknown`, `place_closed`; TemporaryError where Discord cannot be asked
 */
export async function findPlace(discord: Discord, address: string, userId: string): Promise<Place> {
  const id = readPlace(address);
  forgetPlaces(discord);
  if (!idPattern.test(id)) throw new UserError('place_unknown', { place: address.slice(0, 60) });
  try {
    return await describe(discord, await channelOf(discord, id), userId);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    const guild = await orUndefined(guildOf(discord, id));
    if (guild) return { address: guild.id, name: guild.name, isTheirs: false };
    const isClosed = error.code === 'discord_kicked';
    throw new UserError(isClosed ? 'place_closed' : 'place_unknown', { place: id }, { cause: error });
  }
}

async function describe(discord: Discord, channel: APIChannel, userId: string): Promise<Place> {
  if (channel.type === ChannelType.DM) {
    const [person] = channel.recipients ?? [];
    const name = person?.global_name ?? person?.username ?? channel.id;
    return { address: channel.id, name, isTheirs: person?.id === userId };
  }
  const guildId = 'guild_id' in channel ? channel.guild_id : undefined;
  const permissions = idPattern.test(userId) ? await orUndefined(permissionsIn(discord, channel, userId)) : undefined;
  return {
    address: guildId ? joinAddress({ chatId: guildId, threadId: channel.id }) : channel.id,
    name: channel.name ? `#${channel.name}` : channel.id,
    isTheirs: permissions !== undefined && isKeeper(permissions),
  };
}
