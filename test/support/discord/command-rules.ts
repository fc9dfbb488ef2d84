import { badForm } from './api-error.ts';
import { listOf } from './component-rules.ts';
import type { Fault } from './schema.ts';
import type { Fields } from './state.ts';

/**
 * Limits of commands.
 * Source: https://docs.discord.com/developers/interactions/application-commands
 */
export const commandLimits = { chatInput: 100, characters: 8000 } as const;

const namePattern = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u;

/**
 * What commands must hold to besides their shape.
 *
 * @param path where the command stands in the body: `0.` in a list, else empty
 * @throws DiscordError 50035
 */
export function checkCommand(command: Fields, path = ''): void {
  const faults = [...nameFaults(command, path), ...optionFaults(listOf(command['options']), `${path}options`)];
  const isChatInput = (command['type'] ?? 1) === 1;
  if (isChatInput && !command['description']) faults.push(required(`${path}description`));
  const characters = charactersOf(command);
  if (characters > commandLimits.characters) {
    const message = `Command exceeds maximum size (${characters} > ${commandLimits.characters})`;
    faults.push({ path: path.replace(/\.$/, ''), code: 'APPLICATION_COMMAND_TOO_LARGE', message });
  }
  if (faults.length > 0) throw badForm(faults);
}

function required(path: string): Fault {
  return { path, code: 'BASE_TYPE_REQUIRED', message: 'This field is required' };
}

function nameFaults(item: Fields, path: string): Fault[] {
  const isMenu = item['type'] === 2 || item['type'] === 3;
  const localized = Object.entries((item['name_localizations'] ?? {}) as Record<string, string>);
  const names: [string, unknown][] = [['name', item['name']]];
  for (const [locale, name] of localized) names.push([`name_localizations.${locale}`, name]);
  return names.flatMap(([field, name]) => {
    const isGood = typeof name === 'string' && (isMenu || (namePattern.test(name) && name === name.toLowerCase()));
    if (isGood) return [];
    return [{ path: `${path}${field}`, code: 'APPLICATION_COMMAND_INVALID_NAME', message: 'Command name is invalid' }];
  });
}

function optionFaults(options: Fields[], path: string): Fault[] {
  const faults = options.flatMap((option, index) => oneOptionFaults(option, `${path}.${index}.`));
  const names = options.map(({ name }) => name);
  if (new Set(names).size < names.length) {
    const message = 'Option names must be unique';
    faults.push({ path, code: 'APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS', message });
  }
  const optional = options.findIndex((option) => option['required'] !== true);
  if (optional >= 0 && options.slice(optional).some((option) => option['required'] === true)) {
    const message = 'Required options must be placed before non-required options';
    faults.push({ path, code: 'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID', message });
  }
  return faults;
}

function oneOptionFaults(option: Fields, path: string): Fault[] {
  const choices = listOf(option['choices']);
  const faults = nameFaults({ ...option, type: 1 }, path);
  if (option['autocomplete'] === true && choices.length > 0) {
    const message = 'Options with choices cannot have autocomplete';
    faults.push({ path: `${path}autocomplete`, code: 'APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_INVALID', message });
  }
  const names = choices.map(({ name }) => name);
  if (new Set(names).size < names.length) {
    const message = 'Choice names must be unique';
    faults.push({ path: `${path}choices`, code: 'APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS', message });
  }
  return [...faults, ...optionFaults(listOf(option['options']), `${path}options`)];
}

/** Names, descriptions and values together; of translations the longest counts. */
function charactersOf(item: Fields): number {
  const longest = (field: string) => {
    const translated = Object.values((item[`${field}_localizations`] ?? {}) as Record<string, string>);
    return Math.max(...[item[field], ...translated].map((text) => String(text ?? '').length));
  };
  const choices = listOf(item['choices']).reduce(
    (sum, { name, value }) => sum + String(name).length + String(value).length,
    0,
  );
  const options = listOf(item['options']).reduce((sum, option) => sum + charactersOf(option), 0);
  return longest('name') + longest('description') + choices + options;
}
