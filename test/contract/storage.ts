import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FatalError } from '../../src/core/errors.ts';
import type { Storage } from '../../src/core/ports.ts';

/** What every Storage driver must do. `open` gives a prepared, empty Storage. */
export function storageContract(name: string, open: () => Promise<Storage>): void {
  describe(`${name} keeps the Storage contract`, () => {
    let storage: Storage;
    let dir: string;
    let count = 0;
    const source = async (content: string | Buffer) => {
      const path = join(dir, `source-${count++}`);
      await writeFile(path, content);
      return path;
    };
    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'aircheck-source-'));
      storage = await open();
    });
    afterAll(() => rm(dir, { recursive: true, force: true }));

    test('a file that is put can be read whole, in part and measured, and its source is gone', async () => {
      const path = await source('0123456789');
      await storage.put('sessions/1-a/best/t1-0.ts', path);
      expect(await textOf(storage, 'sessions/1-a/best/t1-0.ts')).toBe('0123456789');
      expect(await textOf(storage, 'sessions/1-a/best/t1-0.ts', { from: 2, to: 4 })).toBe('234');
      expect(await storage.stat('sessions/1-a/best/t1-0.ts')).toEqual({ sizeBytes: 10 });
      await expect(stat(path)).rejects.toThrow('ENOENT');
    });

    test('a key is written once: a second put changes nothing and takes its source', async () => {
      await storage.put('once/a.ts', await source('first'));
      const second = await source('second');
      await storage.put('once/a.ts', second);
      expect(await textOf(storage, 'once/a.ts')).toBe('first');
      await expect(stat(second)).rejects.toThrow('ENOENT');
    });

    test('an empty file is a file', async () => {
      await storage.put('empty/a.ts', await source(''));
      await storage.put('empty/a.ts', await source('late'));
      expect(await storage.stat('empty/a.ts')).toEqual({ sizeBytes: 0 });
    });

    test('the same key put by many at once is one whole file', async () => {
      const paths = await Promise.all(Array.from({ length: 8 }, () => source(Buffer.alloc(300_000, 7))));
      await Promise.all(paths.map((path) => storage.put('race/a.ts', path)));
      expect(await storage.stat('race/a.ts')).toEqual({ sizeBytes: 300_000 });
      expect(await keysOf(storage, 'race/')).toEqual(['race/a.ts']);
    });

    test('what is not there: no size, not found, removed without complaint', async () => {
      expect(await storage.stat('none/a.ts')).toBeUndefined();
      await expect(storage.read('none/a.ts')).rejects.toMatchObject({ name: 'FatalError', code: 'not_found' });
      await storage.remove('none/a.ts');
      expect(await keysOf(storage, 'none/')).toEqual([]);
    });

    test('listing gives the keys under a prefix and when they changed', async () => {
      for (const key of ['list/1/a.ts', 'list/1/b.ts', 'list/12/c.ts', 'other/d.ts'])
        await storage.put(key, await source('x'));
      expect(await keysOf(storage, 'list/')).toEqual(['list/1/a.ts', 'list/1/b.ts', 'list/12/c.ts']);
      expect(await keysOf(storage, 'list/1/')).toEqual(['list/1/a.ts', 'list/1/b.ts']);
      expect(await keysOf(storage, 'list/1')).toEqual(['list/1/a.ts', 'list/1/b.ts', 'list/12/c.ts']);
      for await (const { changedAt } of storage.list('list/')) {
        expect(Math.abs(Date.now() - changedAt.getTime())).toBeLessThan(120_000);
      }
    });

    test('a removed file is gone', async () => {
      await storage.put('gone/a.ts', await source('x'));
      await storage.remove('gone/a.ts');
      expect(await storage.stat('gone/a.ts')).toBeUndefined();
    });

    test.each(['../a', 'a/../../b', '/etc/passwd', 'a//b', 'a/./b', '', '.hidden', 'a\0b', 'a b', 'a\\b'])(
      'the key %j is refused',
      async (key) => {
        const path = await source('x');
        await expect(storage.put(key, path)).rejects.toThrow(FatalError);
        await expect(storage.read(key)).rejects.toThrow(FatalError);
        await expect(storage.stat(key)).rejects.toThrow(FatalError);
        expect((await stat(path)).size).toBe(1);
      },
    );

    test('bytes that are stored come back unchanged', async () => {
      const bytes = Buffer.from(Array.from({ length: 2_500_000 }, (_, index) => (index * 31) & 0xff));
      await storage.put('bytes/a.ts', await source(bytes));
      const pieces: Buffer[] = [];
      for await (const piece of await storage.read('bytes/a.ts')) pieces.push(piece as Buffer);
      expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
    });
  });
}

async function textOf(storage: Storage, key: string, range?: { from: number; to: number }): Promise<string> {
  let text = '';
  for await (const piece of await storage.read(key, range)) text += String(piece);
  return text;
}

async function keysOf(storage: Storage, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list(prefix)) keys.push(key);
  return keys.sort();
}
