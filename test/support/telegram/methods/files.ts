import { extname, relative } from 'node:path';
import type { File } from 'grammy/types';
import { badRequest } from '../api-error.ts';
import { fileById } from '../inputs.ts';
import { botByToken, type StoredFile, type WorldState } from '../state.ts';
import type { Call } from '../types.ts';
import type { World } from '../world.ts';

/** Source: telegram-bot-api Client.h, MAX_DOWNLOAD_FILE_SIZE; not with --local. */
const maxDownloadBytes = 20 * 2 ** 20;

const folders = {
  photo: 'photos',
  video: 'videos',
  document: 'documents',
  audio: 'music',
  animation: 'animations',
  thumbnail: 'thumbnails',
};

function cloudPath(file: StoredFile): string {
  return `${folders[file.kind]}/file_${file.uniqueId}${extname(file.path)}`;
}

/** Where the server's own process sees a path of this disk. */
function serverPath(world: WorldState, path: string): string {
  const root = world.options.containerRoot;
  if (!root) return path;
  const inside = relative(root.here, path);
  return inside.startsWith('..') ? path : `${root.there.replace(/\/$/, '')}/${inside}`;
}

/** getFile: a path for `/file/bot…` in cloud mode, an absolute one on the server's disk in local mode. */
export async function getFile(world: World, call: Call): Promise<File> {
  const bot = botByToken(world, call.token);
  const fileId: string = call.params.file_id ?? '';
  const known = world.files.get(fileId);
  if (!known || known.botId !== bot.user.id) throw badRequest('invalid file_id');
  const file = fileById(world, bot, fileId);
  if (world.options.mode === 'cloud' && file.sizeBytes > maxDownloadBytes) throw badRequest('file is too big');
  const path = world.options.mode === 'cloud' ? cloudPath(file) : serverPath(world, file.path);
  return { file_id: fileId, file_unique_id: file.uniqueId, file_size: file.sizeBytes, file_path: path };
}

/** The file behind a `file_path` of cloud mode, for the bot that asked for it. */
export function fileAtPath(world: WorldState, botId: number, filePath: string): StoredFile | undefined {
  for (const known of world.files.values()) {
    if (known.botId === botId && cloudPath(known.file) === filePath) return known.file;
  }
  return undefined;
}
