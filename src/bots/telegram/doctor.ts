import type { ChatMember } from 'grammy/types';
import { FatalError, TemporaryError } from '../../core/errors.ts';
import type { TargetRef } from '../../core/ports.ts';
import { ask } from './call.ts';
import { chatInfo, destination } from './chats.ts';
import type { Telegram } from './client.ts';
import { vaultOf } from './limits.ts';

/**
 * Looks whether a Target can be posted to, commented and staged.
 *
 * @returns a sentence code for each thing that is missing; never throws for what Telegram refuses
 */
export async function examineTarget(telegram: Telegram, target: TargetRef): Promise<string[]> {
  const { chatId } = destination(target.address);
  const place = await look(() => examinePlace(telegram, chatId));
  const discussion = place.length > 0 ? [] : await look(() => examineDiscussion(telegram, target, chatId));
  const vault = vaultOf(telegram, target);
  const staging = vault ? await look(() => examineVault(telegram, vault)) : ['telegram_needs_vault'];
  return [...place, ...discussion, ...staging];
}

async function look(examine: () => Promise<string[]>): Promise<string[]> {
  try {
    return await examine();
  } catch (error) {
    if (error instanceof FatalError) return [error.code];
    if (error instanceof TemporaryError && error.code === 'telegram_token_refused') return [error.code];
    throw error;
  }
}

async function examinePlace(telegram: Telegram, chatId: string): Promise<string[]> {
  const chat = await chatInfo(telegram, chatId);
  if (chat.type === 'private') return [];
  const member = await memberOf(telegram, chatId);
  if (isOut(member)) return ['telegram_kicked'];
  if (chat.type !== 'channel') return maySend(member) ? [] : ['telegram_rights'];
  if (member.status !== 'administrator') return ['telegram_needs_admin'];
  return [
    ...(member.can_post_messages ? [] : ['telegram_needs_post']),
    ...(member.can_edit_messages ? [] : ['telegram_needs_edit']),
    ...(member.can_delete_messages ? [] : ['telegram_needs_delete']),
  ];
}

/** Comments go to the linked group; the bot sees its automatic forwards as an admin, or with privacy mode off. */
async function examineDiscussion(telegram: Telegram, target: TargetRef, chatId: string): Promise<string[]> {
  const chat = await chatInfo(telegram, chatId);
  if (chat.type !== 'channel') return [];
  const group = chat.linked_chat_id;
  if (group === undefined) return ['no_discussion'];
  if (target.discussion && target.discussion !== String(group)) return ['telegram_wrong_discussion'];
  const member = await memberOf(telegram, String(group)).catch((error: unknown) => {
    if (error instanceof FatalError) return undefined;
    throw error;
  });
  if (!member || isOut(member)) return ['telegram_needs_group'];
  if (!maySend(member)) return ['telegram_group_rights'];
  if (member.status === 'administrator') return [];
  const { can_read_all_group_messages: readsAll } = await telegram.api.getMe();
  return readsAll ? [] : ['telegram_needs_group_admin'];
}

async function examineVault(telegram: Telegram, vault: string): Promise<string[]> {
  const chat = await chatInfo(telegram, vault);
  const member = await memberOf(telegram, vault);
  const mayPost =
    chat.type === 'channel' ? member.status === 'administrator' && member.can_post_messages : maySend(member);
  return mayPost ? [] : ['telegram_vault_closed'];
}

const memberOf = (telegram: Telegram, chatId: string): Promise<ChatMember> =>
  ask(telegram, chatId, (api) => api.getChatMember(chatId, telegram.botId));

const isOut = ({ status }: ChatMember) => status === 'left' || status === 'kicked';

const maySend = (member: ChatMember) =>
  !isOut(member) && (member.status !== 'restricted' || (member.can_send_messages && member.can_send_videos));
