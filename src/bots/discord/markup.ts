import { type APIActionRowComponent, type APIButtonComponent, ButtonStyle, ComponentType } from 'discord.js';
import type { PostContent } from '../../core/ports.ts';
import { splitText } from '../../core/split-text.ts';

/** Longest text of a message. Source: https://discord.com/developers/docs/resources/message#create-message */
export const textChars = 2_000;
/** Source: https://discord.com/developers/docs/components/reference#button */
const customIdChars = 100;
const labelChars = 80;
const buttonsInRow = 5;

/** A text as Discord shows it verbatim: its marks are escaped, addresses stay as they are so that they work. */
export function escapeMarkdown(text: string): string {
  return text
    .split(/(https?:\/\/\S+)/)
    .map((piece, index) => (index % 2 === 1 ? piece : escapePlain(piece)))
    .join('');
}

function escapePlain(text: string): string {
  return text
    .replace(/[\\*_~`|[\]]/g, '\\$&')
    .replace(/^(\s*)(#{1,3} |-#? |\* |> |>>> )/gm, '$1\\$2')
    .replace(/^(\s*\d+)(\. )/gm, '$1\\$2')
    .replace(/<(?=@[!&]?\d|#\d|a?:\w+:\d|t:-?\d|id:|\/[^>]+:\d)/g, '\\<');
}

/** The card as people read it: title (bold), state and facts, a line each; at most 2000 letters. */
export function cardText({ text, stateText, facts = [] }: PostContent): string {
  const lines = [
    ...(stateText ? [`● ${stateText}`] : []),
    ...facts.map(({ label, value }) => `${label}: ${value}`),
  ].map(escapeMarkdown);
  return fit([`**${escapeMarkdown(text)}**`, ...lines].join('\n'));
}

/** A link post: what it is, and the address. */
export const linkText = ({ text, url }: PostContent): string =>
  fit([escapeMarkdown(text), ...(url ? [url] : [])].join('\n'));

/** A caption or comment in pieces that fit. */
export const textPieces = ({ text }: PostContent): string[] => splitText(escapeMarkdown(text), textChars);

const fit = (text: string): string => splitText(text, textChars)[0] ?? '';

/** Buttons in one row. A command too long for a button, or an address Discord would refuse, is left out. */
export function componentsOf({ buttons = [] }: PostContent): APIActionRowComponent<APIButtonComponent>[] {
  const row = buttons.flatMap(({ text, command, url }): APIButtonComponent[] => {
    const base = { type: ComponentType.Button as const, label: text.slice(0, labelChars) };
    if (url && /^https?:\/\/[^/]+\./.test(url)) return [{ ...base, style: ButtonStyle.Link, url }];
    if (!command || command.length > customIdChars) return [];
    return [{ ...base, style: ButtonStyle.Secondary, custom_id: command }];
  });
  return row.length > 0 ? [{ type: ComponentType.ActionRow, components: row.slice(0, buttonsInRow) }] : [];
}
