import { readFile } from 'node:fs/promises';
import type { Document } from 'grammy/types';
import { TemporaryError, UserError } from '../../core/errors.ts';
import type { ChatEvent, SaidFile } from '../../core/ports.ts';
import type { Telegram } from './client.ts';

/** A file a person sent. Source: core.telegram.org/bots/api#getfile. */
export function fileOf(
  telegram: Telegram,
  { file_id: fileId, file_name: name, file_size: size = 0 }: Document,
): SaidFile {
  return {
    name: name ?? 'file',
    async read(maxBytes, signal) {
      if (size > maxBytes) throw new UserError('file_too_big', { maxBytes });
      const bytes = await fetchFile(telegram, fileId, signal).catch((cause: unknown) => {
        // The address that failed holds the token: what is thrown does not name it.
        throw new TemporaryError('telegram_unreachable', { detail: cause instanceof Error ? cause.name : '' });
      });
      if (bytes.length > maxBytes) throw new UserError('file_too_big', { maxBytes });
      return bytes;
    },
  };
}

async function fetchFile(telegram: Telegram, fileId: string, signal: AbortSignal): Promise<Buffer> {
  const { api, apiRoot, token } = telegram;
  const { file_path: path = '' } = await api.getFile(fileId, signal as never);
  if (path.startsWith('/')) return readOurs(telegram, path);
  const answer = await fetch(`${apiRoot}/file/bot${token}/${path}`, { signal });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** A server with `--local` tells where the file lies on its disk. */
async function readOurs({ pathMap }: Telegram, path: string): Promise<Buffer> {
  const [here = '', there = ''] = pathMap?.split(':') ?? [];
  const ours = there && path.startsWith(there) ? here + path.slice(there.length) : path;
  return readFile(ours);
}

/** Removes what was said. Source: core.telegram.org/bots/api#deletemessage (in private always, in groups by right). */
export async function hideMessage(
  { api, log }: Telegram,
  { chat, messageId }: Pick<ChatEvent, 'chat' | 'messageId'>,
): Promise<boolean> {
  try {
    return await api.deleteMessage(chat.chatId, Number(messageId));
  } catch (err) {
    log.info({ err, chat: chat.chatId }, 'a message with a secret could not be removed');
    return false;
  }
}
