/** What a schema says of a value by itself. */
export type ValueSchema = {
  type?: string;
  enum?: unknown[];
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  uniqueItems?: boolean;
};

/** The length of a text as Discord counts it: in code points. */
export function charsOf(text: string): number {
  return Array.from(text).length;
}

/** A code of Discord's and its sentence. */
export type Said = { code: string; message: string };

const kinds: Record<string, { is: (value: unknown) => boolean; fault: Said }> = {
  object: {
    is: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    fault: { code: 'MODEL_TYPE_CONVERT', message: 'Only dictionaries may be used in a ModelType' },
  },
  array: {
    is: Array.isArray,
    fault: { code: 'LIST_TYPE_CONVERT', message: 'Only iterables may be used in a ListType' },
  },
  string: {
    is: (value) => typeof value === 'string',
    fault: { code: 'STRING_TYPE_CONVERT', message: 'Could not interpret value as string.' },
  },
  integer: {
    is: (value) => Number.isInteger(value) || (typeof value === 'string' && /^-?\d+$/.test(value)),
    fault: { code: 'NUMBER_TYPE_COERCE', message: 'Value is not int.' },
  },
  number: {
    is: (value) => typeof value === 'number',
    fault: { code: 'NUMBER_TYPE_COERCE', message: 'Value is not float.' },
  },
  boolean: {
    is: (value) => typeof value === 'boolean',
    fault: { code: 'BOOLEAN_TYPE_CONVERT', message: 'Must be either true or false.' },
  },
  snowflake: {
    is: (value) => /^(0|[1-9]\d{0,19})$/.test(String(value)),
    fault: { code: 'NUMBER_TYPE_COERCE', message: 'Value is not snowflake.' },
  },
};

/** What is wrong with a value by itself, whatever it holds; undefined when nothing is. */
export function faultOf(schema: ValueSchema, value: unknown): Said | undefined {
  if (schema.enum && !schema.enum.includes(value)) {
    return { code: 'BASE_TYPE_CHOICES', message: `Value must be one of ${JSON.stringify(schema.enum)}.` };
  }
  const kind = kinds[schema.type ?? ''];
  if (kind && !kind.is(value)) return kind.fault;
  if (typeof value === 'string' && schema.type === 'string') return lengthFault(schema, charsOf(value));
  if (typeof value === 'number') return rangeFault(schema, value);
  return Array.isArray(value) ? listFault(schema, value) : undefined;
}

function lengthFault({ minLength = 0, maxLength = Infinity }: ValueSchema, length: number): Said | undefined {
  if (length > maxLength) {
    return { code: 'BASE_TYPE_MAX_LENGTH', message: `Must be ${maxLength} or fewer in length.` };
  }
  if (length >= minLength) return undefined;
  if (length === 0) return { code: 'BASE_TYPE_REQUIRED', message: 'This field is required' };
  return { code: 'BASE_TYPE_BAD_LENGTH', message: `Must be between ${minLength} and ${maxLength} in length.` };
}

function rangeFault({ minimum = -Infinity, maximum = Infinity }: ValueSchema, value: number): Said | undefined {
  if (value > maximum) {
    return { code: 'NUMBER_TYPE_MAX', message: `int value should be less than or equal to ${maximum}.` };
  }
  if (value >= minimum) return undefined;
  return { code: 'NUMBER_TYPE_MIN', message: `int value should be greater than or equal to ${minimum}.` };
}

function listFault({ minItems = 0, maxItems = Infinity, uniqueItems }: ValueSchema, list: unknown[]): Said | undefined {
  if (list.length > maxItems) {
    return { code: 'BASE_TYPE_MAX_LENGTH', message: `Must be ${maxItems} or fewer in length.` };
  }
  if (list.length < minItems) {
    return { code: 'BASE_TYPE_MIN_LENGTH', message: `Must be ${minItems} or more in length.` };
  }
  if (!uniqueItems || new Set(list.map((item) => JSON.stringify(item))).size === list.length) return undefined;
  return { code: 'SET_TYPE_ALREADY_CONTAINS_VALUE', message: 'The set already contains this value' };
}
