import type { MessageEntity } from 'grammy/types';
import { badRequest } from './api-error.ts';
import type { Formatted } from './entities.ts';

/** Source: Bot API, "MarkdownV2 style": must be escaped everywhere. */
const reserved = '_*[]()~`>#+-=|{}.!';

/** The longer marks come first: `__` is no two `_`. */
const marks: { mark: string; type: MessageEntity['type'] }[] = [
  { mark: '__', type: 'underline' },
  { mark: '||', type: 'spoiler' },
  { mark: '```', type: 'pre' },
  { mark: '_', type: 'italic' },
  { mark: '*', type: 'bold' },
  { mark: '~', type: 'strikethrough' },
  { mark: '`', type: 'code' },
];

/** As the errors of TDLib call them. */
const names: Record<string, string> = {
  underline: 'Underline',
  bold: 'Bold',
  italic: 'Italic',
  strikethrough: 'Strikethrough',
  spoiler: 'Spoiler',
  code: 'Code',
  pre: 'PreCode',
  text_link: 'TextUrl',
};

type Open = { type: MessageEntity['type']; offset: number; at: number };
type State = { source: string; at: number; text: string; open: Open[]; entities: MessageEntity[] };

function fail(text: string): never {
  throw badRequest(`can't parse entities: ${text}`);
}

const byteOffset = ({ source }: State, at: number) => Buffer.byteLength(source.slice(0, at));

function begin(state: State, type: Open['type'], length: number): void {
  state.open.push({ type, offset: state.text.length, at: state.at });
  state.at += length;
}

function end(state: State, extra: Record<string, unknown> = {}): void {
  const { type, offset } = state.open.pop() as Open;
  const length = state.text.length - offset;
  if (length > 0) state.entities.push({ type, offset, length, ...extra } as MessageEntity);
}

/** `](address)`: an address that is none leaves the text of the link. */
function endLink(state: State): void {
  const match = /^\]\(((?:\\.|[^)\\])*)\)/.exec(state.source.slice(state.at));
  if (!match) fail(`Can't find end of a URL at byte offset ${byteOffset(state, state.at)}`);
  const address = (match[1] ?? '').replace(/\\(.)/g, '$1');
  if (URL.canParse(address)) end(state, { url: new URL(address).href });
  else state.open.pop();
  state.at += match[0].length;
}

/** Takes what stands at `at`: an escaped character, a mark, a link, or a character of the text. */
function step(state: State): void {
  const { source, at } = state;
  const char = source[at] ?? '';
  const inner = state.open.at(-1)?.type;
  const isCode = inner === 'code' || inner === 'pre';
  if (char === '\\' && /[!-/:-@[-`{-~]/.test(source[at + 1] ?? '')) {
    state.text += source[at + 1];
    state.at += 2;
    return;
  }
  const mark = marks.find((candidate) => source.startsWith(candidate.mark, at));
  if (mark && mark.type === inner) {
    end(state);
    state.at += mark.mark.length;
    return;
  }
  if (mark && !isCode) return begin(state, mark.type, mark.mark.length);
  if (char === '[' && !isCode) return begin(state, 'text_link', 1);
  if (char === ']' && inner === 'text_link') return endLink(state);
  if (!isCode && reserved.includes(char)) {
    fail(`Character '${char}' is reserved and must be escaped with the preceding '\\'`);
  }
  state.text += char;
  state.at += 1;
}

/**
 * MarkdownV2 to text and entities: styles, code and links.
 *
 * @throws ApiError 400 `can't parse entities: …`
 */
export function parseMarkdown(source: string): Formatted {
  const state: State = { source, at: 0, text: '', open: [], entities: [] };
  while (state.at < source.length) step(state);
  const last = state.open.at(-1);
  if (last) fail(`Can't find end of ${names[last.type]} entity at byte offset ${byteOffset(state, last.at)}`);
  const entities = state.entities.toSorted((one, other) => one.offset - other.offset || other.length - one.length);
  return { text: state.text, entities };
}
