import { expect, test } from 'vitest';
import { ApiError } from '../support/telegram/api-error.ts';
import { parseText } from '../support/telegram/entities.ts';

const html = (text: string) => parseText({ text, parseMode: 'HTML' });
const markdown = (text: string) => parseText({ text, parseMode: 'MarkdownV2' });

/** The text of the refusal, after its usual beginning. */
function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof ApiError) return error.description.replace("Bad Request: can't parse entities: ", '');
    throw error;
  }
  throw new Error('not refused');
}

test('HTML: styles, links, code and nesting', () => {
  expect(
    html('<b>bold <i>both</i></b> <a href="https://example.com/a?b=1&amp;c=2">link</a> <code>x&lt;y</code>'),
  ).toEqual({
    text: 'bold both link x<y',
    entities: [
      { type: 'bold', offset: 0, length: 9 },
      { type: 'italic', offset: 5, length: 4 },
      { type: 'text_link', offset: 10, length: 4, url: 'https://example.com/a?b=1&c=2' },
      { type: 'code', offset: 15, length: 3 },
    ],
  });
});

test('HTML: offsets count UTF-16 units, errors count bytes', () => {
  expect(html('😀<b>ä</b>').entities).toEqual([{ type: 'bold', offset: 2, length: 1 }]);
  expect(refusal(() => html('😀ä<x>'))).toBe('Unsupported start tag "x" at byte offset 6');
});

test.each([
  ['<b>a', `Can't find end tag corresponding to start tag "b"`],
  ['a</b>', 'Unexpected end tag at byte offset 1'],
  ['<b>a</i>', 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'],
  ['<b', 'Unclosed start tag at byte offset 0'],
  ['<b>a</b', 'Unclosed end tag at byte offset 4'],
  ['a < b', 'Unsupported start tag "" at byte offset 2'],
  ['<span>a</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'],
  ['<i =a>', 'Empty attribute name in the tag "i" at byte offset 0'],
])('HTML: %s is refused', (text, why) => {
  expect(refusal(() => html(text))).toBe(why);
});

test('HTML: only four names are decoded, the rest stays', () => {
  expect(html('&lt;&gt;&amp;&quot;&nbsp;&#65;').text).toBe('<>&"&nbsp;A');
});

test('MarkdownV2: styles, links, and what must be escaped', () => {
  expect(markdown('*a* _b_ [c](https://example.com/) d\\.')).toMatchObject({
    text: 'a b c d.',
    entities: [{ type: 'bold' }, { type: 'italic' }, { type: 'text_link', url: 'https://example.com/' }],
  });
  expect(refusal(() => markdown('a.b'))).toBe("Character '.' is reserved and must be escaped with the preceding '\\'");
  expect(refusal(() => markdown('a *b'))).toBe("Can't find end of Bold entity at byte offset 2");
});

test('white space at the ends is cut, and entities move along', () => {
  expect(html('  <b> a </b> ')).toEqual({ text: 'a', entities: [{ type: 'bold', offset: 0, length: 1 }] });
});

test('an unknown parse_mode is refused', () => {
  expect(refusal(() => parseText({ text: 'x', parseMode: 'BBCode' }))).toBe('Bad Request: unsupported parse_mode');
});

test('links, commands, names and hashtags are found without markup', () => {
  const { entities } = parseText({ text: '/stop@a_bot #live @somebody https://example.com/x, 5/6' });
  expect(entities.map(({ type, offset, length }) => [type, offset, length])).toEqual([
    ['bot_command', 0, 11],
    ['hashtag', 12, 5],
    ['mention', 18, 9],
    ['url', 28, 21],
  ]);
});
