import { DrizzleQueryError } from 'drizzle-orm/errors';
import { expect, test } from 'vitest';
import { errorText, TemporaryError } from '../../src/core/errors.ts';
import { serializeError } from '../../src/lib/log.ts';

const secret = { token: 'interaction-token', text: 'what was typed\n    at home' };
const query = 'insert into "inbox" ("body") values ($1)';

function failed(): DrizzleQueryError {
  return new DrizzleQueryError(query, [JSON.stringify(secret), secret.text], new Error('connect ECONNREFUSED'));
}

test('a query that failed is logged with its text, its cause and its place, and without its values', () => {
  const wrapped = new TemporaryError('postgres_away', { cause: failed(), detail: errorText(failed()) });
  const logged = JSON.stringify(serializeError(wrapped));
  expect(logged).not.toMatch(/interaction-token|what was typed|at home/);
  expect(logged).toContain('connect ECONNREFUSED');
  expect(logged).toContain('insert into');
  expect(logged).toContain('log.test.ts');
});

test('what becomes the text of a row holds no values of a query', () => {
  expect(errorText(failed())).toBe(`connect ECONNREFUSED in: ${query}`);
  expect(errorText(new Error('plain'))).toBe('plain');
});
