import { ChannelType } from 'discord.js';
import { FatalError, TemporaryError } from '../../core/errors.ts';
import type { TargetRef } from '../../core/ports.ts';
import type { Discord } from './client.ts';
import { destination } from './destination.ts';
import { missingIn } from './permissions.ts';
import { channelOf, forgetPlaces, guildOf, isThread, orUndefined, permissionsIn } from './places.ts';

/** Places that messages with files can stand in. */
const postable = [
  ChannelType.GuildText,
  ChannelType.GuildAnnouncement,
  ChannelType.GuildVoice,
  ChannelType.GuildStageVoice,
  ChannelType.DM,
];

/**
 * Looks whether a Target can be posted to and commented.
 *
 * @returns a sentence code for each thing that is missing; never throws for what Discord refuses
 */
export async function examineTarget(discord: Discord, target: TargetRef): Promise<string[]> {
  forgetPlaces(discord);
  try {
    return await examine(discord, target);
  } catch (error) {
    if (error instanceof TemporaryError && error.code === 'discord_token_refused') return [error.code];
    if (!(error instanceof FatalError)) throw error;
    return error.code === 'discord_channel_gone' ? [await whatIsMissing(discord, target)] : [error.code];
  }
}

/** A channel that is not known may be a server, of which no channel was named. */
async function whatIsMissing(discord: Discord, { address }: TargetRef): Promise<string> {
  const guild = await orUndefined(guildOf(discord, destination(address).channelId));
  return guild ? 'discord_needs_channel' : 'discord_channel_gone';
}

async function examine(discord: Discord, { address, options }: TargetRef): Promise<string[]> {
  const channel = await channelOf(discord, destination(address).channelId);
  if (!postable.includes(channel.type) && !isThread(channel)) return ['discord_no_posts_here'];
  const permissions = await permissionsIn(discord, channel);
  const missing = permissions === undefined ? [] : missingIn(permissions, { isThread: isThread(channel) });
  const isIdle = options?.isCrossposted && channel.type !== ChannelType.GuildAnnouncement;
  return [...missing, ...(isIdle ? ['discord_not_announcement'] : [])];
}
