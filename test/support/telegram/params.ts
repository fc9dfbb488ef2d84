import { ApiError, badRequest } from './api-error.ts';
import { missingText, wordFor } from './param-words.ts';
import { type Field, fieldsOfMethod } from './spec.ts';
import type { UploadedFile } from './types.ts';
import { checkValue, numberOrText, type Violate } from './value.ts';

type Raw = {
  method: string;
  /** Every value as text: JSON text where the type is an object or an array. */
  args: Map<string, string>;
  files: Map<string, UploadedFile>;
  violate: Violate;
};

const simple = new Set(['String', 'InputFile', 'InputFile|String', 'Integer|String', 'Integer', 'Float', 'Boolean']);
/**
 * Makes typed parameters of a call's texts: numbers, booleans, objects. An empty text is an absent parameter. What the
 * method does not know is noted and left out, so that nothing can come to rest on it.
 *
 * @throws ApiError 400 in the real server's words; a scalar of a wrong type too, which it would read as 0 or false
 */
export function parseParams(raw: Raw): Record<string, unknown> {
  const fields = fieldsOfMethod(raw.method);
  noteUnknown(raw, fields);
  const params: Record<string, unknown> = {};
  for (const field of fields) {
    const text = raw.args.get(field.name) || fileText(raw, field);
    if (text) params[field.name] = parseText(raw, field, text);
  }
  noteUnreferenced(raw, params);
  // The real server reads what is to be sent before it looks for the chat.
  const absent = fields.filter(({ name, isRequired }) => isRequired && params[name] === undefined);
  const first = absent.find(({ name }) => !name.endsWith('chat_id')) ?? absent[0];
  if (first !== undefined) throw badRequest(missingText(first.name));
  return params;
}

/** A part named like the parameter is the file itself; a name of a part that is not there is no file. */
function fileText({ files }: Raw, { name, type }: Field): string | undefined {
  return type.startsWith('InputFile') && files.has(name) ? `attach://${name}` : undefined;
}

function parseText(raw: Raw, { name, type }: Field, text: string): unknown {
  if (!simple.has(type)) return parseJson(raw, { name, type }, text);
  if (type === 'Integer|String') return numberOrText(text);
  if (type === 'Boolean') return parseBoolean(raw, name, text);
  if (type === 'Integer' || type === 'Float') return parseNumber(raw, name, text);
  if (type.startsWith('InputFile')) return attached(raw, name, text);
  return text;
}

function attached({ files, violate }: Raw, name: string, text: string): string | undefined {
  if (!text.startsWith('attach://') || files.has(text.slice('attach://'.length))) return text;
  violate(`${name}: no part ${text}`);
  return undefined;
}

function parseBoolean({ violate }: Raw, name: string, text: string): boolean {
  if (['true', 'yes', '1'].includes(text.toLowerCase())) return true;
  if (['false', 'no', '0'].includes(text.toLowerCase())) return false;
  violate(`${name}: "${text}" is no Boolean`);
  throw badRequest(`parameter "${name}" must be of type Boolean`);
}

function parseNumber({ violate }: Raw, name: string, text: string): number {
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  violate(`${name}: "${text}" is no Integer`);
  throw badRequest(`parameter "${name}" must be of type Integer`);
}

function parseJson(raw: Raw, { name, type }: Omit<Field, 'isRequired'>, text: string): unknown {
  const thing = wordFor(raw.method, name);
  const value = jsonOf(text);
  if (value === undefined) throw badRequest(`can't parse ${thing} JSON object`);
  if (value === null) return undefined;
  if (name === 'reply_markup' && (typeof value !== 'object' || Array.isArray(value))) {
    throw badRequest('object expected as reply markup');
  }
  const checked = checkValue(type, value, { field: name, thing, violate: raw.violate });
  if (name === 'media') checkMedia(raw, [checked].flat());
  return checked;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checkMedia({ files, violate }: Raw, items: unknown[]): void {
  const partOf = (value: unknown) => /^attach:\/\/(.*)$/s.exec(String(value))?.[1];
  for (const item of items as { media?: string; thumbnail?: string; cover?: string }[]) {
    const part = partOf(item.media);
    if (part !== undefined && !files.has(part)) throw badRequest("can't parse InputMedia: media not found");
    for (const name of [partOf(item.thumbnail), partOf(item.cover)]) {
      if (name !== undefined && !files.has(name)) violate(`media: no part attach://${name}`);
    }
  }
}

function noteUnknown({ method, args, violate }: Raw, fields: Field[]): void {
  const known = new Set(fields.map(({ name }) => name));
  for (const name of args.keys()) {
    if (!known.has(name)) violate(`${method} has no parameter "${name}"`);
  }
}

function noteUnreferenced({ method, files, violate }: Raw, params: Record<string, unknown>): void {
  const text = JSON.stringify(params);
  for (const name of files.keys()) {
    if (!text.includes(JSON.stringify(`attach://${name}`))) violate(`${method}: part "${name}" is not referenced`);
  }
}

/** The answer to a method that there is not. */
export function methodNotFound(): ApiError {
  return new ApiError(404, 'Not Found: method not found');
}
