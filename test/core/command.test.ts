import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CommandSpec, commandSpecs, parseCommand, parseRef, shown } from '../../src/core/command.ts';
import { commandsMarkdown, printCommand } from '../../src/core/commands-markdown.ts';
import { UserError } from '../../src/core/errors.ts';

const parse = (text: string) => parseCommand(text);
function refusal(text: string): UserError {
  try {
    parseCommand(text);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error(`"${text}" was not refused`);
}

describe('commands that are understood', () => {
  test.each([
    ['/record e.example/x', { name: 'record', args: { url: 'https://e.example/x' } }],
    ['/RECORD@Aircheck_bot https://e.example/x', { name: 'record', args: { url: 'https://e.example/x' } }],
    [
      '/record for=1h30m https://e.example/x?a=b&c=d quality=720P to="my archive"',
      {
        name: 'record',
        args: { url: 'https://e.example/x?a=b&c=d', for: 5_400_000, quality: '720p', to: 'my archive' },
      },
    ],
    ['/record url=https://e.example/x', { name: 'record', args: { url: 'https://e.example/x' } }],
    [
      '/watch https://e.example/x split=1:30:00',
      { name: 'watch', args: { url: 'https://e.example/x', split: 5_400_000 } },
    ],
    [
      '/watch e.example/x title="/speed ?run|any%/" not-title=rerun category=Minecraft not-category="Just Chatting"',
      {
        name: 'watch',
        args: {
          url: 'https://e.example/x',
          title: '/speed ?run|any%/',
          'not-title': 'rerun',
          category: 'Minecraft',
          'not-category': 'Just Chatting',
        },
      },
    ],
    [
      '/watch e.example/x schedule="mon-fri 20:00–23:30, сб 18:00-02:00" mode=notify waiting=on cross=e.example/y keep=30d split=title',
      {
        name: 'watch',
        args: {
          url: 'https://e.example/x',
          schedule: 'mon-fri 20:00–23:30, сб 18:00-02:00',
          mode: 'notify',
          waiting: 'on',
          cross: 'https://e.example/y',
          keep: 2_592_000_000,
          split: 'title',
        },
      },
    ],
    [
      '/record e.example/x at=20:00 for=2h every=mon,thu',
      { name: 'record', args: { url: 'https://e.example/x', at: '20:00', for: 7_200_000, every: 'mon,thu' } },
    ],
    ['/pause w3', { name: 'pause', args: { id: 'w3' } }],
    ['/resume w3', { name: 'resume', args: { id: 'w3' } }],
    ['/timezone Europe/Berlin', { name: 'timezone', args: { zone: 'Europe/Berlin' } }],
    ['  /stop   #s12 ', { name: 'stop', args: { id: '#s12' } }],
    ['/stop', { name: 'stop', args: {} }],
    ['/list page=3', { name: 'list', args: { page: 3 } }],
    [
      '/target add “my archive” @channel limit=1.9GB post=link discussion=-100',
      {
        name: 'target',
        args: {
          action: 'add',
          name: 'my archive',
          address: '@channel',
          limit: 1_900_000_000,
          post: 'link',
          discussion: '-100',
        },
      },
    ],
    ['/grant 42 Operator', { name: 'grant', args: { user: '42', role: 'operator' } }],
    ['/stop\u0000 s1', { name: 'stop', args: { id: 's1' } }],
  ])('%s', (text, wanted) => {
    expect(parse(text)).toEqual(wanted);
  });

  test.each(['', ' ', 'hello', '/', '// comment', '/1', 'see /record', '/запись x'])('%j is no command', (text) => {
    expect(parse(text)).toBeUndefined();
  });
});

describe('commands that are refused say why', () => {
  test.each([
    ['/recrod x', 'unknown_command', { suggestion: 'record' }],
    ['/zzzzzzzzz', 'unknown_command', { suggestion: 'help' }],
    ['/record', 'missing_argument', { name: 'url' }],
    ['/target', 'missing_argument', { name: 'action' }],
    ['/record hello', 'bad_url', {}],
    ['/record file:///etc/passwd', 'bad_url', {}],
    ['/record e.example/x quality=8k', 'bad_argument', { name: 'quality', value: '8k' }],
    ['/record e.example/x for=soon', 'bad_argument', { name: 'for' }],
    ['/record e.example/x for=', 'bad_argument', { name: 'for' }],
    ['/target set here limit=0MB', 'bad_argument', { name: 'limit' }],
    ['/list page=0', 'bad_argument', { name: 'page' }],
    ['/target set archive limti=5MB', 'unknown_option', { name: 'limti' }],
    ['/watch e.example/x title=/(a/', 'bad_pattern', { name: 'title', value: '/(a/' }],
    ['/watch e.example/x title=/a b/', 'bad_pattern', { value: '/a' }],
    ['/watch e.example/x title=/(?=a)b/', 'bad_pattern', {}],
    [
      `/watch e.example/x not-title=${'x'.repeat(201)}`,
      'pattern_too_long',
      { name: 'not-title', count: 201, most: 200 },
    ],
    ['/watch e.example/x schedule=monday', 'bad_argument', { name: 'schedule' }],
    ['/watch e.example/x split=titles', 'bad_argument', { name: 'split' }],
    ['/watch e.example/x cross=there', 'bad_url', {}],
    ['/record e.example/x at=25:00', 'bad_argument', { name: 'at' }],
    ['/record e.example/x at=2026-02-30T20:00', 'bad_argument', { name: 'at' }],
    ['/record e.example/x at=20:00 every=someday', 'bad_argument', { name: 'every' }],
    ['/pause', 'missing_argument', { name: 'id' }],
    ['/grant 42 owner', 'bad_argument', { name: 'role' }],
    ['/stop s1 s2', 'too_many_arguments', { word: 's2' }],
  ])('%s', (text, code, values) => {
    const error = refusal(text);
    expect(error.code).toBe(code);
    expect(error.values).toMatchObject(values);
  });

  test('without the secrets of an address', () => {
    const error = refusal('/record https://e.example/a https://u:p@e.example/b?sig=SECRET');
    expect(error.values.word).toBe('e.example/b');
    expect(shown('x'.repeat(500))).toHaveLength(60);
  });
});

test('whatever is typed is a command, none, or a refusal with a reason', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('/record', '/target', '=', '"', '“', 'to=', 'url=', '\n', '@', '://', 'https://', '\u202e', '😀'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.constantFrom('', ' '), (pieces, between) => {
      try {
        parseCommand(pieces.join(between));
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }),
    { numRuns: 500 },
  );
});

