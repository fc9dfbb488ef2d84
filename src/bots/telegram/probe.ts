import type { Message } from 'grammy/types';
import type { OutgoingPost, Reconciled } from '../../core/ports.ts';
import { step } from '../../lib/steps.ts';
import { ask, send } from './call.ts';
import { destination } from './chats.ts';
import type { Telegram } from './client.ts';
import { isMissing, isUnforwardable } from './errors.ts';

/** More messages of others than this since the intent: somebody has to look. */
const mostProbes = 200;
/** Clocks of two machines differ by less. */
export const clockSlackMs = 120_000;
/** So many messages in a row that look older than the intent are older. A few may be old ones somebody forwarded now. */
const oldInARow = 20;
/** What is said for a moment to learn the highest id. */
const mark = '…';

/** What a post looks like, message by message in order: what tells each apart, and its values. */
export type Expected = { key: (message: Message) => string | undefined; values: string[] };

export type Probe = {
  /** Numeric id. */
  chatId: string;
  /** Where copies are looked at, and removed again. */
  vault: string;
  expected: Expected;
  post: OutgoingPost;
  /** Message ids there that are other Posts of ours: the same files may stand in several. */
  others: Set<string>;
};

/**
 * Looks at the messages of a chat since the intent of a post, newest first. A bot cannot read a chat, but it can
 * forward a message by its id; ids rise by one in a chat, and a message of ours sent now (removed at once) tells the
 * highest. A post that stands in part is taken away, so that it can be sent whole.
 */
export async function probeChat(telegram: Telegram, probe: Probe, signal: AbortSignal): Promise<Reconciled> {
  const { chatId, vault, expected, post } = probe;
  // In the same topic: others may be closed. Ids are counted for the whole chat.
  const { thread } = destination(
    post.chat.threadId && post.kind !== 'comment' ? `${chatId}/${post.chat.threadId}` : chatId,
  );
  const fence = await send(telegram, { chatId, method: 'sendMessage', signal }, (api) =>
    api.sendMessage(chatId, mark, { ...thread, disable_notification: true }, signal as never),
  );
  step('probe.marked');
  const copies: number[] = [];
  try {
    const found = await findMessages(telegram, probe, { fence: fence.message_id, copies, signal });
    step('probe.looked');
    if (!found) return { verdict: 'unknown', isUnprovable: true };
    const ids = expected.values.map((value) => found.get(value)).filter((id) => id !== undefined);
    if (ids.length === expected.values.length)
      return { verdict: 'posted', ids: { messageIds: ids.map(String), chatId } };
    if (ids.length > 0) await telegram.api.deleteMessages(chatId, ids);
    return { verdict: 'missing' };
  } finally {
    await removeMark(telegram, chatId, fence.message_id);
    for (let at = 0; at < copies.length; at += 100) {
      await telegram.api
        .deleteMessages(vault, copies.slice(at, at + 100))
        .catch((err) => telegram.log.debug({ err }, 'copies are left in the vault'));
    }
  }
}

/** One that a killed worker left is taken away by the next look. */
async function removeMark(telegram: Telegram, chatId: string, id: number): Promise<void> {
  await telegram.api.deleteMessage(chatId, id).catch((err) => telegram.log.warn({ err }, 'a mark is left in a chat'));
}

type Looking = { fence: number; copies: number[]; signal: AbortSignal };

/** What stands of the post: value → message id. Undefined where too much was said since. */
async function findMessages(
  telegram: Telegram,
  probe: Probe,
  { fence, copies, signal }: Looking,
): Promise<Map<string, number> | undefined> {
  const { expected, post } = probe;
  const found = new Map<string, number>();
  const since = (post.intentAt?.getTime() ?? 0) - clockSlackMs;
  let oldCount = 0;
  for (let id = fence - 1; id > floorOf(post, fence); id--) {
    if (fence - id > mostProbes) return undefined;
    signal.throwIfAborted();
    const copy = await copyOf(telegram, probe, { id, signal });
    if (!copy) continue;
    copies.push(copy.message_id);
    step('probe.copied');
    if (copy.text === mark && isOurs(telegram, probe, { id, copy })) await removeMark(telegram, probe.chatId, id);
    const isOld = copy.forward_origin !== undefined && copy.forward_origin.date * 1000 < since;
    oldCount = isOld ? oldCount + 1 : 0;
    if ((isOld && isOurs(telegram, probe, { id, copy })) || oldCount >= oldInARow) break;
    const value = isOld || probe.others.has(String(id)) ? undefined : expected.key(copy);
    if (value === undefined || !expected.values.includes(value) || !isOurs(telegram, probe, { id, copy })) continue;
    found.set(value, id);
    if (found.size === new Set(expected.values).size) break;
  }
  return found;
}

/** Ids of a chat only rise: one above the newest message is of another chat that stood in the row before. */
function floorOf({ idFloor }: OutgoingPost, fence: number): number {
  const floor = Number(idFloor ?? 0);
  return floor < fence ? floor : 0;
}

/** A message by its id; undefined where there is none, or one of those that nobody can forward. */
async function copyOf(
  telegram: Telegram,
  { chatId, vault }: Probe,
  { id, signal }: { id: number; signal: AbortSignal },
): Promise<Message | undefined> {
  // Any other refusal (the vault is closed to us, …) says nothing of the message.
  const absent = (error: unknown) => {
    if (isMissing(error) || isUnforwardable(error)) return undefined;
    throw error;
  };
  return ask(telegram, vault, (api) =>
    api.forwardMessage(vault, chatId, id, { disable_notification: true }, signal as never).catch(absent),
  );
}

/** Said by us, here: not forwarded from elsewhere (whose date and file would be those of there), nor by a person. */
function isOurs({ botId }: Telegram, { chatId }: Probe, { id, copy }: { id: number; copy: Message }): boolean {
  const origin = copy.forward_origin;
  if (origin?.type === 'channel') return String(origin.chat.id) === chatId && origin.message_id === id;
  return origin?.type === 'user' && origin.sender_user.id === botId;
}
