import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Init } from '../../media/fmp4-init.ts';

/** Writes an initialization section into the spool. The next Take may begin with the same: each has its own file. */
export async function writeInit(dir: string, { bytes }: Init): Promise<string> {
  const path = join(dir, `${randomUUID()}-init.mp4`);
  await writeFile(path, bytes, { flag: 'wx' });
  return path;
}
