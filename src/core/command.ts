import { UserError } from './errors.ts';
import { adPolicies, engines, postModes, qualities, type Role, roles, watchModes } from './model.ts';
import { readArgument } from './read-argument.ts';
import { displayUrl, looksLikeUrl } from './url.ts';

/** `pattern`: words or `/…/`. `names`: `core/names.ts`. `split`: a duration, or `title`. `schedule`, `moment`, `days`: `core/schedule.ts`. */
export type ArgType =
  | ('url' | 'ref' | 'text' | 'duration' | 'size' | 'number')
  | ('pattern' | 'names' | 'split' | 'schedule' | 'moment' | 'days')
  | readonly string[];
export type Arg = { name: string; type: ArgType; isRequired?: boolean };
export type CommandSpec = {
  name: string;
  /** Least right that may use it. */
  role: Role;
  /** In the order they are typed; the last may be left out where it is not required. */
  args: Arg[];
  /** `name=value`. */
  options: Arg[];
  example: string;
};

const quality = { name: 'quality', type: qualities };
const ads = { name: 'ads', type: adPolicies };
const engine = { name: 'engine', type: engines };
const to = { name: 'to', type: 'text' } as const;
const split = { name: 'split', type: 'split' } as const;
const keep = { name: 'keep', type: 'duration' } as const;
const watchRules: Arg[] = [
  { name: 'title', type: 'pattern' },
  { name: 'not-title', type: 'pattern' },
  { name: 'category', type: 'pattern' },
  { name: 'not-category', type: 'pattern' },
  { name: 'schedule', type: 'schedule' },
  { name: 'mode', type: watchModes },
  { name: 'waiting', type: ['on', 'off'] },
  { name: 'cross', type: 'url' },
  { name: 'auto', type: 'names' },
];
const recordTimes: Arg[] = [
  { name: 'for', type: 'duration' },
  { name: 'at', type: 'moment' },
  { name: 'every', type: 'days' },
];
const targetOptions: Arg[] = [
  { name: 'discussion', type: 'text' },
  { name: 'vault', type: 'text' },
  { name: 'limit', type: 'size' },
  { name: 'post', type: postModes },
  { name: 'crosspost', type: ['yes', 'no'] },
];

/** The one grammar: message text, Discord's slash commands and the help are made from it. */
export const commandSpecs = [
  {
    name: 'record',
    role: 'operator',
    args: [{ name: 'url', type: 'url', isRequired: true }],
    options: [to, quality, ...recordTimes, split, keep, ads, engine],
    example: '/record https://example.com/live quality=720p for=2h',
  },
  {
    name: 'watch',
    role: 'operator',
    args: [{ name: 'url', type: 'url', isRequired: true }],
    options: [to, quality, ...watchRules, split, keep, ads, engine],
    example: '/watch https://example.com/live to=archive,backup',
  },
  {
    name: 'unwatch',
    role: 'operator',
    args: [{ name: 'id', type: 'ref', isRequired: true }],
    options: [],
    example: '/unwatch w3',
  },
  { name: 'stop', role: 'operator', args: [{ name: 'id', type: 'ref' }], options: [], example: '/stop s12' },
  { name: 'cancel', role: 'operator', args: [{ name: 'id', type: 'ref' }], options: [], example: '/cancel s12' },
  {
    name: 'retry',
    role: 'operator',
    args: [
      { name: 'id', type: 'ref', isRequired: true },
      { name: 'only', type: ['upload', 'post', 'comment', 'withheld'] },
    ],
    options: [],
    example: '/retry s12',
  },
  {
    name: 'skip',
    role: 'operator',
    args: [
      { name: 'id', type: 'ref', isRequired: true },
      { name: 'only', type: ['post', 'comment'] },
    ],
    options: [],
    example: '/skip s12 comment',
  },
  {
    name: 'confirm',
    role: 'operator',
    args: [
      { name: 'id', type: 'ref', isRequired: true },
      { name: 'answer', type: ['posted', 'missing'], isRequired: true },
    ],
    options: [],
    example: '/confirm p34 posted',
  },
  {
    name: 'pause',
    role: 'operator',
    args: [{ name: 'id', type: 'ref', isRequired: true }],
    options: [],
    example: '/pause w3',
  },
  { name: 'resume', role: 'operator', args: [{ name: 'id', type: 'ref' }], options: [], example: '/resume w3' },
  { name: 'status', role: 'viewer', args: [{ name: 'id', type: 'ref' }], options: [], example: '/status s12' },
  { name: 'list', role: 'viewer', args: [], options: [{ name: 'page', type: 'number' }], example: '/list page=2' },
  {
    name: 'timezone',
    role: 'operator',
    args: [{ name: 'zone', type: 'text' }],
    options: [],
    example: '/timezone Europe/Berlin',
  },
  {
    name: 'target',
    role: 'admin',
    args: [
      { name: 'action', type: ['add', 'set', 'test', 'remove', 'list'], isRequired: true },
      { name: 'name', type: 'text' },
      { name: 'address', type: 'text' },
    ],
    options: targetOptions,
    example: '/target add archive @channel limit=50MB',
  },
  {
    name: 'cookies',
    role: 'admin',
    args: [
      { name: 'action', type: ['list', 'remove'] },
      { name: 'site', type: 'text' },
    ],
    options: [],
    example: '/cookies remove youtube.com',
  },
  {
    name: 'grant',
    role: 'admin',
    args: [
      { name: 'user', type: 'text', isRequired: true },
      { name: 'role', type: roles, isRequired: true },
    ],
    options: [],
    example: '/grant 123456 operator',
  },
  {
    name: 'revoke',
    role: 'admin',
    args: [{ name: 'user', type: 'text', isRequired: true }],
    options: [],
    example: '/revoke 123456',
  },
  { name: 'whoami', role: 'viewer', args: [], options: [], example: '/whoami' },
  { name: 'help', role: 'viewer', args: [{ name: 'command', type: 'text' }], options: [], example: '/help record' },
] as const satisfies CommandSpec[];
export type CommandName = (typeof commandSpecs)[number]['name'];

