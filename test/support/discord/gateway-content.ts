import { GatewayIntentBits } from 'discord.js';

type Fields = Record<string, unknown>;

/**
 * A message as an application without the intent MESSAGE_CONTENT sees it, through the gateway and REST alike.
 *
 * Its own messages, direct messages and those that mention it stay whole; of others the content is empty.
 * Source: https://docs.discord.com/developers/events/gateway#message-content-intent
 */
export function withoutForeignContent(message: object, botId: string): object {
  return 'guild_id' in message && message.guild_id !== undefined ? readable(message, botId) : message;
}

/** A quoted message has no guild of its own, so whether it is in one is known by now. */
function readable(message: object, botId: string): object {
  const { poll, ...fields } = { ...message } as Fields;
  const quoted = fields['referenced_message'];
  if (quoted instanceof Object) fields['referenced_message'] = readable(quoted, botId);
  if (isForUs(fields, botId)) return poll === undefined ? fields : { ...fields, poll };
  return { ...fields, content: '', embeds: [], attachments: [], components: [] };
}

function isForUs(message: Fields, botId: string): boolean {
  const mentions = (message['mentions'] ?? []) as { id: string }[];
  const author = message['author'] as { id?: string } | undefined;
  return author?.id === botId || mentions.some(({ id }) => id === botId);
}

/** The data of an event as a session with these intents gets it. */
export function dataFor(intents: number, event: string, data: object, botId: string): object {
  if (/^MESSAGE_(CREATE|UPDATE)$/.test(event) && (intents & GatewayIntentBits.MessageContent) === 0)
    return withoutForeignContent(data, botId);
  if (event === 'GUILD_CREATE') return guildFor(intents, { ...data }, botId);
  return data;
}

/** Without the intents only the bot itself stands in a guild's members. Source: Guild Create in gateway-events. */
function guildFor(intents: number, guild: Fields, botId: string): object {
  const members = (guild['members'] ?? []) as { user?: { id: string } }[];
  const all = (intents & GatewayIntentBits.GuildMembers) !== 0;
  const seen = all ? members : members.filter(({ user }) => user?.id === botId);
  return { ...guild, members: seen, ...((intents & GatewayIntentBits.GuildPresences) === 0 && { presences: [] }) };
}
