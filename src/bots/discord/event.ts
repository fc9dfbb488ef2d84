import {
  type APIChatInputApplicationCommandInteractionData,
  type APIInteraction,
  type APIApplicationCommandInteractionDataOption as GivenOption,
  InteractionType,
  ApplicationCommandOptionType as OptionType,
} from 'discord.js';
import type { ChatAddress, Language } from '../../core/model.ts';
import type { Asking, ChatEvent } from '../../core/ports.ts';
import { roleOf } from './permissions.ts';

/** Whether somebody speaks to us by it: a command, or a button of ours. */
export function isCommand(interaction: APIInteraction): boolean {
  return textOf(interaction) !== undefined && interaction.channel?.id !== undefined;
}

/** What an interaction says to us; undefined where it is none of ours. */
export function toEvent(interaction: APIInteraction): ChatEvent | undefined {
  const text = textOf(interaction);
  if (text === undefined) return undefined;
  const speaker = speakerOf(interaction);
  return speaker && { kind: 'command', ...speaker, text, messageId: interaction.id };
}

/** The argument a person fills in; undefined where it is none of ours. */
export function toAsking(interaction: APIInteraction): Asking | undefined {
  if (interaction.type !== InteractionType.ApplicationCommandAutocomplete) return undefined;
  const { name: command, options = [] } = interaction.data as APIChatInputApplicationCommandInteractionData;
  const focused = options.find((option) => 'focused' in option && option.focused);
  const speaker = speakerOf(interaction);
  if (!speaker || !focused || !('value' in focused)) return undefined;
  return { ...speaker, command, argument: focused.name, typed: String(focused.value) };
}

/** The command as it would be typed, so that there is one grammar. */
function textOf(interaction: APIInteraction): string | undefined {
  if (interaction.type === InteractionType.MessageComponent) {
    const { custom_id: text } = interaction.data;
    return text.startsWith('/') ? text : undefined;
  }
  if (interaction.type !== InteractionType.ApplicationCommand) return undefined;
  const { name, options = [] } = interaction.data as APIChatInputApplicationCommandInteractionData;
  return [`/${name}`, ...options.flatMap(typed)].join(' ');
}

function typed(option: GivenOption): string[] {
  // A file is not typed: `said-file.ts` has it.
  if (!('value' in option) || option.value === undefined || option.type === OptionType.Attachment) return [];
  const value = String(option.value);
  // A quote cannot be typed inside of quotes.
  return [`${option.name}=${/[\s"“”]/.test(value) ? `"${value.replace(/["“”]/g, '')}"` : value}`];
}

function speakerOf(interaction: APIInteraction): Pick<ChatEvent, 'chat' | 'user'> | undefined {
  const { member, guild_id: guildId, channel } = interaction;
  const user = member?.user ?? interaction.user;
  const channelId = channel?.id;
  if (!user || !channelId) return undefined;
  const role = roleOf(member?.permissions);
  const language: Language = 'locale' in interaction && interaction.locale === 'ru' ? 'ru' : 'en';
  const name = member?.nick ?? user.global_name ?? user.username;
  return {
    chat: addressIn(guildId, channelId),
    user: { id: user.id, name, isOwner: false, language, ...(role ? { role } : {}) },
  };
}

/** Rights and orders are kept for a server; a direct message is a chat of its own. */
const addressIn = (guildId: string | undefined, channelId: string): ChatAddress =>
  guildId ? { kind: 'discord', chatId: guildId, threadId: channelId } : { kind: 'discord', chatId: channelId };
