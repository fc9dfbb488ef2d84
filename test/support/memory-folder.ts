import { chown, mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../../src/db/lock-data-dir.ts';

/** Where Linux keeps files in memory. */
const root = '/dev/shm';
/** What a run has there at once is about a tenth of it. */
const neededBytes = 2e9;

/**
 * Makes a folder in memory that this user owns; nothing where there is no room. What runs that were killed left there
 * goes. Making and removing files by the hundred costs more on a disk than the tests do: ext4 without a journal looks
 * through all that was removed in the last seconds, for each file that is made.
 */
export async function memoryFolder(uid?: number): Promise<string | undefined> {
  const freeBytes = await statfs(root).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  if (freeBytes < neededBytes) return undefined;
  const names = (await readdir(root)).filter((name) => name.startsWith('aircheck-test-'));
  const left = names.filter((name) => !isAlive(Number(name.split('-').at(-1))));
  for (const name of left) await rm(join(root, name), { recursive: true, force: true });
  const dir = join(root, `aircheck-test-${process.pid}`);
  await mkdir(dir, { mode: 0o700 });
  if (uid !== undefined) await chown(dir, uid, uid);
  return dir;
}
