import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';

/** A file of a request as it stands on disk. `path` is absolute, `sha256` hex. */
export type StoredFile = { path: string; sizeBytes: number; sha256: string; fileName: string; mimeType: string };

/** A file while its part of a body comes in. */
export type OpenFile = { write(bytes: Buffer): Promise<void>; close(): Promise<StoredFile> };

let count = 0;

/**
 * A file in the folder, hashed while it is written; nothing is held in memory.
 *
 * What goes over `maxBytes` is counted and not kept: the size tells.
 */
export async function openFile(
  dir: string,
  fileName: string,
  more: { mimeType: string; maxBytes: number },
): Promise<OpenFile> {
  const path = join(dir, `upload-${++count}`);
  const handle: FileHandle = await open(path, 'wx');
  const stored: StoredFile = { path, sizeBytes: 0, sha256: '', fileName, mimeType: more.mimeType };
  const hash = createHash('sha256');
  return {
    async write(bytes) {
      stored.sizeBytes += bytes.length;
      if (stored.sizeBytes > more.maxBytes) return;
      hash.update(bytes);
      await handle.write(bytes);
    },
    async close() {
      await handle.close();
      return { ...stored, sha256: hash.digest('hex') };
    },
  };
}
