import spec from './spec.json' with { type: 'json' };
import { faultOf, type ValueSchema } from './value-faults.ts';

/**
 * The shapes of request bodies that this server takes.
 *
 * `spec.json` was made once from the OpenAPI file of https://github.com/discord/discord-api-spec (v10): only the schemas
 * of what is answered here, in few words: `nullable` stands for a type of null, `snowflake` for its pattern, `oneOf` for
 * a union. Where the documentation is stricter than the file, `rules.ts` says so.
 */
type Schema = ValueSchema & {
  nullable?: boolean;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema;
  oneOf?: Schema[];
  $ref?: string;
};

/** What is wrong, and where: `embeds.0.title`. */
export type Fault = { path: string; code: string; message: string };

type Checking = { faults: Fault[]; unknown: string[] };

const schemas = spec.schemas as Record<string, Schema>;

/** Names of the shapes, as Discord's file has them. */
export type SchemaName = keyof typeof spec.schemas;

/**
 * Checks a body against a shape.
 *
 * @returns all faults, and the paths of fields that the shape does not know: Discord ignores these in silence
 */
export function checkShape(name: SchemaName, value: unknown): Checking {
  const checking: Checking = { faults: [], unknown: [] };
  check({ $ref: name }, value, '', checking);
  return checking;
}

function check(schema: Schema, value: unknown, path: string, checking: Checking): void {
  if (schema.nullable && value === null) return;
  if (schema.$ref !== undefined) return check(named(schema.$ref), value, path, checking);
  if (schema.oneOf) return checkUnion(schema.oneOf, value, path, checking);
  const fault = faultOf(schema, value);
  if (fault) checking.faults.push({ path, ...fault });
  else if (Array.isArray(value)) checkItems(schema, value, path, checking);
  else if (typeof value === 'object' && value !== null) checkFields(schema, value as Fields, path, checking);
}

type Fields = Record<string, unknown>;

function named(name: string): Schema {
  const schema = schemas[name];
  if (!schema) throw new Error(`spec.json has no ${name}`);
  return schema;
}

/** A union is told apart by the constants of its members; without any, the member with the fewest faults speaks. */
function checkUnion(members: Schema[], value: unknown, path: string, checking: Checking): void {
  const resolved = members.map((member) => (member.$ref === undefined ? member : named(member.$ref)));
  const fitting = resolved.filter((member) => isMeant(member, value));
  if (fitting.length === 0) {
    const message = `Value of field "type" must be one of ${JSON.stringify(resolved.flatMap(typesOf))}.`;
    checking.faults.push({ path: `${path}${path && '.'}type`, code: 'BASE_TYPE_CHOICES', message });
    return;
  }
  const results = fitting.map((member) => {
    const result: Checking = { faults: [], unknown: [] };
    check(member, value, path, result);
    return result;
  });
  results.sort((one, other) => one.faults.length - other.faults.length);
  checking.faults.push(...(results[0]?.faults ?? []));
  checking.unknown.push(...(results[0]?.unknown ?? []));
}

function typesOf(member: Schema): unknown[] {
  return member.properties?.['type']?.enum ?? [];
}

function isMeant(member: Schema, value: unknown): boolean {
  const types = typesOf(member);
  return types.length === 0 || types.includes((value as Fields | null)?.['type']);
}

function checkItems(schema: Schema, value: unknown[], path: string, checking: Checking): void {
  if (!schema.items) return;
  for (const [index, item] of value.entries()) check(schema.items, item, join(path, String(index)), checking);
}

function checkFields(schema: Schema, value: Fields, path: string, checking: Checking): void {
  for (const name of schema.required ?? []) {
    if (value[name] !== undefined) continue;
    const message = 'This field is required';
    checking.faults.push({ path: join(path, name), code: 'BASE_TYPE_REQUIRED', message });
  }
  for (const [name, item] of Object.entries(value)) {
    const field = schema.properties?.[name] ?? schema.additionalProperties;
    if (field) check(field, item, join(path, name), checking);
    else checking.unknown.push(join(path, name));
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
