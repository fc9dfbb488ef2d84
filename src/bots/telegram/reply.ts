import { GrammyError } from 'grammy';
import type { Message, Update } from 'grammy/types';
import { AmbiguousError, TemporaryError } from '../../core/errors.ts';
import type { ChatReply } from '../../core/ports.ts';
import { pause } from '../pause.ts';
import { send } from './call.ts';
import type { Telegram } from './client.ts';
import { MovedError } from './errors.ts';
import { escapeHtml, splitText, textChars } from './markup.ts';

/** Longest text of a note over a pressed button. Source: core.telegram.org/bots/api#answercallbackquery. */
const noteChars = 200;
const callMs = 60_000;
const unreachableMs = 3_000;

/** Where a reply goes: the row's chat (it may have moved since), and what is answered. */
export type Asked = { chatId: string; update: Update; signal: AbortSignal };

/**
 * Shows a reply. What Telegram clearly did not take for lack of time or connection is sent again until it is taken;
 * what it may have taken is not.
 *
 * @returns false where the signal came before anything was sent
 * @throws AmbiguousError, FatalError as `errors.ts` says
 */
export async function sendReply(telegram: Telegram, reply: ChatReply, asked: Asked): Promise<boolean> {
  const { callback_query: query, message = query?.message } = asked.update;
  if (query && (await sendNote(telegram, query.id, reply))) return true;
  const pieces = splitText(reply.text, textChars);
  for (const [index, piece] of pieces.entries()) {
    const isSent = await sendPiece(telegram, piece, {
      ...asked,
      options: optionsFor(message, { isFirst: index === 0 && !query }),
    });
    if (!isSent) return index > 0;
  }
  return true;
}

/** In groups a reply names its question; topics are named only where there are any. */
function optionsFor(
  message: (Pick<Message, 'chat' | 'message_id'> & Partial<Message>) | undefined,
  { isFirst }: { isFirst: boolean },
) {
  const isNamed = isFirst && message !== undefined && message.chat.type !== 'private';
  const thread = message?.is_topic_message ? message.message_thread_id : undefined;
  return {
    parse_mode: 'HTML' as const,
    link_preview_options: { is_disabled: true },
    ...(isNamed ? { reply_parameters: { message_id: message.message_id, allow_sending_without_reply: true } } : {}),
    ...(thread === undefined ? {} : { message_thread_id: thread }),
  };
}

/** Says something by itself. @returns false where the signal came before anything was sent @throws as `sendReply` */
export async function sayText(
  telegram: Telegram,
  { chatId, threadId, text }: { chatId: string; threadId?: string | undefined; text: string },
  signal: AbortSignal,
): Promise<boolean> {
  const thread = threadId === undefined ? {} : { message_thread_id: Number(threadId) };
  const options = { ...optionsFor(undefined, { isFirst: false }), ...thread };
  for (const [index, piece] of splitText(text, textChars).entries()) {
    if (!(await sendPiece(telegram, piece, { chatId, signal, options }))) return index > 0;
  }
  return true;
}

type Piece = Omit<Asked, 'update'> & { options: ReturnType<typeof optionsFor> };

async function sendPiece(telegram: Telegram, text: string, piece: Piece): Promise<boolean> {
  const { options, signal } = piece;
  let { chatId } = piece;
  for (;;) {
    try {
      await send(telegram, { chatId, method: 'sendMessage', signal }, (api) =>
        api.sendMessage(chatId, escapeHtml(text), options, AbortSignal.timeout(callMs) as never),
      );
      return true;
    } catch (error) {
      if (signal.aborted && error instanceof Error && error.name === 'AbortError') return false;
      if (!(error instanceof TemporaryError) || error instanceof AmbiguousError) throw error;
      if (error instanceof MovedError) chatId = error.newChatId;
      else await pause(error.retryAfterMs ?? unreachableMs, signal);
      if (signal.aborted) return false;
    }
  }
}

/** Ends the waiting of a pressed button. @returns whether the reply is shown with it */
async function sendNote({ api, log }: Telegram, queryId: string, { text, isError }: ChatReply): Promise<boolean> {
  const isShort = text.length <= noteChars;
  try {
    await api.answerCallbackQuery(queryId, isShort ? { text, show_alert: isError ?? false } : {});
  } catch (error) {
    // A button that was pressed while nobody listened: its waiting has ended by itself.
    const isOld = error instanceof GrammyError && /query is too old|query ID is invalid/i.test(error.description);
    if (!isOld) log.warn({ err: error }, 'a pressed button could not be answered');
  }
  return isShort;
}