test('a command that is printed is read back the same', () => {
  const word = fc.stringMatching(/^[^"“”=\u0000-\u001f\u007f]{1,40}$/).filter((text) => text.trim() !== '');
  const valueOf = ({ type }: CommandSpec['args'][number]): fc.Arbitrary<string | number> => {
    if (typeof type === 'object') return fc.constantFrom(...type);
    if (type === 'duration') return fc.integer({ min: 1, max: 1e6 }).map((seconds) => seconds * 1000);
    if (type === 'split') return fc.constantFrom<string | number>('title', 1_800_000);
    if (type === 'pattern') return fc.constantFrom('/^any% ?run$/', 'just chatting');
    if (type === 'names') return fc.constantFrom('web-*,!web-test', '*');
    if (type === 'schedule') return fc.constantFrom('mon-fri 20:00-23:30, sat 18:00-02:00', '08:00-09:00');
    if (type === 'moment') return fc.constantFrom('20:00', '2026-12-24T20:00');
    if (type === 'days') return fc.constantFrom('mon,thu', 'daily');
    if (type === 'size') return fc.integer({ min: 100_000, max: 4e9 });
    if (type === 'number') return fc.integer({ min: 1, max: 9_999_999 });
    return type === 'url' ? fc.webUrl({ withQueryParameters: true }).map((url) => parseUrlOf(url)) : word;
  };
  const command = fc.constantFrom<CommandSpec[]>(...commandSpecs).chain((spec) => {
    const all = [...spec.args, ...spec.options];
    const required = spec.args.filter((arg) => arg.isRequired).map((arg) => arg.name);
    const args = fc.record(Object.fromEntries(all.map((arg) => [arg.name, valueOf(arg)])), {
      requiredKeys: required,
    });
    return args.map((values) => ({ name: spec.name, args: { ...values } }) as NonNullable<ReturnType<typeof parse>>);
  });
  fc.assert(
    fc.property(command, (wanted) => {
      expect(parse(printCommand(wanted))).toEqual(wanted);
    }),
  );
});

/** Canonical, as the parser gives it. */
const parseUrlOf = (url: string) => String(parse(`/record "${url}"`)?.args.url);

test('ids are read with or without their letter', () => {
  expect(parseRef('s12')).toEqual({ kind: 's', id: 12 });
  expect(parseRef('#W3')).toEqual({ kind: 'w', id: 3 });
  expect(parseRef('7')).toEqual({ kind: 's', id: 7 });
  expect(parseRef('7', 'w')).toEqual({ kind: 'w', id: 7 });
  for (const text of ['', 's', 'x1', 's1.5', '9'.repeat(16), 'e.example/s1']) expect(parseRef(text)).toBeUndefined();
});

test('every example of the grammar is a command', () => {
  for (const spec of commandSpecs) expect(parse(spec.example)?.name).toBe(spec.name);
});

test('docs/commands.md is what the grammar makes', () => {
  const write = `npx tsx -e "import { commandsMarkdown } from './src/core/commands-markdown.ts'; import { writeFileSync } from 'node:fs'; writeFileSync('docs/commands.md', commandsMarkdown())"`;
  const text = readFileSync(new URL('../../docs/commands.md', import.meta.url), 'utf8');
  expect(text, `write it anew: ${write}`).toBe(commandsMarkdown());
});
