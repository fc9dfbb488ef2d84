import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { eq } from 'drizzle-orm';
import type { App } from '../app.ts';
import type { DeliveryRow } from '../db/deliveries.ts';
import { takes } from '../db/schema.ts';
import { findMiddleSegment } from '../db/segments.ts';
import { makeThumbnail } from '../media/thumbnail.ts';

/**
 * A picture from the middle of a Delivery's window, made in `dir`: what a link shows.
 *
 * @returns the path of a JPEG, undefined where there is none to be had: a link goes without
 */
export async function makeCover(
  app: App,
  delivery: DeliveryRow,
  dir: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const segment = await findMiddleSegment(app.db, delivery);
    if (!segment) return undefined;
    await mkdir(dir, { recursive: true });
    const path = join(dir, `cover-${segment.id}`);
    const outPath = join(dir, 'cover.jpg');
    const [take] = await app.db.select().from(takes).where(eq(takes.id, segment.takeId));
    // Fragments are read behind their initialization section.
    for (const key of take?.initKey ? [take.initKey, segment.key] : [segment.key])
      await pipeline(await app.storage.read(key), createWriteStream(path, { flags: 'a' }), { signal });
    const { lengthMs } = segment;
    return (await makeThumbnail({ path, outPath, lengthMs, signal, programs: app.config })) ? outPath : undefined;
  } catch (err) {
    app.log.warn({ err, delivery: delivery.id }, 'a link goes without a picture');
    return undefined;
  }
}
