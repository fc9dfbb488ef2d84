import type { Api } from 'grammy';
import { AmbiguousError, TemporaryError } from '../../core/errors.ts';
import { moveChat } from '../../db/chats.ts';
import { step } from '../../lib/steps.ts';
import { passGates } from '../pass-gates.ts';
import type { Telegram } from './client.ts';
import { MovedError, toChatError } from './errors.ts';
import { gatesOf } from './gates.ts';
import { leftMs } from './settle.ts';

/** A wait longer than this is a row's: the worker comes back then. */
const longestWaitMs = 120_000;
/** Edits are many, and the next one says all: none may keep others waiting. */
const longestEditWaitMs = 2_000;

export type Sending = {
  chatId: string;
  /** Name of the Bot API's method, for its rate. */
  method: string;
  /** Messages it makes; 0 where an earlier call waited for this one too. */
  cost?: number;
  signal: AbortSignal;
};

/**
 * One call that makes messages: waits for its rate, then calls once. A chat that became a supergroup is followed in
 * all rows.
 *
 * @throws AmbiguousError, TemporaryError, FatalError as `errors.ts` says
 */
export async function send<T>(
  telegram: Telegram,
  { chatId, method, cost = 1, signal }: Sending,
  call: (api: Api) => Promise<T>,
): Promise<T> {
  const { keys } = gatesOf(telegram.botId, method, { chat_id: chatId });
  const usualMs = method.startsWith('edit') ? longestEditWaitMs : longestWaitMs;
  const maxWaitMs = Math.max(0, Math.min(usualMs, leftMs(telegram)));
  if (cost > 0) await passGates(telegram.db, keys, { cost, maxWaitMs, signal });
  step('call.mayGo');
  // After a sleep another worker may have looked for this post, found nothing, and sent it.
  if (leftMs(telegram) < 0)
    throw new TemporaryError('chat_busy', { retryAfterMs: 0, detail: 'the call came too late' });
  const answer = await settled(telegram, chatId, () => call(telegram.sender));
  step('call.answered');
  return answer;
}

/**
 * A small question about a chat, with Telegram's errors as the worker knows them. It changes nothing, so that a lost
 * answer leaves nothing open.
 */
export async function ask<T>(telegram: Telegram, chatId: string, call: (api: Api) => Promise<T>): Promise<T> {
  try {
    return await settled(telegram, chatId, () => call(telegram.api));
  } catch (error) {
    if (error instanceof AmbiguousError) throw new TemporaryError('telegram_unreachable', { cause: error });
    throw error;
  }
}

async function settled<T>(telegram: Telegram, chatId: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const known = toChatError(error, { isOwnServer: !telegram.apiRoot.includes('api.telegram.org') });
    if (known instanceof MovedError) await moveChat(telegram.db, 'telegram', chatId, known.newChatId);
    throw known;
  }
}
