import { statfs } from 'node:fs/promises';
import { alertOperators } from '../advance.ts';
import type { App } from '../app.ts';

let alerted = false;

/**
 * Whether a new Part file of this size may be made: below `DISK_RESERVE_MB` recording has priority and new files
 * wait, while what is made already is still staged. One alert per shortage.
 */
export async function hasRoomFor(app: App, sizeBytes: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(app.config.dataDir);
  const freeBytes = (await app.storage.freeBytes?.()) ?? bavail * bsize;
  const isEnough = Math.min(freeBytes, bavail * bsize) - sizeBytes > app.config.diskReserveMb * 1e6;
  if (isEnough) alerted = false;
  else if (!alerted) {
    alerted = true;
    app.log.error({ freeBytes }, 'disk below reserve: new part files wait until space is free');
    // One an hour for all workers.
    const key = `disk_low ${new Date().toISOString().slice(0, 13)}`;
    await alertOperators(app, { code: 'disk_low', values: { freeBytes }, key });
  }
  return isEnough;
}
