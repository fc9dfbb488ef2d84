import {
  type APIApplicationCommand,
  type APIGuildMember,
  type APIMessage,
  type APIUser,
  InteractionContextType,
  InteractionType,
} from 'discord.js';

/** What the world knows when somebody uses the application. Permissions are bits, as numbers of any length. */
export type InteractionFacts = {
  id: string;
  token: string;
  applicationId: string;
  type: InteractionType;
  /** Of `commandData` or `componentData`. */
  data: object;
  user: APIUser;
  /** Language of the person's client (en-US). */
  locale?: string;
  /** The channel object as the API shows it; a thread counts as one. */
  channel: { id: string; type: number };
  /** Of a component: the message it stands on. */
  message?: APIMessage;
  /** What the application may do in the channel. */
  appPermissions: bigint;
  /** How big one attachment of the answer may be. */
  attachmentSizeLimitBytes: number;
  /** Undefined in a direct message. */
  guild?: {
    id: string;
    features: string[];
    preferred_locale: string;
    member: Omit<APIGuildMember, 'user'>;
    /** What the person may do in the channel, overwrites included. */
    memberPermissions: bigint;
  };
};

/**
 * The data of INTERACTION_CREATE, complete as the application gets it.
 *
 * Source: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
 */
export function interactionData(facts: InteractionFacts): object {
  const { guild, user, message, channel } = facts;
  return {
    id: facts.id,
    application_id: facts.applicationId,
    type: facts.type,
    // A ping has none.
    ...(facts.type !== InteractionType.Ping && { data: facts.data }),
    token: facts.token,
    version: 1,
    channel,
    channel_id: channel.id,
    app_permissions: String(facts.appPermissions),
    locale: facts.locale ?? 'en-US',
    entitlements: [],
    attachment_size_limit: facts.attachmentSizeLimitBytes,
    // Keys are kinds of installation: 0 is "in a guild", whose value in a direct message with the bot is "0".
    authorizing_integration_owners: { 0: guild?.id ?? '0' },
    context: guild ? InteractionContextType.Guild : InteractionContextType.BotDM,
    ...(message && { message }),
    ...(guild ? inGuild(guild, user) : { user }),
  };
}

function inGuild(guild: NonNullable<InteractionFacts['guild']>, user: APIUser): object {
  return {
    guild_id: guild.id,
    guild: { id: guild.id, features: guild.features, locale: guild.preferred_locale },
    guild_locale: guild.preferred_locale,
    member: { ...guild.member, user, permissions: String(guild.memberPermissions) },
  };
}

/** `data` of a button (2) or a list that was used; `values` for lists only. */
export function componentData(component: { custom_id: string; type: number; id?: number }, values?: string[]): object {
  const { custom_id, type, id = 1 } = component;
  return { id, custom_id, component_type: type, ...(values && { values }) };
}

/** What a command was given: by option name; users, channels and roles by id. */
export type GivenOptions = Record<string, string | number | boolean>;

/** The command object of the API, as registered. */
export type RegisteredCommand = Pick<APIApplicationCommand, 'id' | 'name' | 'type' | 'guild_id' | 'options'>;
