import { badField } from './api-error.ts';

/** A query parameter that is a whole number in a range. @throws DiscordError 50035 */
export function wholeNumber(
  query: URLSearchParams,
  name: string,
  range: { min: number; max: number; or: number },
): number {
  const text = query.get(name);
  if (text === null) return range.or;
  const value = Number(text);
  if (Number.isInteger(value) && value >= range.min && value <= range.max) return value;
  const message = `int value should be between ${range.min} and ${range.max}.`;
  throw badField(name, 'NUMBER_TYPE_MAX', message);
}

/** A query parameter that is an id. @throws DiscordError 50035 */
export function snowflake(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (/^\d{1,20}$/.test(text)) return BigInt(text);
  throw badField(name, 'NUMBER_TYPE_COERCE', `Value "${text}" is not snowflake.`);
}
