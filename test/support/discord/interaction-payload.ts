import type { Acting } from './command-use.ts';
import type { InteractionType } from './interaction-state.ts';
import { fallbackFileBytes } from './limits.ts';
import { bitsOf, permissionsIn } from './permissions.ts';
import { channelTypes, type Fields, type GuildState, type StoredMessage, type WorldState } from './state.ts';
import { messageView } from './views.ts';
import { actingMemberView, channelView } from './views-places.ts';

/** What a user did: `data` by the type; `source` is the message of a button. */
export type NewInteraction = Acting & { type: InteractionType; data: Fields; source?: StoredMessage };

/**
 * The data of INTERACTION_CREATE.
 *
 * @throws Error for a user who is no member of the guild
 * Source: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
 */
export function payloadOf(world: WorldState, made: NewInteraction & { id: string; token: string }): Fields {
  const { id, token, type, data, channel, source, locale = 'en-US' } = made;
  const guild = world.guilds.get(channel.guildId ?? '');
  return {
    id,
    application_id: world.applicationId,
    type,
    token,
    version: 1,
    data,
    channel_id: channel.id,
    channel: channelView(world, channel),
    locale,
    attachment_size_limit: guild?.announcedFileLimitBytes ?? fallbackFileBytes,
    entitlements: [],
    authorizing_integration_owners: { '0': guild?.id ?? '0' },
    context: channel.type === channelTypes.dm ? 1 : 0,
    ...(guild ? inGuild(world, guild, made) : { user: made.user, app_permissions: String(bitsOf(directly)) }),
    ...(source && { message: messageView(world, source) }),
  };
}

/** What an application may do in a direct conversation. */
const directly = ['EmbedLinks', 'AttachFiles', 'MentionEveryone'] as const;

function inGuild(world: WorldState, guild: GuildState, { user, channel }: Acting): Fields {
  const member = guild.members.get(user.id);
  if (!member) throw new Error(`${user.username} is no member of ${guild.name}`);
  const { id, locale, features } = guild;
  return {
    guild_id: id,
    guild_locale: locale,
    guild: { id, locale, features },
    member: actingMemberView(world, channel, member),
    app_permissions: String(permissionsIn(world, channel, world.bot.id)),
  };
}
