import { type Arg, type ArgType, type CommandSpec, commandSpecs, type ParsedCommand } from './command.ts';
import { en } from './text/en.ts';

/** `/record URL [to=…]`: how a command is typed. */
export function usage(spec: CommandSpec): string {
  const positional = spec.args.map((arg) => {
    const name = typeof arg.type === 'object' ? arg.type.join('|') : arg.name.toUpperCase();
    return arg.isRequired ? name : `[${name}]`;
  });
  const options = spec.options.map((arg) => `[${arg.name}=${valueOf(arg)}]`);
  return [`/${spec.name}`, ...positional, ...options].join(' ');
}

const shapes: Record<Exclude<ArgType, readonly string[]>, string> = {
  ...{ duration: '2h', size: '50MB', number: '2', text: '…', url: 'URL', ref: 'ID' },
  ...{ pattern: 'words|/…/', names: 'web-*,!web-test', split: '30m|title', moment: '20:00', days: 'mon,thu' },
  schedule: '"mon-fri 20:00-23:30"',
};

function valueOf({ type }: Arg): string {
  if (typeof type === 'object') return type.join('|');
  return shapes[type];
}

/** A parsed command as a person could have typed it; parsing it again gives the same. */
export function printCommand({ name, args }: ParsedCommand): string {
  const spec: CommandSpec | undefined = commandSpecs.find((candidate) => candidate.name === name);
  const words = [...(spec?.args ?? []), ...(spec?.options ?? [])].flatMap((arg) => {
    const value = args[arg.name];
    return value === undefined ? [] : [`${arg.name}="${printValue(arg, value)}"`];
  });
  return [`/${name}`, ...words].join(' ');
}

function printValue({ type }: Arg, value: string | number): string {
  return (type === 'duration' || type === 'split') && typeof value === 'number' ? `${value / 1000}s` : String(value);
}

/** `docs/commands.md`. */
export function commandsMarkdown(): string {
  const rows = commandSpecs.map((spec) => {
    const cells = [usage(spec), spec.example].map((text) => `\`${text.replaceAll('|', '\\|')}\``);
    return `| ${cells[0]} | ${spec.role} | ${en.help[spec.name]} | ${cells[1]} |`;
  });
  return [
    '# Commands',
    '',
    'The same in every chat. Made from `src/core/command.ts`.',
    '',
    '| command | least right | what it does | example |',
    '|---|---|---|---|',
    ...rows,
    '',
    '- Options may stand anywhere; a value with spaces goes in quotes: `to="my archive"`.',
    '- `ID` is what the bot shows: `s12` a recording, `w3` a standing order; a link serves too. Where one recording runs, `/stop` needs none.',
    '- Durations: `2h`, `1h30m`, `90m`, `45s`, `30d`, `1:30:00`. Sizes: `50MB`, `1.9GB`, at least 100 kB.',
    '- Filters, schedules and time zones: [rules.md](rules.md).',
    '- The bot answers in Russian where the command holds Cyrillic letters, else in English.',
    '- Nobody is answered unless allowed: `ADMINS`, the owner of the web chat, or `/grant` in that chat. Others get one short answer an hour.',
    '',
  ].join('\n');
}
