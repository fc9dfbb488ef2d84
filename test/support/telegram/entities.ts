import type { MessageEntity } from 'grammy/types';
import { badRequest } from './api-error.ts';
import { parseHtml } from './html.ts';
import { parseMarkdown } from './markdown.ts';

/** Text as it is kept; offsets in UTF-16 units. */
export type Formatted = { text: string; entities: MessageEntity[] };

/** Longer than this it is not even parsed. Source: telegram-bot-api Client.cpp, get_formatted_text. */
const maxRawLength = 32768;

/** What a server finds by itself in text. Source: Bot API, MessageEntity, types that need no markup. */
const found: { type: 'bot_command' | 'mention' | 'hashtag' | 'url'; pattern: RegExp }[] = [
  { type: 'url', pattern: /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?')\]]/g },
  { type: 'bot_command', pattern: /(?<![\w/@])\/\w{1,64}(?:@\w{3,32})?(?![\w/])/g },
  { type: 'mention', pattern: /(?<![\w/])@\w{4,32}\b/g },
  { type: 'hashtag', pattern: /(?<!\w)#[\p{L}\p{N}_]*[\p{L}_][\p{L}\p{N}_]*/gu },
];

/** Adds the entities that need no markup, where no entity stands yet. */
export function withFound({ text, entities }: Formatted): Formatted {
  const all = [...entities];
  for (const { type, pattern } of found) {
    for (const match of text.matchAll(pattern)) {
      const entity = { type, offset: match.index, length: match[0].length } as MessageEntity;
      if (all.every((other) => !overlaps(other, entity) || isStyle(other))) all.push(entity);
    }
  }
  return { text, entities: all.toSorted((one, other) => one.offset - other.offset || other.length - one.length) };
}

function overlaps(one: MessageEntity, other: MessageEntity): boolean {
  return one.offset < other.offset + other.length && other.offset < one.offset + one.length;
}

function isStyle({ type }: MessageEntity): boolean {
  return ['bold', 'italic', 'underline', 'strikethrough', 'spoiler', 'blockquote', 'expandable_blockquote'].includes(
    type,
  );
}

/** Cuts white space at both ends, as TDLib's fix_formatted_text does, and moves the entities along. */
function trimmed({ text, entities }: Formatted): Formatted {
  const start = text.length - text.trimStart().length;
  const clean = text.trim();
  const kept = entities.flatMap((entity) => {
    const from = Math.max(entity.offset - start, 0);
    const to = Math.min(entity.offset - start + entity.length, clean.length);
    return to > from ? [{ ...entity, offset: from, length: to - from }] : [];
  });
  return { text: clean, entities: kept };
}

/** Text, how it is marked up, and entities given ready. */
export type RawText = { text: string; parseMode?: string | undefined; entities?: MessageEntity[] | undefined };

/**
 * Parses markup into entities and finds the rest; the lengths that limits are about are those of the result.
 *
 * @throws ApiError 400 `can't parse entities: …`, `text is too long`, `unsupported parse_mode`
 */
export function parseText({ text, parseMode = '', entities = [] }: RawText): Formatted {
  if (Buffer.byteLength(text) > maxRawLength) throw badRequest('text is too long');
  return withFound(trimmed(parseBy(parseMode.toLowerCase(), text, entities)));
}

function parseBy(mode: string, text: string, entities: MessageEntity[]): Formatted {
  if (mode === '' || mode === 'none') return { text, entities: checkedEntities(text, entities) };
  if (mode === 'html') return parseHtml(text);
  if (mode === 'markdownv2') return parseMarkdown(text);
  if (mode === 'markdown') throw new Error('this test server does not speak the legacy mode Markdown');
  throw badRequest('unsupported parse_mode');
}

function checkedEntities(text: string, entities: MessageEntity[]): MessageEntity[] {
  for (const { offset, length } of entities) {
    if (offset < 0 || length <= 0 || offset + length > text.length) {
      throw badRequest(
        `entity beginning at UTF-16 offset ${offset} ends after the end of the text at UTF-16 offset ${offset + length}`,
      );
    }
  }
  return entities;
}

/** Characters as limits count them: code points, not UTF-16 units. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}
