import {
  type APIApplicationCommand,
  ApplicationCommandType,
  ApplicationIntegrationType,
  InteractionContextType,
  ApplicationCommandOptionType as OptionType,
  Routes,
} from 'discord.js';
import { type Arg, type CommandSpec, commandSpecs } from '../../core/command.ts';
import { errorText } from '../../core/errors.ts';
import { textOf } from '../../core/text/text.ts';
import { redact } from '../../lib/log.ts';
import type { Discord } from './client.ts';

/** Source: https://discord.com/developers/docs/interactions/application-commands#application-command-object */
const descriptionChars = 100;
const mostChoices = 25;

/** Arguments whose values are looked up as they are typed: ids, names of Targets, of commands, of time zones. */
const lookedUp = ['id', 'to', 'name', 'command', 'zone'];

/** One argument as Discord shows it. */
export type MenuOption = {
  type: OptionType;
  name: string;
  description: string;
  description_localizations: { ru: string };
  required: boolean;
  choices?: { name: string; value: string }[];
  autocomplete?: boolean;
  min_value?: number;
  max_value?: number;
};

/** One slash command as Discord is told it. */
export type MenuCommand = {
  type: ApplicationCommandType.ChatInput;
  name: string;
  description: string;
  description_localizations: { ru: string };
  options: MenuOption[];
  contexts: InteractionContextType[];
  integration_types: ApplicationIntegrationType[];
};

/** The slash commands of the one grammar: typed arguments become options, those that are needed first. */
export function menu(): MenuCommand[] {
  return commandSpecs.map((spec: CommandSpec) => ({
    type: ApplicationCommandType.ChatInput,
    name: spec.name,
    ...described((language) => (textOf(language).help as Record<string, string>)[spec.name]),
    options: [...spec.args, ...spec.options]
      .toSorted((a, b) => Number(b.isRequired ?? false) - Number(a.isRequired ?? false))
      .map(toOption)
      .concat(spec.name === 'cookies' ? [fileOption()] : []),
    // Servers and the bot's direct messages, for those who installed it on a server.
    contexts: [InteractionContextType.Guild, InteractionContextType.BotDM],
    integration_types: [ApplicationIntegrationType.GuildInstall],
  }));
}

function described(sentence: (language: 'en' | 'ru') => string | undefined, fallback = '…') {
  const text = (language: 'en' | 'ru') => (sentence(language) ?? fallback).slice(0, descriptionChars);
  return { description: text('en'), description_localizations: { ru: text('ru') } };
}

/** A file that comes with a command is seen by nobody but who gave it where the answer is (`interaction.ts`). */
function fileOption(): MenuOption {
  const about = described((language) => textOf(language).arguments.file);
  return { type: OptionType.Attachment, name: 'file', ...about, required: false };
}

function toOption({ name, type, isRequired = false }: Arg): MenuOption {
  const about = described((language) => textOf(language).arguments[name], name);
  const option = { type: OptionType.String, name, ...about, required: isRequired };
  if (name === 'user') return { ...option, type: OptionType.User };
  if (type === 'number') return { ...option, type: OptionType.Integer, min_value: 1, max_value: 9_999_999 };
  if (typeof type === 'object' && type.length <= mostChoices)
    return { ...option, choices: type.map((value) => ({ name: value, value })) };
  return lookedUp.includes(name) ? { ...option, autocomplete: true } : option;
}

/**
 * Tells Discord the commands, where it does not know them as they are: for all servers, or only for those named. A
 * failure is only logged, and tried again at the next start.
 */
export async function registerCommands(discord: Discord, applicationId: string): Promise<void> {
  const { guilds = [], log } = discord;
  try {
    // The same command for all and for one server would be shown twice.
    await setCommands(discord, Routes.applicationCommands(applicationId), guilds.length > 0 ? [] : menu());
  } catch (err) {
    log.warn({ detail: redact(errorText(err)) }, 'the commands could not be registered with Discord');
  }
  for (const guildId of guilds) {
    try {
      await setCommands(discord, Routes.applicationGuildCommands(applicationId, guildId), menu());
    } catch (err) {
      log.warn({ detail: redact(errorText(err)), guildId }, 'the commands could not be registered for a server');
    }
  }
}

async function setCommands({ api, log }: Discord, route: `/${string}`, wanted: MenuCommand[]): Promise<void> {
  const query = new URLSearchParams({ with_localizations: 'true' });
  const known = (await api.get(route, { query })) as APIApplicationCommand[];
  if (isSame(known, wanted)) return;
  await api.put(route, { body: wanted });
  log.info({ count: wanted.length }, 'commands registered with Discord');
}

/** Discord adds fields of its own and leaves out what is as always; what we say of a command is compared. */
export function isSame(known: APIApplicationCommand[], wanted: MenuCommand[]): boolean {
  const byName = new Map(known.map((command) => [command.name, command]));
  return (
    known.length === wanted.length &&
    wanted.every((command) => {
      const other = byName.get(command.name);
      return other !== undefined && digest(other) === digest(command);
    })
  );
}

function digest(command: APIApplicationCommand | MenuCommand): string {
  const options = (command.options ?? []) as MenuOption[];
  const { description, description_localizations: local } = command;
  return JSON.stringify([
    description,
    local?.ru ?? null,
    command.contexts?.toSorted() ?? null,
    options.map((option) => [
      option.type,
      option.name,
      option.description,
      option.description_localizations?.ru ?? null,
      option.required ?? false,
      option.autocomplete ?? false,
      (option.choices ?? []).map(({ name, value }) => [name, value]),
      option.min_value ?? null,
      option.max_value ?? null,
    ]),
  ]);
}
