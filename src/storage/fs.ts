import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, open, opendir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorText, FatalError, TemporaryError } from '../core/errors.ts';
import type { Storage } from '../core/ports.ts';

export type FsOptions = {
  root: string;
  /** Refuses more bytes than this in all, like a full disk: a quota where the file system has none. */
  maxBytes?: () => number | undefined;
};

const keyPattern = /^[a-z0-9][A-Za-z0-9._/-]{0,199}$/;
const markerName = '.aircheck-storage';

/**
 * Files on a local disk or a mount. A file appears whole or not at all: synced, then renamed. A marker file shows that
 * the right disk is mounted; without it in a folder that holds files the process refuses to start, and while it is gone
 * nothing is written and nothing counts as missing.
 */
export function createFsStorage({ root, maxBytes }: FsOptions): Storage {
  const base = resolve(root);
  const pathOf = (key: string) => {
    if (!keyPattern.test(key) || key.split('/').some((part) => ['', '.', '..'].includes(part)))
      throw new FatalError('bad_key', { detail: key });
    return join(base, key);
  };
  let usedBytes = 0;
  return {
    name: 'fs',
    async prepare() {
      await prepare(base);
      if (maxBytes?.() === undefined) return;
      usedBytes = 0;
      for await (const { key } of list(base, '')) usedBytes += (await sizeOf(join(base, key))) ?? 0;
    },
    async put(key, path) {
      const target = pathOf(key);
      if ((await foundSize(base, target)) !== undefined) return void (await rm(path, { force: true }));
      const { size } = await stat(path);
      const quota = maxBytes?.();
      if (quota !== undefined && usedBytes + size > quota) throw new TemporaryError('disk_full', { detail: 'quota' });
      await move(base, path, target).catch((cause) => {
        throw storageError(cause);
      });
      usedBytes += size;
    },
    async read(key, range) {
      const path = pathOf(key);
      if ((await foundSize(base, path)) === undefined) throw new FatalError('not_found', { detail: key });
      return createReadStream(path, { highWaterMark: 1 << 20, ...(range ? { start: range.from, end: range.to } : {}) });
    },
    async stat(key) {
      const sizeBytes = await foundSize(base, pathOf(key));
      return sizeBytes === undefined ? undefined : { sizeBytes };
    },
    list: (prefix) => list(base, prefix),
    async remove(key) {
      const path = pathOf(key);
      usedBytes -= (await foundSize(base, path)) ?? 0;
      await rm(path, { force: true });
    },
    localPath: pathOf,
    async freeBytes() {
      const { bavail, bsize } = await statfs(base);
      const quota = maxBytes?.();
      return quota === undefined ? bavail * bsize : Math.max(0, quota - usedBytes);
    },
  };
}

/** The size of a file; undefined only where the Storage is there and the file is not. */
async function foundSize(base: string, path: string): Promise<number | undefined> {
  const size = await sizeOf(path);
  if (size === undefined) await checkMarker(base);
  return size;
}

/** @throws TemporaryError `storage_unreachable` while the disk is not there, or another in its place */
async function checkMarker(base: string): Promise<void> {
  if ((await sizeOf(join(base, markerName))) === undefined)
    throw new TemporaryError('storage_unreachable', { detail: `no ${markerName} in ${base}: is the disk mounted?` });
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (found) => found.size,
    (error) => {
      if (isMissing(error)) return undefined;
      // A mount that is gone for a while must not look like a file that is not there.
      throw storageError(error);
    },
  );
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function storageError(cause: unknown): TemporaryError {
  const { code } = cause as NodeJS.ErrnoException;
  return new TemporaryError(code === 'ENOSPC' || code === 'EDQUOT' ? 'disk_full' : 'storage_unreachable', {
    cause,
    detail: errorText(cause),
  });
}

/** Synced before the rename, its folders after it: a power cut leaves the old state or the new one. */
async function move(base: string, from: string, to: string): Promise<void> {
  const firstNew = await makeFolders(base, dirname(to));
  await sync(from);
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyOver(from, to);
  }
  const last = firstNew === undefined ? dirname(to) : dirname(firstNew);
  for (let folder = dirname(to); folder.length >= last.length; folder = dirname(folder)) {
    await sync(folder);
    if (folder === dirname(folder)) break;
  }
}

/** Makes the folders below `base` and never that itself: it may have gone away this moment. @returns the first new one */
async function makeFolders(base: string, folder: string): Promise<string | undefined> {
  let first: string | undefined;
  const names = folder
    .slice(base.length + 1)
    .split('/')
    .filter(Boolean);
  for (const [index, name] of names.entries()) {
    const path = join(base, ...names.slice(0, index), name);
    const isNew = await mkdir(path).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
        return false;
      },
    );
    if (isNew) first ??= path;
  }
  return first;
}

/** From another device: a copy beside its place, then the rename. */
async function copyOver(from: string, to: string): Promise<void> {
  const temp = `${to}.${randomUUID()}.part`;
  try {
    await copyFile(from, temp);
    await sync(temp);
    await rename(temp, to);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
  await rm(from, { force: true });
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function prepare(base: string): Promise<void> {
  try {
    await mkdir(base, { recursive: true });
    const marker = join(base, markerName);
    if ((await sizeOf(marker)) !== undefined) return;
    for await (const entry of await opendir(base)) {
      // Another process may write the marker at this moment; a fresh ext4 disk holds lost+found.
      if (entry.name === markerName || entry.name === 'lost+found') continue;
      throw new FatalError('storage_unreachable', {
        detail: `${base} holds ${entry.name} but no ${markerName}: is the right disk mounted?`,
      });
    }
    await writeFile(marker, `${randomUUID()}\n`, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } catch (cause) {
    if (cause instanceof FatalError) throw cause;
    throw new FatalError('storage_unreachable', { cause, detail: errorText(cause) });
  }
}

async function* list(base: string, prefix: string): AsyncGenerator<{ key: string; changedAt: Date }> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const dir = await opendir(join(base, folder), { recursive: true }).catch((error) => {
    if (isMissing(error)) return undefined;
    throw storageError(error);
  });
  if (!dir) return checkMarker(base);
  for await (const entry of dir) {
    if (!entry.isFile() || entry.name === markerName) continue;
    const path = join(entry.parentPath, entry.name);
    const key = path.slice(base.length + 1);
    if (!key.startsWith(prefix)) continue;
    const changedAt = await stat(path).then(
      ({ mtime }) => mtime,
      () => undefined,
    );
    // Removed between the look at the folder and the look at the file.
    if (changedAt) yield { key, changedAt };
  }
}
