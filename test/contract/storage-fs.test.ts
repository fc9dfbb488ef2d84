import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { createFsStorage } from '../../src/storage/fs.ts';
import { openStorage } from '../../src/storage/open.ts';
import { storageContract } from './storage.ts';

const dirs: string[] = [];
async function newDir(parent = tmpdir()): Promise<string> {
  const dir = await mkdtemp(join(parent, 'aircheck-storage-'));
  dirs.push(dir);
  return dir;
}
afterAll(() => Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true }))));

storageContract('fs', async () => {
  const storage = openStorage(pathToFileURL(join(await newDir(), 'deep', 'root')).href);
  await storage.prepare();
  return storage;
});

test('the marker is written once, also by many processes at once, and found again', async () => {
  const root = await newDir();
  await Promise.all(Array.from({ length: 6 }, () => createFsStorage({ root }).prepare()));
  const marker = await readFile(join(root, '.aircheck-storage'), 'utf8');
  await createFsStorage({ root }).prepare();
  expect(await readFile(join(root, '.aircheck-storage'), 'utf8')).toBe(marker);
});

test('a folder with files but no marker is refused: the right disk may not be mounted', async () => {
  const root = await newDir();
  await writeFile(join(root, 'something.txt'), 'x');
  await expect(createFsStorage({ root }).prepare()).rejects.toMatchObject({ code: 'storage_unreachable' });
});

test('a full Storage refuses, keeps the source and takes it when there is room again', async () => {
  const root = await newDir();
  let quota = 10;
  const storage = createFsStorage({ root, maxBytes: () => quota });
  await storage.prepare();
  const path = join(await newDir(), 'source');
  await writeFile(path, Buffer.alloc(20));
  await expect(storage.put('a/b.ts', path)).rejects.toMatchObject({ name: 'TemporaryError', code: 'disk_full' });
  await access(path);
  expect(await storage.stat('a/b.ts')).toBeUndefined();
  expect(await storage.freeBytes?.()).toBe(10);
  quota = 100;
  await storage.put('a/b.ts', path);
  expect(await storage.freeBytes?.()).toBe(80);
  const again = createFsStorage({ root, maxBytes: () => quota });
  await again.prepare();
  expect(await again.freeBytes?.()).toBe(80);
});

test('a Storage that is away takes nothing, holds nothing as missing, and goes on when it is back', async () => {
  const root = join(await newDir(), 'mount');
  const storage = createFsStorage({ root });
  await storage.prepare();
  const path = join(await newDir(), 'source');
  await writeFile(path, 'first');
  await storage.put('a/first.ts', path);
  await writeFile(path, 'second');
  await rename(root, `${root}.away`);
  // The empty folder that a mount leaves.
  await mkdir(root);
  const isAway = { name: 'TemporaryError', code: 'storage_unreachable' };
  await expect(storage.put('a/second.ts', path)).rejects.toMatchObject(isAway);
  await expect(storage.stat('a/first.ts')).rejects.toMatchObject(isAway);
  await expect(storage.read('a/first.ts')).rejects.toMatchObject(isAway);
  await expect(storage.remove('a/first.ts')).rejects.toMatchObject(isAway);
  await expect(storage.list('a/')[Symbol.asyncIterator]().next()).rejects.toMatchObject(isAway);
  expect(await readdir(root)).toEqual([]);
  await rmdir(root);
  await rename(`${root}.away`, root);
  await storage.put('a/second.ts', path);
  expect(await readdir(join(root, 'a'))).toEqual(['first.ts', 'second.ts']);
});

test('a file from another device is copied whole and leaves nothing beside it', async (context) => {
  const other = await access('/dev/shm').then(
    () => newDir('/dev/shm'),
    () => undefined,
  );
  if (!other) return context.skip('no second device on this machine');
  const root = await newDir();
  const storage = createFsStorage({ root });
  await storage.prepare();
  const path = join(other, 'source');
  await writeFile(path, Buffer.alloc(100_000, 3));
  await storage.put('x/a.ts', path);
  expect(await storage.stat('x/a.ts')).toEqual({ sizeBytes: 100_000 });
  expect(await readdir(join(root, 'x'))).toEqual(['a.ts']);
  await expect(access(path)).rejects.toThrow('ENOENT');
});

test('without a quota the free bytes are those of the disk', async () => {
  const storage = createFsStorage({ root: await newDir() });
  expect(await storage.freeBytes?.()).toBeGreaterThan(0);
});

test('a scheme without a driver is refused with what to do', () => {
  expect(() => openStorage('s3://bucket/prefix')).toThrow(/STORAGE_URL must begin with file:/);
  expect(() => openStorage('nonsense')).toThrow(/STORAGE_URL must begin with file:/);
});
