import { AmbiguousError, FatalError, TemporaryError } from '../../core/errors.ts';
import type { OutgoingPost, PostedIds, TargetRef } from '../../core/ports.ts';
import { send } from './call.ts';
import { chatInfo, destination } from './chats.ts';
import type { Telegram } from './client.ts';
import { escapeHtml, splitText } from './markup.ts';
import { findForward } from './sightings.ts';

/** How soon it is looked again for the automatic forward. */
const lookAgainMs = 2_000;

/** More pieces than this do not wait together: no rate of `gates.ts` has more units. */
const mostPieces = 10;

/** Where the comments of a post go: the group, and the message they answer. */
export type Thread = { chatId: string; messageId: number; thread: { message_thread_id?: number } };

/**
 * Writes a comment under a post. A long one becomes several messages under the same post.
 *
 * @throws FatalError `no_discussion`; TemporaryError `forward_not_seen`, `post_not_published`; else as `call.ts`
 */
export async function sendComment(
  telegram: Telegram,
  target: TargetRef,
  post: OutgoingPost,
  signal: AbortSignal,
): Promise<PostedIds> {
  const { chatId, messageId, thread } = await findThread(telegram, target, post.parent);
  const messageIds: string[] = [];
  const pieces = splitText(post.content.text);
  for (const piece of pieces) {
    // All wait once, for their rates together: each piece is held to the time of the intent, after which another worker
    // may have taken the first away and sent them all.
    const cost = messageIds.length === 0 ? Math.min(pieces.length, mostPieces) : 0;
    const sending = send(telegram, { chatId, method: 'sendMessage', cost, signal }, (api) =>
      api.sendMessage(
        chatId,
        escapeHtml(piece),
        {
          ...thread,
          parse_mode: 'HTML',
          link_preview_options: { is_disabled: true },
          disable_notification: true,
          // Without the post it hangs under it would be a loose message in the group: better none.
          reply_parameters: { message_id: messageId },
        },
        signal as never,
      ),
    );
    const message = await (messageIds.length === 0 ? sending : sending.catch(asPartial));
    messageIds.push(String(message.message_id));
  }
  return { messageIds, chatId };
}

/** What came before stands: nothing may be sent again before it was looked at. */
function asPartial(cause: unknown): never {
  throw new AmbiguousError('answer_lost', { cause, detail: 'the beginning of a comment stands' });
}

/**
 * A channel's comments are answers to the automatic forward in its discussion group (a reply that names the channel
 * would be none); in a group they answer the post itself. Source: core.telegram.org/bots/api#message.
 */
export async function findThread(
  telegram: Telegram,
  target: TargetRef,
  parent: PostedIds | undefined,
): Promise<Thread> {
  const { chatId, thread } = destination(target.address);
  const [first] = parent?.messageIds ?? [];
  if (!first || first === '0') throw new TemporaryError('post_not_published', { retryAfterMs: lookAgainMs });
  const chat = await chatInfo(telegram, chatId);
  // A post from before the group moved cannot be answered where it is now.
  const isElsewhere = parent?.chatId !== undefined && parent.chatId !== String(chat.id);
  if (isElsewhere) throw new FatalError('telegram_thread_gone');
  if (chat.type !== 'channel') return { chatId, messageId: Number(first), thread };
  const group = chat.linked_chat_id;
  if (group === undefined) throw new FatalError('no_discussion');
  const seen = await findForward(telegram.db, telegram.account, { chatId: String(chat.id), messageId: first });
  const messageId = seen === undefined ? await findPinned(telegram, group, first) : Number(seen.messageId);
  if (messageId === undefined) throw new TemporaryError('forward_not_seen', { retryAfterMs: lookAgainMs });
  return { chatId: String(group), messageId, thread: {} };
}

/** Automatic forwards are pinned: a forward that was missed may still be told by the group. */
async function findPinned(telegram: Telegram, group: number, messageId: string): Promise<number | undefined> {
  const { pinned_message: pinned } = await telegram.api.getChat(group).catch(() => ({ pinned_message: undefined }));
  const origin = pinned && 'forward_origin' in pinned ? pinned.forward_origin : undefined;
  return origin?.type === 'channel' && String(origin.message_id) === messageId ? pinned?.message_id : undefined;
}
