import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { badRequest } from './api-error.ts';
import { type BotState, type FileKind, nextId, type StoredFile, type WorldState } from './state.ts';
import type { Call, UploadedFile } from './types.ts';
import { mimeTypeOf, readLocal, storeThumbnail, storeUpload } from './uploads.ts';

/** A file to be sent, as the parameters name it. */
export type Input = {
  kind: FileKind;
  /** File id, URL, `file:` URI or `attach://`; undefined for a part that is named as the parameter. */
  value: string | undefined;
  /** Name of that part, e.g. `video`. */
  part: string;
  thumbnail?: string | undefined;
  /** Of the Bot API object; used when the file is new, frozen then. */
  attributes: Record<string, unknown>;
  /** Said when there is no file, e.g. `there is no video in the request`. */
  missing: string;
};

/** Names as the errors of TDLib have them. */
const typeNames = {
  photo: 'Photo',
  video: 'Video',
  document: 'Document',
  audio: 'Audio',
  animation: 'Animation',
  thumbnail: 'Thumbnail',
};

/** Source: Bot API, "Sending files": by URL 5 MB for photos, 20 MB for the rest. */
const maxUrlBytes = (kind: FileKind) => (kind === 'photo' ? 5 : 20) * 2 ** 20;

/**
 * The stored file a parameter names: a new one for uploads, URLs and `file:` URIs, the old one for a file id.
 *
 * @throws ApiError 400 with the text of the real server, 413
 */
export async function resolveInput(world: WorldState, bot: BotState, call: Call, input: Input): Promise<StoredFile> {
  const fresh = await freshPart(world, call, input);
  if (!fresh) return byFileId(world, bot, call, input);
  const kind = kindOf(fresh.fileName, input.kind);
  const file = await storeUpload(world, kind, { part: fresh, attributes: kind === input.kind ? input.attributes : {} });
  const part = await thumbnailPart(world, call, input);
  const thumbnail = part && kind !== 'photo' ? await storeThumbnail(world, part) : undefined;
  return thumbnail ? { ...file, thumbnail } : file;
}

/** Only MPEG-4 is shown as a video; the rest becomes a document. Source: Bot API, sendVideo. */
function kindOf(fileName: string, kind: FileKind): FileKind {
  return kind === 'video' && mimeTypeOf(fileName) !== 'video/mp4' ? 'document' : kind;
}

/** The bytes, where they come with this call; undefined for a file id. */
async function freshPart(world: WorldState, call: Call, input: Input): Promise<UploadedFile | undefined> {
  const { value, part } = input;
  if (value === undefined || value === '') {
    const file = call.files.get(part);
    if (!file) throw badRequest(input.missing);
    return file;
  }
  if (value.startsWith('attach://')) {
    const file = call.files.get(value.slice('attach://'.length));
    if (!file) throw badRequest(input.missing);
    return file;
  }
  if (world.options.mode === 'local' && value.startsWith('file:/')) return readLocal(world, value, input.kind);
  return value.includes('.') ? download(world, value, input.kind) : undefined;
}

async function thumbnailPart(world: WorldState, call: Call, input: Input): Promise<UploadedFile | undefined> {
  const { thumbnail } = input;
  if (thumbnail === undefined) return call.method === 'sendMediaGroup' ? undefined : call.files.get('thumbnail');
  if (thumbnail.startsWith('attach://')) {
    const part = call.files.get(thumbnail.slice('attach://'.length));
    if (!part) world.options.violate(`thumbnail: no part ${thumbnail}`);
    return part;
  }
  if (world.options.mode === 'local' && thumbnail.startsWith('file:/')) {
    return readLocal(world, thumbnail, 'thumbnail');
  }
  world.options.violate('thumbnail: only a fresh upload is used');
  return undefined;
}

/** What the server fetches itself. Source of the texts: TDLib FileManager.cpp, from_persistent_id. */
async function download(world: WorldState, value: string, kind: FileKind): Promise<UploadedFile> {
  if (!/^https?:\/\//i.test(value)) {
    const why = /^[a-z]+:\/\//i.test(value) ? 'Unsupported URL protocol' : 'URL host is empty';
    throw badRequest(`invalid file HTTP URL specified: ${why}`);
  }
  const response = await fetch(value, { signal: world.closing.signal }).catch(() => undefined);
  if (!response?.ok) throw badRequest('failed to get HTTP URL content');
  const bytes = Buffer.from(await response.arrayBuffer());
  if (bytes.length > maxUrlBytes(kind)) throw badRequest('failed to get HTTP URL content');
  const fileName = basename(new URL(value).pathname) || 'file';
  const path = join(world.options.filesDir, `fetched-${nextId(world)}`);
  await writeFile(path, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { fileName, mimeType: mimeTypeOf(fileName), path, sizeBytes: bytes.length, sha256 };
}

/**
 * The file behind a file id of this bot.
 *
 * @throws ApiError 400 for ids that are none, another bot's, or of another type
 */
function byFileId(world: WorldState, bot: BotState, call: Call, input: Input): StoredFile {
  const file = fileById(world, bot, input.value ?? '');
  if (file.kind !== input.kind) {
    throw badRequest(`can't use file of type ${typeNames[file.kind]} as ${typeNames[input.kind]}`);
  }
  if (input.thumbnail !== undefined || (call.method !== 'sendMediaGroup' && call.files.has('thumbnail'))) {
    world.options.violate('thumbnail: ignored for a file that is sent by its id');
  }
  return file;
}

/** @throws ApiError 400 for ids that are none, or another bot's */
export function fileById(world: WorldState, bot: BotState, fileId: string): StoredFile {
  const known = world.files.get(fileId);
  if (known && known.botId === bot.user.id) return known.file;
  if (known) throw badRequest('wrong file identifier/HTTP URL specified');
  if (/[^A-Za-z0-9_=-]/.test(fileId)) {
    throw badRequest('wrong remote file identifier specified: Wrong character in the string');
  }
  throw badRequest("wrong remote file identifier specified: can't unserialize it. Wrong last symbol");
}
