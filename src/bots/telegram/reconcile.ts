import type { Message } from 'grammy/types';
import { intentHere } from '../../core/chat.ts';
import type { OutgoingPost, PostedIds, PostItem, Reconciled, TargetRef } from '../../core/ports.ts';
import { addressOf, chatInfo, destination } from './chats.ts';
import type { Telegram } from './client.ts';
import { findThread } from './comment.ts';
import { idsOfOthers } from './known-ids.ts';
import { vaultOf } from './limits.ts';
import { cardLines, linkLines, splitText } from './markup.ts';
import { clockSlackMs, type Expected, probeChat } from './probe.ts';
import { settleMs } from './settle.ts';
import { findSightings, type Sighting } from './sightings.ts';
import { fileIn, remoteOf } from './upload.ts';

/** A call with a file in it may still come to pass for as long as a server may need to read it and to pass it on. */
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
  if (seen) return { verdict: 'posted', ids: seen };
  if (post.posted) return { verdict: 'unknown' };
  const ageMs = Date.now() - (intentHere(post, 'latest')?.getTime() ?? Date.now());
  const isDirect = items.some(({ file }) => file !== undefined) || (post.kind === 'video' && items.length === 0);
  const mayStillCome = ageMs < (telegram.settleMs ?? (isDirect ? settleUploadMs : settleMs));
  const vault = vaultOf(telegram, target);
  if (mayStillCome) return { verdict: 'unknown' };
  if (!vault) return { verdict: 'unknown', isUnprovable: true };
  const chatId = await placeOf(telegram, target, post);
  if ((await chatInfo(telegram, chatId)).has_protected_content) return { verdict: 'unknown', isUnprovable: true };
  const others = await idsOfOthers(telegram.db, post, chatId);
  return probeChat(telegram, { chatId, vault, expected, post, others }, signal);
}

function expectedOf(post: OutgoingPost, items: PostItem[]): Expected {
  const files = items.map(({ remote }) => remoteOf(remote)?.fileUniqueId).filter((id) => id !== undefined);
  if (files.length > 0) return { key: fileOf, values: files };
  if (post.kind === 'comment') return { key: textOf, values: splitText(post.content.text).map(wordsOf) };
  const lines = { card: cardLines, link: linkLines }[post.kind as string];
  return { key: textOf, values: [wordsOf(lines ? lines(post.content).join('\n') : post.content.text)] };
}

const fileOf = (message: Message) => fileIn(message)?.file_unique_id;
const textOf = (message: Message) => {
  const text = message.text ?? message.caption;
  return text === undefined ? undefined : wordsOf(text);
};

/** Letters and digits: Telegram takes spaces at the ends and signs that nobody sees out of a text. Source: TDLib, clean_input_string. */
const wordsOf = (text: string) => text.replace(/[^\p{L}\p{N}]+/gu, '');

/** Proof without asking: each message of the post was forwarded into the discussion group, or told to the bot. */
async function findSeen(
  telegram: Telegram,
  target: TargetRef,
  post: OutgoingPost,
  expected: Expected,
): Promise<PostedIds | undefined> {
  if (post.kind === 'card' || post.kind === 'comment') return undefined;
  const { id } = await chatInfo(telegram, destination(target.address).chatId);
  const rows = await findSightings(telegram.db, telegram.account, {
    originChatId: String(id),
    ...(post.idFloor ? { afterMessageId: post.idFloor } : {}),
  });
  const since = (post.intentAt?.getTime() ?? 0) - clockSlackMs;
  const others = await idsOfOthers(telegram.db, post, String(id));
  const fresh = rows.filter((row) => row.at.getTime() >= since && !others.has(row.originMessageId));
  const keyOf = (row: Sighting) => (expected.key === fileOf ? row.fileUniqueId : wordsOf(row.text ?? ''));
  const ids = expected.values.map(
    (value, index) => knownId(post, index) ?? fresh.find((row) => keyOf(row) === value)?.originMessageId,
  );
  const found = ids.filter((known) => known !== undefined);
  return found.length === ids.length && ids.length > 0 ? { messageIds: found, chatId: String(id) } : undefined;
}

/** Of an album some items may be published at once and others later. */
function knownId({ posted }: OutgoingPost, index: number): string | undefined {
  const id = posted?.messageIds[index];
  return id === '0' ? undefined : id;
}

/** The chat a post stands in, by its number. */
async function placeOf(telegram: Telegram, target: TargetRef, post: OutgoingPost): Promise<string> {
  if (post.kind === 'comment') return (await findThread(telegram, target, post.parent)).chatId;
  return String((await chatInfo(telegram, destination(addressOf(post.chat)).chatId)).id);
}
