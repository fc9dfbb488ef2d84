import { permissionsIn } from './permissions.ts';
import {
  type ChannelState,
  channelTypes,
  type Fields,
  type GuildState,
  guildOf,
  type MemberState,
  type RoleState,
  type WorldState,
} from './state.ts';

/** A channel, thread or direct conversation. */
export function channelView(world: WorldState, channel: ChannelState): Fields {
  const { id, type, name, guildId, parentId, recipient } = channel;
  const shared = { id, type, last_message_id: channel.lastMessageId ?? null, flags: 0 };
  if (type === channelTypes.dm) return { ...shared, recipients: recipient ? [recipient] : [] };
  const inGuild = { ...shared, guild_id: guildId, name, parent_id: parentId ?? null, rate_limit_per_user: 0 };
  if (channel.thread) return { ...inGuild, ...threadView(world, channel) };
  return {
    ...inGuild,
    position: 0,
    nsfw: false,
    topic: null,
    permission_overwrites: channel.overwrites,
    last_pin_timestamp: null,
  };
}

function threadView(world: WorldState, { id, thread, messages }: ChannelState): Fields {
  if (!thread) return {};
  const createdAt = new Date(thread.createdAt).toISOString();
  const said = [...messages.values()].filter((message) => message.type !== 21).length;
  return {
    owner_id: thread.ownerId,
    thread_metadata: {
      archived: thread.isArchived,
      locked: thread.isLocked,
      auto_archive_duration: thread.autoArchiveMinutes,
      archive_timestamp: createdAt,
      create_timestamp: createdAt,
    },
    message_count: said,
    member_count: 1,
    total_message_sent: said,
    member: { id, user_id: world.bot.id, join_timestamp: createdAt, flags: 0 },
  };
}

/** A role; permissions as a decimal string. */
export function roleView({ id, name, permissions, position, isManaged }: RoleState): Fields {
  const plain = { color: 0, colors: { primary_color: 0, secondary_color: null, tertiary_color: null }, hoist: false };
  const more = { ...plain, icon: null, unicode_emoji: null, mentionable: false, flags: 0 };
  return { id, name, permissions: String(permissions), position, managed: isManaged, ...more };
}

/** A member of a guild. */
export function memberView({ user, roleIds, joinedAt }: MemberState): Fields {
  const joined_at = new Date(joinedAt).toISOString();
  const flags = { deaf: false, mute: false, flags: 0, pending: false, communication_disabled_until: null };
  return { user, nick: null, avatar: null, roles: roleIds, joined_at, premium_since: null, ...flags };
}

/** A member as an interaction shows it: with what it may do in the channel. */
export function actingMemberView(world: WorldState, channel: ChannelState, member: MemberState): Fields {
  return { ...memberView(member), permissions: String(permissionsIn(world, channel, member.user.id)) };
}

/** A guild as `GET /guilds/:guild` shows it. */
export function guildView(guild: GuildState): Fields {
  const media = { icon: null, splash: null, discovery_splash: null, banner: null, vanity_url_code: null };
  const levels = { verification_level: 0, default_message_notifications: 0, explicit_content_filter: 0, mfa_level: 0 };
  const places = { afk_channel_id: null, afk_timeout: 300, system_channel_id: null, rules_channel_id: null };
  return {
    id: guild.id,
    name: guild.name,
    owner_id: guild.ownerId,
    features: guild.features,
    premium_tier: guild.premiumTier,
    preferred_locale: guild.locale,
    roles: [...guild.roles.values()].map(roleView),
    emojis: [],
    stickers: [],
    description: null,
    system_channel_flags: 0,
    public_updates_channel_id: null,
    safety_alerts_channel_id: null,
    nsfw_level: 0,
    premium_progress_bar_enabled: false,
    application_id: null,
    ...media,
    ...levels,
    ...places,
  };
}

/** The data of GUILD_CREATE: the guild with its channels, its active threads and its members. */
export function guildCreateView(world: WorldState, guildId: string): Fields {
  const guild = guildOf(world, guildId);
  const channels = [...world.channels.values()].filter((channel) => channel.guildId === guildId);
  const active = channels.filter(({ thread }) => thread && !thread.isArchived);
  return {
    ...guildView(guild),
    joined_at: new Date(guild.joinedAt).toISOString(),
    large: false,
    unavailable: false,
    member_count: guild.members.size,
    members: [...guild.members.values()].map(memberView),
    channels: channels.filter(({ thread }) => !thread).map((channel) => channelView(world, channel)),
    threads: active.map((thread) => channelView(world, thread)),
    presences: [],
    voice_states: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  };
}
