import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorText, UserError } from '../core/errors.ts';

/** Between looks while another process clears away what a dead one left. */
const clearingPauseMs = 10;

/**
 * Takes the data folder for one process; the file names it, and the place of a dead one is free.
 *
 * @throws UserError `data_folder_in_use`, `data_folder_unwritable`
 */
export async function lockDataDir(dataDir: string, name: string): Promise<() => Promise<void>> {
  const path = join(dataDir, `${name}.pid`);
  const me = `${process.pid} ${await startOf(process.pid)}`;
  for (;;) {
    if (await claim(path, me, dataDir)) return () => rm(path, { force: true });
    const holder = await readFile(path, 'utf8').catch(() => '');
    if (await isRunning(holder)) throw new UserError('data_folder_in_use', { dataDir, pid: pidOf(holder) });
    await clearAway(path, me, dataDir);
  }
}

/** Makes the file with its content in one step, so that nobody meets it empty. @returns false where there is one */
async function claim(path: string, content: string, dataDir: string): Promise<boolean> {
  const unfinished = `${path}.${randomUUID()}`;
  try {
    await mkdir(dataDir, { recursive: true });
    await writeFile(unfinished, content);
    await link(unfinished, path).catch(async (error: NodeJS.ErrnoException) => {
      // Some mounts know no links; there two starts within a millisecond may both succeed.
      if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(error.code ?? '')) throw error;
      await writeFile(path, content, { flag: 'wx' });
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new UserError('data_folder_unwritable', { dataDir, detail: errorText(error) });
  } finally {
    await rm(unfinished, { force: true });
  }
}

/**
 * Removes the file of a dead process. One at a time: of two that saw it, the slower would remove what the faster had
 * put in its place.
 */
async function clearAway(path: string, me: string, dataDir: string): Promise<void> {
  const clearing = `${path}.clearing`;
  if (!(await claim(clearing, me, dataDir))) {
    const other = await readFile(clearing, 'utf8').catch(() => me);
    if (await isRunning(other)) return void (await delay(clearingPauseMs));
    // It died in the few microseconds between; moved aside, only one of those who see it succeeds.
    const aside = `${clearing}.${randomUUID()}`;
    await rename(clearing, aside).catch(() => undefined);
    return rm(aside, { force: true });
  }
  try {
    // Where there is no file any more, somebody is about to make one: that one is not to be removed.
    const left = await readFile(path, 'utf8').catch(() => undefined);
    if (left !== undefined && !(await isRunning(left))) await rm(path, { force: true });
  } finally {
    await rm(clearing, { force: true });
  }
}

const pidOf = (content: string) => Number(content.split(' ')[0]);

async function isRunning(content: string): Promise<boolean> {
  const pid = pidOf(content);
  return pid > 0 && (await startOf(pid)) === content.split(' ')[1] && isAlive(pid);
}

/** When a process began, so that after a reboot its number is not taken for it; empty where there is no /proc. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Field 22, counted behind the program's name, which may hold spaces. Source: proc(5).
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Whether a process of this number runs, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
