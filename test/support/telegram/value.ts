import { badRequest } from './api-error.ts';
import { alternativesOf, type Field, fieldsOfType } from './spec.ts';

/** Notes what the real server ignores but no client should send. */
export type Violate = (text: string) => void;

type Place = { field: string; thing: string; violate: Violate };

/** How the real server names a type when it cannot parse one. */
const names: Record<string, string> = {
  InlineKeyboardMarkup: 'inline keyboard markup',
  InlineKeyboardButton: 'inline keyboard button',
  KeyboardButton: 'keyboard button',
  ReplyParameters: 'reply parameters',
  LinkPreviewOptions: 'link preview options',
};

/**
 * Checks a parsed JSON value against a type and gives it back as the type wants it: a number sent as text becomes a
 * number; fields that the type does not have are noted and left out.
 *
 * @throws ApiError 400 `can't parse …: Field "x" must be of type …`
 */
export function checkValue(type: string, value: unknown, place: Place): unknown {
  if (type.startsWith('Array of ')) return checkArray(type, value, place);
  if (type.startsWith('=')) return checkConstant(type, value, place);
  if (type === 'Integer|String') return typeof value === 'string' ? numberOrText(value) : checkNumber(value, place);
  if (type === 'String' || type === 'InputFile|String') return checkText(value, place);
  if (type === 'Boolean' || type === 'True') return checkBoolean(value, place);
  if (type === 'Integer' || type === 'Float') return checkNumber(value, place);
  return checkObject(type, value, place);
}

/** A chat id is a number, `@name` stays text. */
export function numberOrText(text: string): number | string {
  return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

function wrongType({ field, thing }: Place, wanted: string): never {
  throw badRequest(`can't parse ${thing}: Field "${field}" must be of type ${wanted}`);
}

function checkArray(type: string, value: unknown, place: Place): unknown[] {
  if (!Array.isArray(value)) return wrongType(place, 'Array');
  const itemType = type.slice('Array of '.length);
  return value.map((item) => checkValue(itemType, item, place));
}

function checkConstant(type: string, value: unknown, place: Place): string {
  const text = checkText(value, place);
  if (`=${text}` !== type) place.violate(`${place.thing}: ${place.field} is "${text}", not "${type.slice(1)}"`);
  return text;
}

/** A number is taken as text, as TDLib's JSON reader does. */
function checkText(value: unknown, place: Place): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value : wrongType(place, 'String');
}

function checkBoolean(value: unknown, place: Place): boolean {
  return typeof value === 'boolean' ? value : wrongType(place, 'Boolean');
}

function checkNumber(value: unknown, place: Place): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : wrongType(place, 'Number');
}

function checkObject(type: string, value: unknown, { thing, violate }: Place): Record<string, unknown> {
  if (!isObject(value)) throw badRequest(`can't parse ${names[type] ?? thing}: expected an Object`);
  const name = shapeFor(type, value, violate);
  if (name === undefined) return {};
  return checkFields(fieldsOfType(name) ?? [], value, { thing: nameOf(type, name), violate });
}

function nameOf(type: string, shape: string): string {
  return type === 'InputMedia' ? 'InputMedia' : (names[shape] ?? shape);
}

function checkFields(fields: Field[], value: Record<string, unknown>, place: Omit<Place, 'field'>) {
  const known = new Set(fields.map(({ name }) => name));
  for (const name of Object.keys(value)) {
    if (!known.has(name)) place.violate(`${place.thing} has no field "${name}"`);
  }
  const result: Record<string, unknown> = {};
  for (const { name, type, isRequired } of fields) {
    const item = value[name];
    // JSON null is an absent field for the real server.
    if (item !== undefined && item !== null) result[name] = checkValue(type, item, { ...place, field: name });
    else if (isRequired) throw badRequest(`can't parse ${place.thing}: Can't find field "${name}"`);
  }
  return result;
}

/** Which alternative of a union is meant: by its constant, else by the fields that it must have. */
function shapeFor(type: string, value: Record<string, unknown>, violate: Violate): string | undefined {
  const shapes = alternativesOf(type);
  if (shapes.length === 1) return shapes[0];
  const constants = shapes.map((shape) => fieldsOfType(shape)?.find((field) => field.type.startsWith('=')));
  if (constants.every((field) => field === undefined)) {
    const found = shapes.find((shape) => fieldsOfType(shape)?.every((f) => !f.isRequired || f.name in value));
    if (found === undefined) violate(`nothing of ${type} fits ${JSON.stringify(value)}`);
    return found;
  }
  const key = constants[0]?.name ?? 'type';
  if (value[key] === undefined) throw badRequest(`can't parse ${type}: Can't find field "${key}"`);
  const index = constants.findIndex((field) => field?.type === `=${String(value[key])}`);
  if (index < 0) throw badRequest(`can't parse ${type}: ${key} "${String(value[key])}" is unsupported`);
  return shapes[index];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
