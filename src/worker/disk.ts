import { statfs } from 'node:fs/promises';
import { alertOperators } from '../advance.ts';
import type { App } from '../app.ts';

/** Those that have told it and wait. */
const alerted = new WeakSet<App>();

/**
 * Whether a new Part file of this size may be made: below `DISK_RESERVE_MB` recording has priority and new files
 * wait, while what is made already is still staged. One alert per shortage.
 */
export async function hasRoomFor(app: App, sizeBytes: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(app.config.dataDir);
  const freeBytes = (await app.storage.freeBytes?.()) ?? bavail * bsize;
  const isEnough = Math.min(freeBytes, bavail * bsize) - sizeBytes > app.config.diskReserveMb * 1e6;
  if (isEnough) alerted.delete(app);
  else if (!alerted.has(app)) {
    alerted.add(app);
    app.log.error({ freeBytes }, 'disk below reserve: new part files wait until space is free');
    await alertOperators(app, { code: 'disk_low', values: { freeBytes }, key: `disk_low ${thisHour()}` });
  }
  return isEnough;
}

/** One alert an hour for all workers. */
const thisHour = () => new Date().toISOString().slice(0, 13);

/** Tells operators of a full disk, where this is what went wrong. Never rejects: Postgres may stand on the same disk. */
export async function tellDiskFull(app: App, error: unknown): Promise<void> {
  if (!isDiskFull(error)) return;
  await alertOperators(app, { code: 'disk_full', values: {}, key: `disk_full ${thisHour()}` }).catch((err) =>
    app.log.warn({ err }, 'a full disk cannot be told'),
  );
}

/** Whether an error, or what caused it, says that a disk is full. */
export function isDiskFull(error: unknown): boolean {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    if ('code' in e && (e.code === 'ENOSPC' || e.code === 'disk_full')) return true;
  }
  return false;
}
