import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, readFile, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, posix } from 'node:path';
import { ApiError, badRequest } from './api-error.ts';
import { imageSize, jpegSize } from './images.ts';
import { type FileKind, nextId, type StoredFile, type WorldState } from './state.ts';
import type { UploadedFile } from './types.ts';

const mib = 2 ** 20;
/** Source: Bot API, "Sending files", and "Using a Local Bot API Server". */
const maxUploadBytes = { cloud: 50 * mib, local: 2000 * mib };
/** Source: TDLib FileLoaderUtils.cpp, check_full_local_location. */
const maxPhotoBytes = 10 * mib;
const maxLocalBytes = 4000 * mib;
/** Source: Bot API, field `thumbnail`: JPEG, less than 200 kB, at most 320 pixels. */
const maxThumbnailBytes = 200 * 1024 - 1;
const maxThumbnailPixels = 320;

const mimeTypes: Record<string, string> = {
  '.mp4': 'video/mp4',
  '.mkv': 'video/x-matroska',
  '.webm': 'video/webm',
  '.mov': 'video/quicktime',
  '.ts': 'video/mp2t',
  '.mp3': 'audio/mpeg',
  '.m4a': 'audio/mp4',
  '.ogg': 'audio/ogg',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.txt': 'text/plain',
};

/** What TDLib makes of a file's name; it never looks at the type a client gave. */
export function mimeTypeOf(fileName: string): string {
  return mimeTypes[extname(fileName).toLowerCase()] ?? 'application/octet-stream';
}

/**
 * Refuses a file by its size, as the server does before it uploads.
 *
 * @throws ApiError 413 in cloud mode, 400 in local mode, for empty files and big photos
 */
export function checkSize(world: WorldState, kind: FileKind, sizeBytes: number): void {
  if (sizeBytes === 0) throw badRequest('file must be non-empty');
  if (kind === 'photo' && sizeBytes > maxPhotoBytes) {
    throw badRequest(
      `file of size ${sizeBytes} bytes is too big for a photo; the maximum size is ${maxPhotoBytes} bytes`,
    );
  }
  if (sizeBytes > maxLocalBytes) {
    throw badRequest(`file of size ${sizeBytes} bytes is too big; the maximum size is ${maxLocalBytes} bytes`);
  }
  if (sizeBytes <= maxUploadBytes[world.options.mode]) return;
  // What passes locally is refused by Telegram in parts, and that text comes through.
  if (world.options.mode === 'local') throw badRequest('FILE_PARTS_INVALID');
  throw new ApiError(413, 'Request Entity Too Large');
}

/** Source: Bot API, sendPhoto: width and height together at most 10000, their ratio at most 20. */
function checkDimensions(kind: FileKind, { width, height }: { width: number; height: number }): void {
  if (kind !== 'photo') return;
  const ratio = Math.max(width, height) / Math.min(width, height);
  if (width + height > 10_000 || !(ratio <= 20)) throw badRequest('PHOTO_INVALID_DIMENSIONS');
}

/** Keeps an uploaded file: a document of its own, though the same bytes were uploaded before. */
export async function storeUpload(
  world: WorldState,
  kind: FileKind,
  { part, attributes }: { part: UploadedFile; attributes: Record<string, unknown> },
): Promise<StoredFile> {
  checkSize(world, kind, part.sizeBytes);
  const uniqueId = `AgAD${createHash('sha256')
    .update(`${nextId(world)}`)
    .digest('base64url')
    .slice(0, 12)}`;
  const path = join(world.options.filesDir, `stored-${uniqueId}${extname(part.fileName)}`);
  await link(part.path, path).catch(() => copyFile(part.path, path));
  const file: StoredFile = { uniqueId, kind, path, sizeBytes: part.sizeBytes, sha256: part.sha256, attributes };
  if (kind !== 'photo' && kind !== 'thumbnail') {
    file.fileName = basename(part.fileName);
    file.mimeType = mimeTypeOf(part.fileName);
    return file;
  }
  const size = imageSize(await readFile(path));
  if (!size) throw badRequest('IMAGE_PROCESS_FAILED');
  checkDimensions(kind, size);
  return { ...file, attributes: size };
}

/** A thumbnail; undefined, and noted as ours to mend, when the server would ignore it. */
export async function storeThumbnail(world: WorldState, part: UploadedFile): Promise<StoredFile | undefined> {
  const size = part.sizeBytes <= maxThumbnailBytes ? jpegSize(await readFile(part.path)) : undefined;
  if (size && Math.max(size.width, size.height) <= maxThumbnailPixels) {
    return storeUpload(world, 'thumbnail', { part, attributes: {} });
  }
  world.options.violate(`thumbnail ${part.fileName} is no JPEG under 200 kB and 320 pixels`);
  return undefined;
}

/** The path a `file:` URI names, as telegram-bot-api reads it. Source: Client.cpp, get_local_file_path. */
function pathOfUri(uri: string): string {
  let rest = uri.slice('file:/'.length);
  if (rest.startsWith('/')) rest = rest.slice(rest.startsWith('/localhost') ? '/localhost'.length : 1);
  try {
    return decodeURIComponent(rest);
  } catch {
    return rest;
  }
}

/** Where the server's path lies on this disk; undefined outside its container. */
function onThisDisk(world: WorldState, path: string): string | undefined {
  const root = world.options.containerRoot;
  const clean = posix.normalize(path);
  if (!posix.isAbsolute(clean)) return undefined;
  if (!root) return clean;
  const there = root.there.replace(/\/$/, '');
  return clean.startsWith(`${there}/`) ? join(root.here, clean.slice(there.length)) : undefined;
}

/**
 * Reads a `file:` URI of local mode from disk.
 *
 * @throws ApiError 400 for what is missing, outside, no regular file, empty, or changes while it is read
 */
export async function readLocal(world: WorldState, uri: string, kind: FileKind): Promise<UploadedFile> {
  const inside = onThisDisk(world, pathOfUri(uri));
  const path = inside && (await realpath(inside).catch(() => undefined));
  if (!path) throw badRequest("can't find real file path");
  const before = await stat(path);
  if (!before.isFile()) throw badRequest('file must be a regular file');
  checkSize(world, kind, before.size);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  await world.duringRead?.();
  const after = await stat(path).catch(() => undefined);
  if (!after) throw badRequest("can't find real file path");
  if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw badRequest('file was modified');
  const fileName = basename(path);
  return { fileName, mimeType: mimeTypeOf(fileName), path, sizeBytes: before.size, sha256: hash.digest('hex') };
}
