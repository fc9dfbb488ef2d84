import { type FileHandle, open, readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { InputFile } from 'grammy';
import type { Message } from 'grammy/types';
import { AmbiguousError, FatalError, TemporaryError } from '../../core/errors.ts';
import type { PartFile, Remote } from '../../core/ports.ts';
import { chunkBytes, passUplink } from '../read-pieces.ts';
import { send } from './call.ts';
import { destination } from './chats.ts';
import type { Telegram } from './client.ts';
import { isOutOfPatience, learnRate, learnTooSlow } from './limits.ts';

const progressEveryMs = 1_000;
/** Source: tdlib/telegram-bot-api clamps to it. */
const longestSeconds = 86_400;

/** A staged file: what sends it again, and how it is recognised. */
export type TelegramRemote = { fileId: string; fileUniqueId: string; type: 'video' | 'document' };
export const remoteOf = (remote: Remote | undefined) => remote as TelegramRemote | undefined;

export type UploadOptions = {
  /** HTML. */
  caption: string;
  isSilent: boolean;
  /** People see the message: one that may stand is not sent again as smaller files. */
  isPost?: boolean;
  signal: AbortSignal;
  onProgress?: (sentBytes: number) => void;
};

/**
 * Sends one Part as a video: one file per request, read from disk in pieces of 1 MiB, or by its path where the server
 * sees our disk.
 *
 * @returns the message, and the file as it can be sent again; undefined where the message shows none
 * @throws FatalError `part_over_limit` where the server hung up on it for its length; else as `call.ts`
 */
export async function uploadVideo(
  telegram: Telegram,
  address: string,
  file: PartFile,
  { caption, isSilent, isPost = false, signal, onProgress = () => {} }: UploadOptions,
): Promise<{ message: Message; remote: TelegramRemote | undefined }> {
  const { chatId, thread } = destination(address);
  const progress = { sentBytes: 0, startedAt: 0 };
  const thumbnail = file.thumbnailPath ? await openPicture(telegram, file.thumbnailPath) : undefined;
  // Closed here and not by its reader: a connection that breaks off leaves the reader where it is. Last of all: what
  // goes wrong between this and the call would leave it open.
  const handle = telegram.isLocal ? undefined : await open(file.path);
  const video = handle
    ? new InputFile(() => readPieces(telegram, handle, { progress, signal, onProgress }), file.fileName)
    : fileUri(telegram, file.path);
  const options = {
    ...thread,
    caption,
    parse_mode: 'HTML' as const,
    disable_notification: isSilent,
    supports_streaming: true,
    duration: Math.min(Math.round(file.lengthMs / 1000), longestSeconds),
    ...(file.width > 0 && file.height > 0 ? { width: file.width, height: file.height } : {}),
    ...(thumbnail ? { thumbnail } : {}),
  };
  try {
    const message = await send(telegram, { chatId, method: 'sendVideo', signal }, (api) => {
      progress.startedAt = performance.now();
      return api.sendVideo(chatId, video, options, signal as never);
    });
    onProgress(file.sizeBytes);
    await learnRate(telegram, file.sizeBytes, performance.now() - progress.startedAt);
    return { message, remote: readRemote(message) };
  } catch (error) {
    throw await afterFailure(telegram, file, { error, isPost, ...progress });
  } finally {
    await handle?.close();
  }
}

type Failure = { error: unknown; isPost: boolean; sentBytes: number; startedAt: number };

/**
 * An answer that did not come in the server's patience says that the file was too long a way. What did not leave us
 * whole cannot stand; what did may, for the server goes on with it after it hung up.
 */
async function afterFailure(telegram: Telegram, file: PartFile, { error, isPost, sentBytes, startedAt }: Failure) {
  if (!(error instanceof AmbiguousError) || startedAt === 0) return error;
  const elapsedMs = performance.now() - startedAt;
  const isWhole = telegram.isLocal || sentBytes >= file.sizeBytes;
  const isTooSlow = isOutOfPatience(telegram, elapsedMs);
  if (isTooSlow) await learnTooSlow(telegram, telegram.isLocal ? file.sizeBytes : sentBytes, elapsedMs);
  if (isPost && isWhole) return error;
  const detail = `no answer in ${Math.round(elapsedMs / 1000)} s`;
  if (isTooSlow) return new FatalError('part_over_limit', { cause: error, detail });
  return isWhole ? error : new TemporaryError('telegram_unreachable', { cause: error, detail });
}

/**
 * Telegram may show a file in another way than it was sent: one without sound as an animation, which it calls a document
 * as well. That is sent again as the video it is: albums mix no documents with videos, and take no animations. One of
 * sound alone may be an audio, which is sent again as a document.
 * Source: core.telegram.org/bots/api#message (`animation`), #sendmediagroup; TDLib takes the id of any kind of document.
 */
export function readRemote(message: Message): TelegramRemote | undefined {
  const { video, animation } = message;
  const file = fileIn(message);
  if (!file) return undefined;
  const type = (video ?? animation) ? 'video' : 'document';
  return { fileId: file.file_id, fileUniqueId: file.file_unique_id, type };
}

/** The file that a message shows, whatever Telegram calls it. */
export const fileIn = ({ video, animation, document, audio, voice, video_note: note }: Message) =>
  video ?? animation ?? document ?? audio ?? voice ?? note;

/** Where a server with `--local` finds a file of ours; percent-encoded. @throws FatalError `telegram_path_map` */
export function fileUri({ pathMap }: Pick<Telegram, 'pathMap'>, path: string): string {
  if (!pathMap) return pathToFileURL(path).href;
  const [here = '', there = ''] = pathMap.split(':');
  const root = here.replace(/\/+$/, '');
  if (!path.startsWith(`${root}/`)) throw new FatalError('telegram_path_map', { detail: path });
  return pathToFileURL(there.replace(/\/+$/, '') + path.slice(root.length)).href;
}

/**
 * A small JPEG: by its path where the server sees our disk (grammY's types know no such thumbnail), else read whole, for
 * a reader of a file stays open where a connection breaks off.
 */
export const openPicture = async (telegram: Telegram, path: string): Promise<InputFile> =>
  telegram.isLocal
    ? (fileUri(telegram, path) as unknown as InputFile)
    : new InputFile(await readFile(path), 'picture.jpg');

type Reading = {
  progress: { sentBytes: number };
  signal: AbortSignal;
  onProgress: (sentBytes: number) => void;
};

/** The bytes of a file as the shared rate grants them. */
async function* readPieces(
  telegram: Telegram,
  handle: FileHandle,
  { progress, signal, onProgress }: Reading,
): AsyncGenerator<Uint8Array> {
  let toldAt = performance.now();
  for (;;) {
    // A new piece each time: what was given away is still being sent.
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, progress.sentBytes);
    if (bytesRead === 0) return;
    await passUplink(telegram, signal);
    yield buffer.subarray(0, bytesRead);
    progress.sentBytes += bytesRead;
    if (performance.now() - toldAt < progressEveryMs) continue;
    onProgress(progress.sentBytes);
    toldAt = performance.now();
  }
}
