import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commandSpecs } from '../../src/core/command.ts';
import { deliveryStates, ruleReasons } from '../../src/core/delivery.ts';
import { UserError } from '../../src/core/errors.ts';
import { languages } from '../../src/core/model.ts';
import { gapCauses } from '../../src/core/ports.ts';
import { sessionStates } from '../../src/core/session.ts';
import { en } from '../../src/core/text/en.ts';
import { codeSentence, errorSentence, languageOf, textOf, troubleSentence } from '../../src/core/text/text.ts';

const src = fileURLToPath(new URL('../../src/', import.meta.url));

/** Every code that stands in the first argument of an error's constructor, `a ? 'x' : 'y'` included. */
function codesInSource(): string[] {
  const codes = new Set<string>();
  for (const path of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!/\.tsx?$/.test(path)) continue;
    const text = readFileSync(src + path, 'utf8');
    for (const [, first = ''] of text.matchAll(/new (?:UserError|TemporaryError|FatalError)\(([^,)]*)/g)) {
      for (const [, code = ''] of first.matchAll(/'([a-z][a-z0-9]*(?:_[a-z0-9]+)+|timeout|stranger|internal)'/g))
        codes.add(code);
    }
    for (const [, code = ''] of text.matchAll(/\breason: '([a-z]+(?:_[a-z]+)+)'/g)) codes.add(code);
  }
  // yt-dlp's messages are given codes by a table.
  const table = readFileSync(`${src}media/ask-ytdlp.ts`, 'utf8').split('const explanations')[1] ?? '';
  for (const [, code = ''] of table.matchAll(/'([a-z]+(?:_[a-z]+)+)'/g)) codes.add(code);
  return [...codes].sort();
}

test('every error code in the source has a sentence in every language', () => {
  const codes = codesInSource();
  expect(codes.length).toBeGreaterThan(40);
  expect(codes).toContain('bot_check');
  for (const language of languages)
    expect(codes.filter((code) => codeSentence(language, code) === undefined)).toEqual([]);
});

test('every language says something of its own for every code', () => {
  const values = new Proxy({}, { get: (_, name) => `<${String(name)}>` });
  for (const code of Object.keys(en.errors)) {
    const [english, russian] = languages.map((language) => codeSentence(language, code, values));
    expect(english).not.toMatch(/undefined|\[object/);
    expect(russian).not.toMatch(/undefined|\[object/);
    expect(russian).toMatch(/[а-яё]/i);
    const filled = (sentence = '') => [...new Set(sentence.match(/<\w+>/g) ?? [])].sort();
    expect(filled(russian)).toEqual(filled(english));
  }
});

test.each(['address_refused', 'program_missing', 'protocol_unsupported', 'disk_full', 'http_error', 'stream_offline'])(
  '%s is a whole sentence where a row holds only its code',
  (code) => {
    for (const language of languages) expect(codeSentence(language, code)).not.toContain('undefined');
  },
);

test('states, causes and commands have words in every language', () => {
  for (const language of languages) {
    const t = textOf(language);
    for (const cause of gapCauses) expect(t.causes[cause]).toBeTruthy();
    for (const { name } of commandSpecs) expect(t.help[name]).toBeTruthy();
    for (const state of [...sessionStates.filter((s) => s !== 'ended'), 'posting', 'posted', 'paused', 'cancelled'])
      expect(t.states[state]).toBeTruthy();
    expect(deliveryStates).toContain('paused');
    for (const reason of [
      ...ruleReasons,
      'source_ended',
      'grace_over',
      'stopped',
      'cancelled',
      'for_over',
      'session_hours',
    ])
      expect(t.endReasons[reason]).toBeTruthy();
  }
});

test('an error without a sentence is told as internal, with the id that finds it in the log', () => {
  const secret = new Error('connect to postgres://u:pw@h failed');
  expect(errorSentence('en', secret, 'ab12')).toContain('ab12');
  expect(errorSentence('en', secret, 'ab12')).not.toContain('pw@');
  expect(errorSentence('ru', new UserError('no_such_code'), 'ab12')).toContain('ab12');
  expect(errorSentence('en', new UserError('nothing_active'))).toBe(codeSentence('en', 'nothing_active'));
});

test('of what stands in a row only the code is told', () => {
  expect(troubleSentence('en', 'http_error: 503 https://e.example/?sig=SECRET')).toBe(codeSentence('en', 'http_error'));
  expect(troubleSentence('en', 'TypeError: SECRET')).toBe(codeSentence('en', 'fault'));
});

test('who writes in Cyrillic is answered in Russian', () => {
  expect(languageOf('/help')).toBe('en');
  expect(languageOf('/record https://e.example to=архив')).toBe('ru');
});

test('Russian counts in its three forms', () => {
  const { gapCount } = textOf('ru').card;
  expect([1, 2, 5, 11, 21, 22].map((n) => gapCount(n, '0:01').split(',')[0])).toEqual([
    '1 разрыв',
    '2 разрыва',
    '5 разрывов',
    '11 разрывов',
    '21 разрыв',
    '22 разрыва',
  ]);
});
