import { TemporaryError } from '../../core/errors.ts';
import type { Chat, TargetRef } from '../../core/ports.ts';
import { linkTo } from './chats.ts';
import { openTelegram, type Telegram, type TelegramOptions } from './client.ts';
import { examineTarget } from './doctor.ts';
import { MovedError } from './errors.ts';
import { limitsOf, vaultOf } from './limits.ts';
import { listen } from './listen.ts';
import { findPlace } from './place.ts';
import { editCard, removeCard, sendPost } from './post.ts';
import { reconcilePost } from './reconcile.ts';
import { sayText } from './reply.ts';
import { uploadVideo } from './upload.ts';
import { webhookOf } from './webhook.ts';

/** A vault of a Target is followed in its row; that of the configuration can only be told. */
function followVault(telegram: Telegram, target: TargetRef, error: unknown): never {
  if (error instanceof MovedError && target.vault === undefined) {
    telegram.vault = error.newChatId;
    telegram.log.warn(`TELEGRAM_VAULT is ${error.newChatId} from now on: set it`);
  }
  throw error;
}

/** Telegram as a chat: grammY's clients, our rows. Facts: docs/telegram.md. */
export function createTelegramChat(options: TelegramOptions): Chat {
  const telegram = openTelegram(options);
  const webhook = webhookOf(telegram);
  return {
    kind: 'telegram',
    account: telegram.account,
    limits: (target) => limitsOf(telegram, target),
    listen: (onEvent, signal) => listen(telegram, onEvent, signal),
    ...(webhook ? { webhook } : {}),
    canStage: (target) => vaultOf(telegram, target) !== undefined,
    async stage(target, file, { signal, onProgress }) {
      const vault = vaultOf(telegram, target);
      if (vault === undefined) throw new Error('nowhere to stage');
      const caption = `aircheck part ${file.partId}`;
      const staging = uploadVideo(telegram, vault, file, { caption, isSilent: true, signal, onProgress });
      const { remote } = await staging.catch((error: unknown) => followVault(telegram, target, error));
      if (!remote) throw new TemporaryError('remote_unreadable');
      return remote;
    },
    post: (target, post, items, signal) => sendPost(telegram, target, post, items, signal),
    edit: (_target, post, ids, signal) => editCard(telegram, post, ids, signal),
    remove: (_target, post, ids, signal) => removeCard(telegram, post, ids, signal),
    say: ({ chatId, threadId }, { text }, signal) => sayText(telegram, { chatId, threadId, text }, signal),
    reconcile: (target, post, items, signal) => reconcilePost(telegram, target, post, items, signal),
    linkTo,
    findPlace: (address, userId) => findPlace(telegram, address, userId),
    doctor: (target) => examineTarget(telegram, target),
  };
}
