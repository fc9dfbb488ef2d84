import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file that only this user reads, and that is gone after `remove`. */
export type PrivateFile = { path: string; remove(): Promise<void> };

/** Writes what a program must be given as a file and nobody else may see. */
export async function writePrivateFile(text: string): Promise<PrivateFile> {
  // 0700 by itself.
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-'));
  const path = join(dir, 'private');
  await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  return { path, remove: () => rm(dir, { recursive: true, force: true }) };
}
