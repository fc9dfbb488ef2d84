import type { MessageEntity } from 'grammy/types';
import { badRequest } from './api-error.ts';
import type { Formatted } from './entities.ts';

const tags: Record<string, MessageEntity['type'] | undefined> = {
  b: 'bold',
  strong: 'bold',
  i: 'italic',
  em: 'italic',
  u: 'underline',
  ins: 'underline',
  s: 'strikethrough',
  strike: 'strikethrough',
  del: 'strikethrough',
  'tg-spoiler': 'spoiler',
  span: 'spoiler',
  'tg-emoji': 'custom_emoji',
  a: 'text_link',
  code: 'code',
  pre: 'pre',
  blockquote: 'blockquote',
};

/** The only names that are decoded. Source: Bot API, "HTML style". */
const named: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"' };

type Open = { tag: string; attributes: Record<string, string>; offset: number };

function fail(text: string): never {
  throw badRequest(`can't parse entities: ${text}`);
}

/** Replaces `&lt;`, `&#60;` and the like; what is not known stays as it stands. */
function decode(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, digits, name) => {
    if (name !== undefined) return named[name as string] ?? whole;
    const code = hex === undefined ? Number(digits) : Number.parseInt(hex as string, 16);
    return code > 0 && code < 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/**
 * HTML of the Bot API to text and entities.
 *
 * Source: TDLib MessageEntity.cpp, parse_html; the texts of its errors are the same.
 *
 * @throws ApiError 400 `can't parse entities: …` with the offset in UTF-8 bytes
 */
export function parseHtml(html: string): Formatted {
  const state = { text: '', entities: [] as MessageEntity[], open: [] as Open[] };
  let at = 0;
  while (at < html.length) {
    const next = html.indexOf('<', at);
    state.text += decode(html.slice(at, next < 0 ? html.length : next));
    if (next < 0) break;
    const offset = Buffer.byteLength(html.slice(0, next));
    at = html[next + 1] === '/' ? closeTag(html, next, { state, offset }) : openTag(html, next, { state, offset });
  }
  const last = state.open.at(-1);
  if (last) fail(`Can't find end tag corresponding to start tag "${last.tag}"`);
  const entities = state.entities.toSorted((one, other) => one.offset - other.offset || other.length - one.length);
  return { text: state.text, entities };
}

type State = { text: string; entities: MessageEntity[]; open: Open[] };
type Place = { state: State; offset: number };

function openTag(html: string, begin: number, { state, offset }: Place): number {
  const name = /^[^\s>]*/.exec(html.slice(begin + 1))?.[0] ?? '';
  const tag = name.toLowerCase();
  if (begin + 1 + name.length >= html.length) fail(`Unclosed start tag at byte offset ${offset}`);
  if (!tags[tag]) fail(`Unsupported start tag "${tag}" at byte offset ${offset}`);
  const { attributes, end } = attributesOf(html, begin + 1 + name.length, { tag, offset });
  if (tag === 'span' && attributes.class !== 'tg-spoiler') {
    fail(`Tag "span" must have class "tg-spoiler" at byte offset ${offset}`);
  }
  state.open.push({ tag, attributes, offset: state.text.length });
  return end;
}

const attribute = /^\s*([^\s=>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+)))?/;

/** Reads up to the end of a start tag; `end` is where the text goes on. */
function attributesOf(html: string, begin: number, { tag, offset }: { tag: string; offset: number }) {
  const attributes: Record<string, string> = {};
  let at = begin;
  while (at < html.length) {
    const rest = html.slice(at);
    const close = /^\s*>/.exec(rest);
    if (close) return { attributes, end: at + close[0].length };
    if (/^\s*=/.test(rest)) fail(`Empty attribute name in the tag "${tag}" at byte offset ${offset}`);
    const match = attribute.exec(rest);
    if (!match) fail(`Unclosed start tag at byte offset ${offset}`);
    attributes[(match[1] ?? '').toLowerCase()] = decode(match[2] ?? match[3] ?? match[4] ?? '');
    at += match[0].length;
  }
  return fail(`Unclosed start tag "${tag}" at byte offset ${offset}`);
}

function closeTag(html: string, begin: number, { state, offset }: Place): number {
  const open = state.open.pop();
  if (!open) fail(`Unexpected end tag at byte offset ${offset}`);
  const match = /^<\/([^\s>]*)\s*(>?)/.exec(html.slice(begin));
  const name = (match?.[1] ?? '').toLowerCase();
  if (match?.[2] !== '>') fail(`Unclosed end tag at byte offset ${offset}`);
  if (name !== '' && name !== open.tag) {
    fail(`Unmatched end tag at byte offset ${offset}, expected "</${open.tag}>", found "</${name}>"`);
  }
  const length = state.text.length - open.offset;
  const entity = length > 0 ? entityOf(open, state.text.slice(open.offset)) : undefined;
  if (entity) state.entities.push({ ...entity, offset: open.offset, length } as MessageEntity);
  return begin + match[0].length;
}

/** Undefined where a tag leaves no entity: a link whose address is none. */
function entityOf({ tag, attributes }: Open, inner: string): Record<string, unknown> | undefined {
  if (tag === 'a') {
    const url = attributes.href || inner;
    return URL.canParse(url) || /^[\w-]+(\.[\w-]+)+/.test(url) ? { type: 'text_link', url: cleanUrl(url) } : undefined;
  }
  if (tag === 'tg-emoji') return { type: 'custom_emoji', custom_emoji_id: attributes['emoji-id'] };
  if (tag === 'blockquote' && 'expandable' in attributes) return { type: 'expandable_blockquote' };
  return { type: tags[tag] };
}

/** TDLib gives back a whole address: with a protocol, and with a path. */
function cleanUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).href : new URL(`http://${url}`).href;
}
