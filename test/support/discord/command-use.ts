import type { APIUser } from 'discord.js';
import { listOf } from './component-rules.ts';
import { guildPermissions } from './permissions.ts';
import type { ChannelState, Fields, StoredCommand, WorldState } from './state.ts';

/** Who does it, and where. `locale` of the client, e.g. `en-US`, `ru`. */
export type Acting = { user: APIUser; channel: ChannelState; locale?: string };

/** A file as a user picks it. */
export type PickedFile = { fileName: string; bytes: Buffer };

/** A command as a user gives it; values and files by the names of the options. */
export type CommandUse = Acting & {
  name: string;
  options?: Record<string, string | number | boolean>;
  files?: Record<string, PickedFile>;
  focused?: string;
};

/** The registered command, as the user's client shows it. @throws Error where it would not */
export function commandFor(world: WorldState, { channel, name, user }: CommandUse): StoredCommand {
  const lists = [world.commandLists.get(channel.guildId ?? '-'), world.commandLists.get('')];
  const command = lists.flatMap((list) => [...(list?.values() ?? [])]).find((candidate) => candidate.name === name);
  if (!command) throw new Error(`no command /${name} is registered here`);
  const isDirect = channel.guildId === undefined;
  const contexts = command['contexts'];
  if (Array.isArray(contexts) && !contexts.includes(isDirect ? 1 : 0)) throw new Error(`/${name} is not shown here`);
  const needed = command['default_member_permissions'];
  const guild = world.guilds.get(channel.guildId ?? '');
  if (!guild || needed === null || needed === undefined) return command;
  const bits = BigInt(String(needed));
  if ((guildPermissions(guild, user.id) & bits) !== bits) throw new Error(`/${name} is not shown to ${user.username}`);
  return command;
}

/** The options as an interaction holds them; `fileIds` are those of the files. @throws Error for what the client would not let pass */
export function optionsOf(
  command: StoredCommand,
  { options: typed = {}, focused }: CommandUse,
  fileIds: Record<string, string> = {},
): Fields[] {
  const options: Record<string, string | number | boolean> = { ...typed, ...fileIds };
  const declared = listOf(command['options']);
  const unknown = Object.keys(options).filter((name) => !declared.some((option) => option['name'] === name));
  if (unknown.length > 0) throw new Error(`/${command.name} has no option ${unknown.join(', ')}`);
  return declared.flatMap((option) => {
    const name = String(option['name']);
    const value = options[name];
    if (value === undefined && option['required'] === true && focused === undefined)
      throw new Error(`/${command.name} needs ${name}`);
    if (value === undefined) return [];
    if ((option['type'] === attachmentType) !== name in fileIds) throw new Error(`${name} takes a file, or none`);
    if (name !== focused) checkValue(option, value);
    else if (option['autocomplete'] !== true) throw new Error(`${name} of /${command.name} has no autocomplete`);
    return [{ name, type: option['type'], value, ...(name === focused && { focused: true }) }];
  });
}

/** Its value is the id of an attachment. Source: https://docs.discord.com/developers/interactions/application-commands */
const attachmentType = 11;
const valueTypes: Record<number, string> = {
  3: 'string',
  4: 'number',
  5: 'boolean',
  6: 'string',
  7: 'string',
  10: 'number',
  [attachmentType]: 'string',
};

function checkValue(option: Fields, value: string | number | boolean): void {
  const name = String(option['name']);
  if (typeof value !== valueTypes[Number(option['type'])])
    throw new Error(`${name} takes another type than ${typeof value}`);
  const choices = listOf(option['choices']);
  if (choices.length > 0 && !choices.some((choice) => choice['value'] === value))
    throw new Error(`${name} has no choice ${value}`);
  const [min, max] = [option['min_length'] ?? 0, option['max_length'] ?? 6000].map(Number) as [number, number];
  if (typeof value === 'string' && (value.length < min || value.length > max))
    throw new Error(`${name} is too short or long`);
}
