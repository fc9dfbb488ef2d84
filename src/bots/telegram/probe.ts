import { GrammyError } from 'grammy';
import type { Message } from 'grammy/types';
import type { OutgoingPost, Reconciled } from '../../core/ports.ts';
import { step } from '../../lib/steps.ts';
import { send } from './call.ts';
import type { Telegram } from './client.ts';

/** More messages of others than this since the intent: somebody has to look. */
const mostProbes = 200;
/** Clocks of two machines differ by less. */
export const clockSlackMs = 120_000;

/** What a post looks like, message by message in order: what tells each apart, and its values. */
export type Expected = { key: (message: Message) => string | undefined; values: string[] };

export type Probe = {
  /** Numeric id. */
  chatId: string;
  /** Where copies are looked at, and removed again. */
  vault: string;
  expected: Expected;
  post: OutgoingPost;
};

/**
 * Looks at the messages of a chat since the intent of a post, newest first. A bot cannot read a chat, but it can
 * forward a message by its id; ids rise by one in a chat, and a message of ours sent now (removed at once) tells the
 * highest. A post that stands in part is taken away, so that it can be sent whole.
 */
export async function probeChat(telegram: Telegram, probe: Probe, signal: AbortSignal): Promise<Reconciled> {
  const { chatId, vault, expected, post } = probe;
  const fence = await send(telegram, { chatId, method: 'sendMessage', signal }, (api) =>
    api.sendMessage(chatId, '…', { disable_notification: true }, signal as never),
  );
  step('probe.marked');
  const copies: number[] = [];
  try {
    const found = await findMessages(telegram, probe, { fence: fence.message_id, copies, signal });
    step('probe.looked');
    if (!found) return { verdict: 'unknown' };
    const ids = expected.values.map((value) => found.get(value)).filter((id) => id !== undefined);
    if (ids.length === expected.values.length)
      return {
        verdict: 'posted',
        ids: { messageIds: ids.map(String), ...(post.kind === 'comment' ? { chatId } : {}) },
      };
    if (ids.length > 0) await telegram.api.deleteMessages(chatId, ids);
    return { verdict: 'missing' };
  } finally {
    await telegram.api
      .deleteMessage(chatId, fence.message_id)
      .catch((err) => telegram.log.warn({ err }, 'a mark is left in a chat'));
    for (let at = 0; at < copies.length; at += 100) {
      await telegram.api
        .deleteMessages(vault, copies.slice(at, at + 100))
        .catch((err) => telegram.log.debug({ err }, 'copies are left in the vault'));
    }
  }
}

type Looking = { fence: number; copies: number[]; signal: AbortSignal };

/** What stands of the post: value → message id. Undefined where too much was said since. */
async function findMessages(
  telegram: Telegram,
  { chatId, vault, expected, post }: Probe,
  { fence, copies, signal }: Looking,
): Promise<Map<string, number> | undefined> {
  const wanted = new Set(expected.values);
  const found = new Map<string, number>();
  const floor = Number(post.idFloor ?? 0);
  const since = (post.intentAt?.getTime() ?? 0) - clockSlackMs;
  for (let id = fence - 1; id > floor; id--) {
    if (fence - id > mostProbes) return undefined;
    signal.throwIfAborted();
    const copy = await copyOf(telegram, { chatId, vault, id, signal });
    if (!copy) continue;
    copies.push(copy.message_id);
    step('probe.copied');
    if (copy.forward_origin && copy.forward_origin.date * 1000 < since) break;
    const value = expected.key(copy);
    if (value !== undefined && wanted.has(value) && isOurs(telegram, copy)) found.set(value, id);
    if (found.size === wanted.size) break;
  }
  return found;
}

/** A message by its id; undefined where there is none, or none that can be forwarded. */
async function copyOf(
  telegram: Telegram,
  { chatId, vault, id, signal }: { chatId: string; vault: string; id: number; signal: AbortSignal },
): Promise<Message | undefined> {
  try {
    return await telegram.api.forwardMessage(vault, chatId, id, { disable_notification: true }, signal as never);
  } catch (error) {
    if (error instanceof GrammyError && error.error_code === 400) return undefined;
    throw error;
  }
}

/** In a channel nobody else has our file ids or our words; in a group a person may repeat them. */
function isOurs({ botId }: Telegram, { forward_origin: origin }: Message): boolean {
  return origin?.type !== 'user' || origin.sender_user.id === botId;
}