/** Values are checked: durations in ms, sizes in bytes, URLs canonical. */
export type ParsedCommand = { name: CommandName; args: Record<string, string | number> };

/**
 * Reads a typed command: `/record@bot URL quality=720p`, options anywhere, values in quotes.
 *
 * @returns undefined where the text is no command
 * @throws UserError `unknown_command`, `missing_argument`, `bad_argument`, `unknown_option`, `too_many_arguments`,
 *   `bad_url`, `bad_pattern`, `pattern_too_long`, `bad_names`
 */
export function parseCommand(text: string): ParsedCommand | undefined {
  const words = splitWords(text);
  const [, name] = /^\/([a-z]+)(?:@\w+)?$/i.exec(words.shift() ?? '') ?? [];
  if (!name) return undefined;
  const spec: CommandSpec | undefined = commandSpecs.find((candidate) => candidate.name === name.toLowerCase());
  if (!spec) throw new UserError('unknown_command', { command: name, suggestion: nearest(name) });
  const args: Record<string, string | number> = {};
  const positional = [...spec.args];
  for (const word of words) {
    const [, key, value = ''] = /^([a-z][a-z-]*)=(.*)$/is.exec(word) ?? [];
    const named = key === undefined ? undefined : takeNamed(spec, positional, key.toLowerCase());
    // `limti=5MB` must not become a name or an address.
    if (key !== undefined && !named) throw new UserError('unknown_option', { name: key, example: spec.example });
    const arg = named ?? positional.shift();
    if (!arg) throw new UserError('too_many_arguments', { word: shown(word), example: spec.example });
    args[arg.name] = readValue(arg, named ? value : word, spec);
  }
  const missing = positional.find((arg) => arg.isRequired);
  if (missing) throw new UserError('missing_argument', { name: missing.name, example: spec.example });
  return { name: spec.name as CommandName, args };
}

/** The option of that name, or the positional one, which is then no longer awaited. */
function takeNamed(spec: CommandSpec, positional: Arg[], name: string): Arg | undefined {
  const option = spec.options.find((arg) => arg.name === name);
  if (option) return option;
  const index = positional.findIndex((arg) => arg.name === name);
  return index < 0 ? undefined : positional.splice(index, 1)[0];
}

/** What a person typed, to be shown back: short, and an address without its secrets. */
export function shown(word: string): string {
  return looksLikeUrl(word) ? displayUrl(word) : word.slice(0, 60);
}

function splitWords(text: string): string[] {
  // Postgres takes no NUL, and no name needs control characters.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const clean = text.replace(/[\u0000-\u0008\u000e-\u001f\u007f]/g, '');
  const words = clean.trim().match(/(?:[^\s"“”]+|["“”][^"“”]*["“”])+/g) ?? [];
  return words.map((word) => word.replace(/["“”]/g, ''));
}

function readValue(arg: Arg, value: string, { example }: CommandSpec): string | number {
  const { name } = arg;
  const bad = (wanted: string) => new UserError('bad_argument', { name, value: shown(value), wanted, example });
  if (value === '') throw bad('a value');
  return readArgument(arg, value, bad);
}

/** `s12`, `#s12`, `12` → its letter (`fallback` where there is none) and number; undefined where it is no such id. */
export function parseRef(text: string, fallback: 's' | 'w' = 's'): { kind: string; id: number } | undefined {
  const [, kind = fallback, id] = /^#?([swdp])?(\d{1,15})$/i.exec(text) ?? [];
  return id === undefined ? undefined : { kind: kind.toLowerCase(), id: Number(id) };
}

function nearest(name: string): string {
  const scored = commandSpecs.map((spec) => ({ name: spec.name, distance: distanceOf(name.toLowerCase(), spec.name) }));
  const [best] = scored.sort((a, b) => a.distance - b.distance);
  return best && best.distance <= 2 ? best.name : 'help';
}

/** Levenshtein distance. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
