import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cardHtml, escapeHtml, keyboardOf, splitText } from '../../src/bots/telegram/markup.ts';

test('markup in a title is shown, not obeyed', () => {
  expect(escapeHtml('<b>1 & 2</b>')).toBe('&lt;b&gt;1 &amp; 2&lt;/b&gt;');
  const facts = [{ label: 'Size', value: '<1 MB' }];
  expect(cardHtml({ text: 'a<b', stateText: 'recording', facts })).toBe('<b>a&lt;b</b>\n● recording\nSize: &lt;1 MB');
});

test('a long text is split at line ends, then at words, never in a letter', () => {
  expect(splitText('one\ntwo three', 9)).toEqual(['one\ntwo', 'three']);
  expect(splitText('aaaa bbbb cccc', 9)).toEqual(['aaaa bbbb', 'cccc']);
  expect(splitText('🎬🎬🎬', 3)).toEqual(['🎬', '🎬', '🎬']);
  expect(splitText('', 10)).toEqual([]);
});

test('pieces are short enough and lose nothing but space', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), fc.integer({ min: 20, max: 60 }), (text, maxChars) => {
      const pieces = splitText(text, maxChars);
      expect(pieces.every((piece) => piece.length <= maxChars)).toBe(true);
      expect(pieces.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
    }),
    { seed: 7, numRuns: 200 },
  );
});

test('a button is a command of at most 64 bytes or an address the world can open', () => {
  const buttons = [
    { text: 'Stop', command: '/stop s12' },
    { text: 'Long', command: `/stop ${'x'.repeat(64)}` },
    { text: 'Watch', url: 'https://air.example/sessions/12' },
    { text: 'Mine', url: 'http://localhost:8080/sessions/12' },
    { text: 'Page', url: '/sessions/12' },
  ];
  expect(keyboardOf({ text: '', buttons })).toEqual({
    inline_keyboard: [
      [
        { text: 'Stop', callback_data: '/stop s12' },
        { text: 'Watch', url: 'https://air.example/sessions/12' },
      ],
    ],
  });
  expect(keyboardOf({ text: '', buttons: [] })).toBeUndefined();
});
