import { parserLimits, tooLarge } from './parser-failure.ts';

/** Adds a parameter; the first of a name counts. Source: Query::arg of telegram-bot-api. */
export function addArg(args: Map<string, string>, name: string, value: string): void {
  if (!args.has(name)) args.set(name, value);
}

/** Adds the parameters of a query string or of an urlencoded body. @throws ParserFailure 413 past 1 MiB */
export function addUrlEncoded(args: Map<string, string>, text: string): void {
  if (Buffer.byteLength(text) > parserLimits.paramsBytes) throw tooLarge('too much parameters');
  for (const [name, value] of new URLSearchParams(text)) addArg(args, name, value);
}

/**
 * Adds the parameters of a JSON body: a string as it is, everything else as its JSON text, as TDLib does.
 *
 * @returns false for what is no JSON object: the real server then goes on without parameters
 */
export function addJson(args: Map<string, string>, text: string): boolean {
  if (text.trim() === '') return true;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return false;
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false;
  for (const [name, value] of Object.entries(body)) {
    addArg(args, name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return true;
}
