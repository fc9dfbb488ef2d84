import { expect, test } from 'vitest';
import { parseCommand } from '../../src/core/command.ts';
import { UserError } from '../../src/core/errors.ts';
import { readNames } from '../../src/core/names.ts';

test.each([
  ['*', ['web-1', 'live/cam', 'a'], []],
  ['web-*', ['web-1', 'web-', 'web-a/b'], ['web', 'my-web-1', 'Web-1']],
  ['cam?', ['cam1', 'camx'], ['cam', 'cam10']],
  ['web-*, !web-test*', ['web-1'], ['web-test', 'web-test2', 'other']],
  ['a,live/*', ['a', 'live/1'], ['b', 'live']],
  ['-private/*', ['web-1'], ['private/1']],
  ['v1.*', ['v1.2'], ['v1x2']],
  ['*a*b*', ['ab', 'xaybz'], ['ba']],
])('%s', (typed, wanted, others) => {
  const names = readNames(typed);
  expect([...wanted, ...others].filter(names.test)).toEqual(wanted);
  expect(readNames(names.text).text).toBe(names.text);
});

test.each(['', ',', 'web-*,', 'web-[12]', 'a b', '{a,b}', '!', '/x\\d/', 'x'.repeat(201), 'a\u0000'])(
  '"%s" is refused',
  (typed) => {
    expect(() => readNames(typed)).toThrow(UserError);
  },
);

test('looking takes time in proportion to the name', () => {
  const names = readNames(`${'*a'.repeat(90)}*b`);
  // Trying every way would not end before the test is broken off.
  expect(names.test('a'.repeat(5_000))).toBe(false);
});

test('it is an option of /watch, kept as it was typed', () => {
  expect(parseCommand('/watch http://host:9997 auto=web-*,!web-test')?.args.auto).toBe('web-*,!web-test');
  expect(() => parseCommand('/watch http://host:9997 auto=web-[12]')).toThrow(/bad_names/);
});
