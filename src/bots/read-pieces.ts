import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../db/client.ts';
import { takeGate } from '../queue/gate.ts';

/** What is read at once; also what the shared upload rate is granted in. */
export const chunkBytes = 1 << 20;

/** The line that all uploads share: megabit per second, 0 = no limit. */
export type Uplink = { db: Database; uploadMbps: number };

/** The bytes of a file in pieces of 1 MiB, as the upload rate of all processes grants them. */
export async function* readPieces(
  path: string,
  { signal, ...uplink }: Uplink & { signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const handle = await open(path);
  try {
    for (let at = 0; ; ) {
      // A new piece each time: what was given away is still being sent.
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, at);
      if (bytesRead === 0) return;
      await passUplink(uplink, signal);
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

/** `UPLOAD_MBPS` is shared by all uploads of all processes: one piece at a time has the line. */
export async function passUplink({ db, uploadMbps }: Uplink, signal: AbortSignal): Promise<void> {
  if (uploadMbps <= 0) return;
  const windowMs = (chunkBytes * 8) / (uploadMbps * 1000);
  const { waitMs } = await takeGate(db, { key: 'uplink', count: 1, windowMs });
  if (waitMs > 0) await delay(waitMs, undefined, { signal });
}
