import { GatewayIntentBits } from 'discord.js';

/**
 * Intents that an application must be granted first.
 * Source: https://docs.discord.com/developers/events/gateway#privileged-intents
 */
const privileged = GatewayIntentBits.GuildMembers | GatewayIntentBits.GuildPresences | GatewayIntentBits.MessageContent;

const known = Object.values(GatewayIntentBits).reduce<number>(
  (all, bit) => (typeof bit === 'number' ? all | bit : all),
  0,
);

/** Which intent brings an event: in a guild, and outside; 0 is "never". */
type Needs = { guild: number; dm: number };

const { Guilds, GuildMembers, GuildMessages, GuildMessageReactions, GuildMessageTyping } = GatewayIntentBits;
const { DirectMessages, DirectMessageReactions, DirectMessageTyping } = GatewayIntentBits;

/** The first matching line holds; what matches none is always sent. Source: as above, "List of intents". */
const table: [RegExp, Needs][] = [
  [/^GUILD_MEMBER_/, { guild: GuildMembers, dm: 0 }],
  [/^(GUILD_(CREATE|UPDATE|DELETE|ROLE_)|CHANNEL_PINS|THREAD_)/, { guild: Guilds, dm: DirectMessages }],
  [/^CHANNEL_/, { guild: Guilds, dm: 0 }],
  [/^MESSAGE_REACTION_/, { guild: GuildMessageReactions, dm: DirectMessageReactions }],
  [/^MESSAGE_/, { guild: GuildMessages, dm: DirectMessages }],
  [/^TYPING_START/, { guild: GuildMessageTyping, dm: DirectMessageTyping }],
];

/** Whether a session with these intents is told of the event; `guildId` null is outside of guilds. */
export function isWanted(intents: number, guildId: string | null, event: string): boolean {
  const needs = table.find(([name]) => name.test(event))?.[1];
  if (needs === undefined) return true;
  return (intents & (guildId === null ? needs.dm : needs.guild)) !== 0;
}

/** The close code for intents that are no number or no known bits (4013) or were not granted (4014). */
export function intentsFailure(intents: unknown, granted: number): 4013 | 4014 | undefined {
  if (typeof intents !== 'number' || !Number.isInteger(intents) || intents < 0) return 4013;
  if ((BigInt(intents) & ~BigInt(known)) !== 0n) return 4013;
  return (intents & privileged & ~granted) === 0 ? undefined : 4014;
}
