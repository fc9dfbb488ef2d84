import type { InlineKeyboardButton, InlineKeyboardMarkup } from 'grammy/types';
import type { PostContent } from '../../core/ports.ts';

/** Longest text of a message and of a caption, after markup. Source: core.telegram.org/bots/api#sendmessage. */
export const textChars = 4_096;
export const captionChars = 1_024;
/** Source: core.telegram.org/bots/api#inlinekeyboardbutton */
const callbackBytes = 64;

/** A text as Telegram's HTML shows it verbatim. Source: core.telegram.org/bots/api#html-style. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A text in pieces of at most `maxChars`, cut at line ends where there are any, else at words, never in a letter. */
export function splitText(text: string, maxChars = textChars): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > maxChars) {
    const at = cutPoint(rest, maxChars);
    pieces.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
  }
  return [...pieces, rest].filter((piece) => piece !== '');
}

function cutPoint(text: string, maxChars: number): number {
  const head = text.slice(0, maxChars);
  for (const mark of ['\n', ' ']) {
    const at = head.lastIndexOf(mark);
    if (at > maxChars / 2) return at;
  }
  // Half a surrogate pair is no letter.
  return /[\uD800-\uDBFF]$/.test(head) ? maxChars - 1 : maxChars;
}

/** The card as people read it: title, state and facts, a line each. */
export function cardLines({ text, stateText, facts = [] }: PostContent): string[] {
  return [text, ...(stateText ? [`● ${stateText}`] : []), ...facts.map(({ label, value }) => `${label}: ${value}`)];
}

/** The card in Telegram's HTML, its title bold. */
export function cardHtml(content: PostContent): string {
  const [title = '', ...rest] = cardLines(content).map(escapeHtml);
  return [`<b>${title}</b>`, ...rest].join('\n');
}

/** A link post: what it is, and the address. */
export const linkLines = ({ text, url }: PostContent): string[] => [text, ...(url ? [url] : [])];

/** Buttons in one row. A command too long for a button, or an address Telegram would refuse, is left out. */
export function keyboardOf({ buttons = [] }: PostContent): InlineKeyboardMarkup | undefined {
  const row = buttons.flatMap(({ text, command, url }): InlineKeyboardButton[] => {
    if (url && /^https?:\/\/[^/]+\./.test(url)) return [{ text, url }];
    if (command && Buffer.byteLength(command) <= callbackBytes) return [{ text, callback_data: command }];
    return [];
  });
  return row.length > 0 ? { inline_keyboard: [row] } : undefined;
}
