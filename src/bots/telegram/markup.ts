import type { InlineKeyboardButton, InlineKeyboardMarkup } from 'grammy/types';
import type { PostContent } from '../../core/ports.ts';
import { splitText as split } from '../../core/split-text.ts';

/** Longest text of a message and of a caption, after markup. Source: core.telegram.org/bots/api#sendmessage. */
export const textChars = 4_096;
export const captionChars = 1_024;
/** Source: core.telegram.org/bots/api#inlinekeyboardbutton */
const callbackBytes = 64;

/** A text as Telegram's HTML shows it verbatim. Source: core.telegram.org/bots/api#html-style. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A text in pieces that Telegram takes. */
export const splitText = (text: string, maxChars = textChars): string[] => split(text, maxChars);

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
