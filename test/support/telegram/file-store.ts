import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { ParserFailure, tooLarge } from './parser-failure.ts';
import type { UploadedFile } from './types.ts';

/** A file while its part of a body comes in. */
export type OpenFile = {
  write(bytes: Buffer): Promise<void>;
  /** Closes it, whole or not. */
  close(): Promise<UploadedFile>;
};

export type FileStore = { open(fileName: string, mimeType: string): Promise<OpenFile> };

let count = 0;

/**
 * Files of uploads in a folder, hashed while they are written; nothing is held in memory.
 *
 * @throws ParserFailure 413 past `maxBytes`, 500 when the disk refuses
 */
export function fileStore(dir: string, maxBytes: number): FileStore {
  return {
    async open(fileName, mimeType) {
      const path = join(dir, `${++count}-${cleanName(fileName)}`);
      const file = await open(path, 'wx').catch(() => {
        throw new ParserFailure(500, "Internal Server Error: can't create temporary file");
      });
      return openFile(file, { fileName, mimeType, path, sizeBytes: 0, sha256: '' }, maxBytes);
    },
  };
}

function openFile(file: FileHandle, uploaded: UploadedFile, maxBytes: number): OpenFile {
  const hash = createHash('sha256');
  return {
    async write(bytes) {
      uploaded.sizeBytes += bytes.length;
      if (uploaded.sizeBytes > maxBytes) throw tooLarge(`file of size ${uploaded.sizeBytes} is too big to be uploaded`);
      hash.update(bytes);
      await file.write(bytes).catch(() => {
        throw new ParserFailure(500, "Internal Server Error: can't upload the file");
      });
    },
    async close() {
      await file.close();
      return { ...uploaded, sha256: hash.digest('hex') };
    },
  };
}

/** A name that any disk takes and that keeps its extension. */
function cleanName(fileName: string): string {
  return fileName.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(-60) || 'file';
}
