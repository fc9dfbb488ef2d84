import { existsSync, readdirSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** libfaketime for programs with threads; undefined where it is not installed (Debian: `libfaketime`). */
export function findFaketime(): string | undefined {
  const folders = [
    '/usr/lib',
    ...(existsSync('/usr/lib') ? readdirSync('/usr/lib').map((each) => `/usr/lib/${each}`) : []),
  ];
  return folders.map((folder) => join(folder, 'faketime/libfaketimeMT.so.1')).find((path) => existsSync(path));
}

/** A process's own wall clock, which somebody puts forward or back; what counts elapsed time goes on undisturbed. */
export type FakeClock = {
  /** For the process, from its first moment. */
  env: Record<string, string>;
  /** From now on the clock is so many seconds off. */
  step(bySeconds: number): Promise<void>;
};

/** A clock that is right. Source: libfaketime's README. @throws Error where it is not installed */
export async function createFakeClock(path: string): Promise<FakeClock> {
  const library = findFaketime();
  if (!library) throw new Error('libfaketime is not installed');
  const step = async (bySeconds: number) => {
    await writeFile(`${path}.new`, `${bySeconds < 0 ? '' : '+'}${bySeconds}\n`);
    await rename(`${path}.new`, path);
  };
  await step(0);
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: path,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      // Seconds until the file is read again.
      FAKETIME_CACHE_DURATION: '1',
    },
    step,
  };
}
