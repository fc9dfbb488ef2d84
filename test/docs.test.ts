import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configMarkdown, envExample, environment } from '../src/config.ts';
import { captureMarkdown } from './support/capture-markdown.ts';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

test('docs/config.md and .env.example are what the schema makes (npm run docs)', () => {
  expect(read('docs/config.md')).toBe(configMarkdown());
  expect(read('.env.example')).toBe(envExample());
});

test('docs/capture.md is what the tests of capture saw (npm run docs)', () => {
  expect(read('docs/capture.md')).toBe(captureMarkdown());
});

test('the compose file sets only variables that exist', () => {
  const known = new Set(Object.keys(environment.shape).flatMap((name) => [name, `${name}_FILE`]));
  const [, block = ''] = /x-aircheck-env:.*\n((?: {2}.*\n)+)/.exec(read('docker-compose.yml')) ?? [];
  const names = [...block.matchAll(/^ {2}([A-Z_]+):/gm)].map((match) => match[1] ?? '');
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
});
