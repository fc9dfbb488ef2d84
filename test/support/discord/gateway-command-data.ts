import {
  type APIApplicationCommandBasicOption,
  type APIApplicationCommandOption,
  ApplicationCommandOptionType as Type,
} from 'discord.js';
import type { GivenOptions, RegisteredCommand } from './gateway-interactions.ts';

/** What a person's client knows besides the command. */
export type CommandCall = {
  /** Words of a subcommand after the name, e.g. `['add']`. */
  path?: string[];
  options?: GivenOptions;
  /** Of an autocomplete: the option that is being written. */
  focused?: string;
  /** Objects for ids of users, channels, roles: the value of `resolved`, e.g. `{ channels: { '1': {…} } }`. */
  resolved?: object;
};

type Sent = { name: string; type: number; value?: unknown; focused?: true; options?: Sent[] };

/**
 * `data` of a slash command or its autocomplete, as a client sends it.
 *
 * @throws Error for what a client never lets through: an option that is not registered, a missing required one, a
 *   value of another type, beyond its limits or not among the choices
 */
export function commandData(command: RegisteredCommand, call: CommandCall = {}): object {
  const options = nested(command.options ?? [], call.path ?? [], call);
  return {
    id: command.id,
    name: command.name,
    type: command.type,
    ...(options.length > 0 && { options }),
    ...(command.guild_id !== undefined && { guild_id: command.guild_id }),
    ...(call.resolved && { resolved: call.resolved }),
  };
}

function nested(options: APIApplicationCommandOption[], path: string[], call: CommandCall): Sent[] {
  const [word, ...rest] = path;
  const isGroup = options.some(({ type }) => type <= Type.SubcommandGroup);
  if (word === undefined && isGroup) throw new Error('a command with subcommands cannot be used by itself');
  if (word === undefined) return values(options as APIApplicationCommandBasicOption[], call);
  const sub = options.find(({ name }) => name === word);
  if (sub === undefined || sub.type > Type.SubcommandGroup) throw new Error(`no subcommand ${word}`);
  const inner = ('options' in sub && sub.options) || [];
  return [{ name: sub.name, type: sub.type, options: nested(inner, rest, call) }];
}

/** In the order in which they were given, as a client shows them. */
function values(options: APIApplicationCommandBasicOption[], { options: given = {}, focused }: CommandCall): Sent[] {
  const isWriting = focused !== undefined;
  const missing = options.find(({ name, required }) => required && given[name] === undefined);
  if (missing && !isWriting) throw new Error(`option ${missing.name} is required`);
  return Object.entries(given).map(([name, value]) => {
    const option = options.find((known) => known.name === name);
    if (option === undefined) throw new Error(`no option ${name}`);
    const isFocused = name === focused;
    if (isFocused && !('autocomplete' in option && option.autocomplete)) throw new Error(`${name} has no autocomplete`);
    const fault = isFocused ? undefined : faultOf(option, value);
    if (fault) throw new Error(`option ${name}: ${fault}`);
    return { name, type: option.type, value: isFocused ? String(value) : value, ...(isFocused && { focused: true }) };
  });
}

/** JSON types of values by option type; ids are strings. */
const jsonTypes: Partial<Record<Type, string>> = {
  [Type.Integer]: 'number',
  [Type.Number]: 'number',
  [Type.Boolean]: 'boolean',
};

function faultOf(option: APIApplicationCommandBasicOption, value: string | number | boolean): string | undefined {
  if (typeof value !== (jsonTypes[option.type] ?? 'string')) return `${JSON.stringify(value)} has another type`;
  if (option.type === Type.Integer && !Number.isInteger(value)) return 'not an integer';
  const choices = 'choices' in option ? option.choices : undefined;
  if (choices?.length && !choices.some((choice) => choice.value === value)) return 'not among the choices';
  if (typeof value === 'boolean' || (jsonTypes[option.type] === undefined && option.type !== Type.String))
    return undefined;
  return limitFault(option, typeof value === 'string' ? value.length : value);
}

/** Source: option structure in https://docs.discord.com/developers/interactions/application-commands; 6000 at most */
function limitFault(option: APIApplicationCommandBasicOption, size: number): string | undefined {
  const { min_length = 0, max_length = 6000, min_value = -Infinity, max_value = Infinity } = option as Limits;
  const [least, most] = option.type === Type.String ? [min_length, max_length] : [min_value, max_value];
  return size < least || size > most ? `${size} is not between ${least} and ${most}` : undefined;
}

type Limits = { min_length?: number; max_length?: number; min_value?: number; max_value?: number };
