import type { InlineKeyboardButton, InlineKeyboardMarkup } from 'grammy/types';
import { badRequest } from './api-error.ts';

/** Source: Bot API, InlineKeyboardButton, field `callback_data`: 1-64 bytes. */
const maxCallbackBytes = 64;
const actions = ['url', 'callback_data', 'web_app', 'login_url', 'switch_inline_query', 'copy_text', 'pay'];
const more = ['switch_inline_query_current_chat', 'switch_inline_query_chosen_chat', 'callback_game'];

/**
 * The inline keyboard that a message shows; undefined for other kinds of markup, which no message shows.
 *
 * @throws ApiError 400 for buttons that are none
 */
export function markupOf(value: unknown): InlineKeyboardMarkup | undefined {
  const keyboard = (value as InlineKeyboardMarkup | undefined)?.inline_keyboard;
  if (!keyboard) return undefined;
  const rows = keyboard.filter((row) => row.length > 0).map((row) => row.map(sorted));
  for (const button of rows.flat()) checkButton(button);
  return rows.length > 0 ? { inline_keyboard: rows } : undefined;
}

/** The order in which a client names the fields means nothing. */
function sorted(button: InlineKeyboardButton): InlineKeyboardButton {
  const fields = Object.entries(button).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(fields) as InlineKeyboardButton;
}

function checkButton(button: InlineKeyboardButton): void {
  if (!button.text) throw badRequest('can\'t parse inline keyboard button: Field "text" must be non-empty');
  if (![...actions, ...more].some((action) => action in button)) {
    throw badRequest("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard");
  }
  if ('callback_data' in button) {
    const sizeBytes = Buffer.byteLength(button.callback_data);
    if (sizeBytes === 0 || sizeBytes > maxCallbackBytes) throw badRequest('BUTTON_DATA_INVALID');
  }
  if ('url' in button && !/^(https?|tg|ton):\/\/\S+$/i.test(button.url) && !/^[\w-]+(\.[\w-]+)+/.test(button.url)) {
    throw badRequest(`inline keyboard button URL '${button.url}' is invalid: Unsupported URL protocol`);
  }
}
