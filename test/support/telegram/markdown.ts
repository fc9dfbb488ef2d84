import type { MessageEntity } from 'grammy/types';
import { badRequest } from './api-error.ts';
import type { Formatted } from './entities.ts';

/** Source: Bot API, "MarkdownV2 style": must be escaped everywhere. */
const reserved = '_*[]()~`>#+-=|{}.!';

const marks: { mark: string; type: MessageEntity['type'] }[] = [
  { mark: '__', type: 'underline' },
  { mark: '||', type: 'spoiler' },
  { mark: '```', type: 'pre' },
  { mark: '_', type: 'italic' },
  { mark: '*', type: 'bold' },
  { mark: '~', type: 'strikethrough' },
  { mark: '`', type: 'code' },
];

type Open = { type: MessageEntity['type'] | 'link'; offset: number; at: number };

function fail(text: string): never {
  throw badRequest(`can't parse entities: ${text}`);
}

/**
 * MarkdownV2 to text and entities: styles, code and links.
 *
 * @throws ApiError 400 `can't parse entities: …`
 */
export function parseMarkdown(source: string): Formatted {
  const entities: MessageEntity[] = [];
  const open: Open[] = [];
  let text = '';
  let at = 0;
  const close = (extra?: Record<string, unknown>) => {
    const { type, offset } = open.pop() as Open;
    const length = text.length - offset;
    // A link whose address is none leaves its text.
    if (length > 0 && (extra || type !== 'link'))
      entities.push({ type: type === 'link' ? 'text_link' : type, offset, length, ...extra } as MessageEntity);
  };
  while (at < source.length) {
    const char = source[at] ?? '';
    const inner = open.at(-1)?.type;
    if (char === '\\' && /[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]/.test(source[at + 1] ?? '')) {
      text += source[at + 1];
      at += 2;
      continue;
    }
    const mark = marks.find((candidate) => source.startsWith(candidate.mark, at));
    const isCode = inner === 'code' || inner === 'pre';
    if (mark && (!isCode || mark.type === inner)) {
      if (inner === mark.type) close();
      else open.push({ type: mark.type, offset: text.length, at });
      at += mark.mark.length;
      continue;
    }
    if (!isCode && char === '[') {
      open.push({ type: 'link', offset: text.length, at });
      at += 1;
      continue;
    }
    if (!isCode && char === ']' && inner === 'link') {
      const url = /^\]\(((?:\\.|[^)\\])*)\)/.exec(source.slice(at));
      if (!url) fail(`Can't find end of a URL at byte offset ${Buffer.byteLength(source.slice(0, at))}`);
      const address = (url[1] ?? '').replace(/\\(.)/g, '$1');
      close(URL.canParse(address) ? { url: new URL(address).href } : undefined);
      at += url[0].length;
      continue;
    }
    if (!isCode && reserved.includes(char)) {
      fail(`Character '${char}' is reserved and must be escaped with the preceding '\\'`);
    }
    text += char;
    at += 1;
  }
  const last = open.at(-1);
  if (last) {
    const name = { underline: 'Underline', bold: 'Bold', italic: 'Italic', link: 'TextUrl' }[last.type as string];
    fail(`Can't find end of ${name ?? last.type} entity at byte offset ${Buffer.byteLength(source.slice(0, last.at))}`);
  }
  return { text, entities: entities.toSorted((one, other) => one.offset - other.offset || other.length - one.length) };
}
