import type { Message } from 'grammy/types';
import type { OutgoingPost, PostItem, Reconciled, TargetRef } from '../../core/ports.ts';
import { addressOf, chatInfo, destination } from './chats.ts';
import type { Telegram } from './client.ts';
import { findThread } from './comment.ts';
import { vaultOf } from './limits.ts';
import { cardLines, linkLines, splitText } from './markup.ts';
import { clockSlackMs, type Expected, probeChat } from './probe.ts';
import { findSightings } from './sightings.ts';
import { remoteOf } from './upload.ts';

/** So long a call that names files by id, or a short text, may still come to pass; one with a file in it … */
const settleMs = 20_000;
/** … as long as a server may need to read it and to pass it on. */
const settleUploadMs = 1_000_000;

/**
 * Looks whether a post whose answer was lost stands: by what was seen of it (automatic forwards, own posts published
 * late), else by looking at each message since the intent. A post that stands in part is taken away, so that it can
 * be sent whole.
 */
export async function reconcilePost(
  telegram: Telegram,
  target: TargetRef,
  post: OutgoingPost,
  items: PostItem[],
  signal: AbortSignal,
): Promise<Reconciled> {
  const expected = expectedOf(post, items);
  const seen = await findSeen(telegram, target, post, expected);
  if (seen) return { verdict: 'posted', ids: { messageIds: seen } };
  if (post.posted) return { verdict: 'unknown' };
  const ageMs = Date.now() - (post.intentAt?.getTime() ?? Date.now());
  const isDirect = items.some(({ file }) => file !== undefined) || (post.kind === 'video' && items.length === 0);
  const mayStillCome = ageMs < (telegram.settleMs ?? (isDirect ? settleUploadMs : settleMs));
  const vault = vaultOf(telegram, target);
  if (!vault || mayStillCome) return { verdict: 'unknown' };
  const chatId = await placeOf(telegram, target, post);
  if ((await chatInfo(telegram, chatId)).has_protected_content) return { verdict: 'unknown' };
  return probeChat(telegram, { chatId, vault, expected, post }, signal);
}

function expectedOf(post: OutgoingPost, items: PostItem[]): Expected {
  const files = items.map(({ remote }) => remoteOf(remote)?.fileUniqueId).filter((id) => id !== undefined);
  if (files.length > 0) return { key: fileOf, values: files };
  if (post.kind === 'comment') return { key: textOf, values: splitText(post.content.text) };
  const lines = { card: cardLines, link: linkLines }[post.kind as string];
  return { key: textOf, values: [lines ? lines(post.content).join('\n') : post.content.text] };
}

const fileOf = (message: Message) => (message.video ?? message.document ?? message.animation)?.file_unique_id;
const textOf = (message: Message) => message.text ?? message.caption;

/** Proof without asking: each message of the post was forwarded into the discussion group, or told to the bot. */
async function findSeen(
  telegram: Telegram,
  target: TargetRef,
  post: OutgoingPost,
  expected: Expected,
): Promise<string[] | undefined> {
  if (post.kind === 'card' || post.kind === 'comment') return undefined;
  const { chatId } = destination(target.address);
  const { id } = await chatInfo(telegram, chatId);
  const rows = await findSightings(telegram.db, telegram.account, {
    originChatId: String(id),
    ...(post.idFloor ? { afterMessageId: post.idFloor } : {}),
  });
  const since = (post.intentAt?.getTime() ?? 0) - clockSlackMs;
  const fresh = rows.filter((row) => row.at.getTime() >= since);
  const column = expected.key === fileOf ? 'fileUniqueId' : 'text';
  const ids = expected.values.map((value) => fresh.find((row) => row[column] === value)?.originMessageId);
  return ids.every((found) => found !== undefined) && ids.length > 0 ? ids : undefined;
}

/** The chat a post stands in, by its number. */
async function placeOf(telegram: Telegram, target: TargetRef, post: OutgoingPost): Promise<string> {
  if (post.kind === 'comment') return (await findThread(telegram, target, post.parent)).chatId;
  return String((await chatInfo(telegram, destination(addressOf(post.chat)).chatId)).id);
}
