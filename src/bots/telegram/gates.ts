import type { Transformer } from 'grammy';
import type { Database } from '../../db/client.ts';
import { type GateKey, holdGate } from '../../queue/gate.ts';
import { passGates } from '../pass-gates.ts';

/*
 * Rates of all processes together. Source: core.telegram.org/bots/faq: about 30 messages a second in all, 1 a second
 * in a chat (bursts pass), 20 a minute in a group; edits are counted like messages. What is sent a minute apart may
 * arrive closer, an upload most of all: hence some room.
 */
const botRate = { count: 25, windowMs: 1_000 };
const personRate = { count: 10, windowMs: 10_000 };
const groupRate = { count: 18, windowMs: 62_000 };

/** The gates of one call, and how many units it takes: an album costs its items. */
export function gatesOf(
  botId: number,
  method: string,
  payload: Record<string, unknown>,
): { keys: GateKey[]; cost: number } {
  const chatId = payload.chat_id;
  const isEdit = method.startsWith('edit');
  const isSend = /^(send|forward|copy)/.test(method) && method !== 'sendChatAction';
  if (!(isSend || isEdit) || (typeof chatId !== 'string' && typeof chatId !== 'number')) return { keys: [], cost: 0 };
  const { media, message_ids: messageIds } = payload;
  const cost = Array.isArray(media) ? media.length : Array.isArray(messageIds) ? messageIds.length : 1;
  // Groups and channels have negative ids or names; a person's edits are not limited by themselves.
  const rate = Number(chatId) > 0 ? personRate : groupRate;
  return {
    keys: [
      { key: `telegram:${botId}`, ...botRate },
      { key: chatKey(botId, chatId, isEdit), ...rate },
    ],
    cost,
  };
}

const chatKey = (botId: number, chatId: string | number, isEdit: boolean) =>
  `telegram:${botId}:${chatId}${isEdit ? ':edit' : ''}`;

/** A grammY transformer: when Telegram says "wait", all processes hear it. */
export function tellsFloods(db: Database, botId: number): Transformer {
  return async (call, method, payload, signal) => {
    const answer = await call(method, payload, signal);
    const told = answer.ok ? undefined : answer.parameters?.retry_after;
    const held = gatesOf(botId, method, payload as Record<string, unknown>).keys.at(-1);
    if (told !== undefined && held) await holdGate(db, held.key, told * 1000);
    return answer;
  };
}

/** A grammY transformer: waits for the gates before each call. */
export function gated(db: Database, botId: number, maxWaitMs: number): Transformer {
  return async (call, method, payload, signal) => {
    const { keys, cost } = gatesOf(botId, method, payload as Record<string, unknown>);
    await passGates(db, keys, { cost, maxWaitMs, signal: signal as AbortSignal | undefined });
    return call(method, payload, signal);
  };
}
