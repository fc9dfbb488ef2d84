import spec from './spec.json' with { type: 'json' };

/**
 * The methods we may call and the types they take, as `name` or `name?` to type.
 *
 * `spec.json` was made once from Bot API 10.1 (June 11, 2026) of
 * https://github.com/PaulSonOfLars/telegram-bot-api-spec: only what this server answers, no descriptions.
 * `=video` is a constant; the items of an album are any InputMedia, because the real server names the wrong
 * ones itself; `url` of setWebhook is optional, because without it the webhook is removed.
 */
export type Field = { name: string; type: string; isRequired: boolean };

const methods = new Map(Object.entries(spec.methods).map(([name, fields]) => [name, fieldsOf(fields)]));
const byLowerCase = new Map([...methods.keys()].map((name) => [name.toLowerCase(), name]));
const types = new Map<string, Field[] | string[]>(
  Object.entries(spec.types).map(([name, shape]) => [name, Array.isArray(shape) ? shape : fieldsOf(shape)]),
);

function fieldsOf(shape: Record<string, string | undefined>): Field[] {
  return Object.entries(shape).map(([key, type = '']) => ({
    name: key.replace(/\?$/, ''),
    type,
    isRequired: !key.endsWith('?'),
  }));
}

/** The documented spelling of a method, whose case does not matter in a call; undefined for one there is not. */
export function methodNamed(name: string): string | undefined {
  return byLowerCase.get(name.toLowerCase());
}

/** Parameters of a method in the order of the documentation. `method` as `methodNamed` gives it. */
export function fieldsOfMethod(method: string): Field[] {
  return methods.get(method) ?? [];
}

/** Fields of an object type; undefined for a union and for what is no type. */
export function fieldsOfType(type: string): Field[] | undefined {
  const shape = types.get(type);
  return shape?.every((item) => typeof item === 'object') ? shape : undefined;
}

/** The alternatives of `A|B` and of a named union such as `InputMedia`; the type itself where there is one only. */
export function alternativesOf(type: string): string[] {
  return type.split('|').flatMap((name) => {
    const shape = types.get(name);
    return shape?.every((item) => typeof item === 'string') && shape.length > 0 ? shape : [name];
  });
}
