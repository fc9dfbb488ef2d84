import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { eq, sql } from 'drizzle-orm';
import type { App } from '../app.ts';
import { FatalError } from '../core/errors.ts';
import type { PartFile } from '../core/ports.ts';
import type { CutRow, PartRow } from '../db/deliveries.ts';
import { cuts, events, parts } from '../db/schema.ts';
import { findSegments } from '../db/segments.ts';
import { findRendition } from '../db/sessions.ts';
import { type Material, remuxPart } from '../media/remux.ts';
import { fileName } from '../media/safe-name.ts';
import { makeThumbnail } from '../media/thumbnail.ts';
import { cutFiner } from './cut-again.ts';
import { soundReach, toMaterial } from './material.ts';

/** Share of the limit that encoding again aims at: rate control is no exact thing. */
const encodedShare = 0.85;

/**
 * Makes the MP4 of a Part and its thumbnail in `dir`.
 *
 * @returns undefined where the result went over the limit and a new Cut was opened
 * @throws TemporaryError `remux_failed`, FatalError `part_too_big`, `part_orphaned`
 */
export async function makeFile(
  app: App,
  part: PartRow,
  dir: string,
  signal: AbortSignal,
): Promise<PartFile | undefined> {
  const found = await findRendition(app.db, part.renditionId);
  const [cut] = await app.db.select().from(cuts).where(eq(cuts.id, part.cutId));
  if (!found || !cut) throw new FatalError('part_orphaned');
  const path = join(dir, 'part.mp4');
  const material = await collect(app, part);
  let made = await remuxPart({ ...material, outPath: path, signal, programs: app.config });
  if (made.sizeBytes > cut.limitBytes && !part.isOversized) {
    await cutFiner(app, cut, part);
    return undefined;
  }
  if (made.sizeBytes > cut.limitBytes)
    made = await encodeAgain(app, { part, cut, material, path, lengthMs: made.lengthMs }, signal);
  const thumbnailPath = join(dir, 'part.jpg');
  const hasThumbnail = await makeThumbnail({
    path,
    outPath: thumbnailPath,
    lengthMs: made.lengthMs,
    signal,
    programs: app.config,
  });
  const name =
    part.fileName ?? fileName(found.session.title ?? found.stream.channel, found.session.startedAt, part.fromSequence);
  const { sizeBytes, lengthMs, width, height, frameCount } = made;
  const hash = await hashFile(path);
  await app.db
    .update(parts)
    .set({ sizeBytes, lengthMs, width, height, frameCount, hash, fileName: name, madeAt: sql`now()` })
    .where(eq(parts.id, part.id));
  const thumbnail = hasThumbnail ? { thumbnailPath } : {};
  return { partId: part.id, path, ...thumbnail, sizeBytes, lengthMs, width, height, fileName: name };
}

type Oversized = { part: PartRow; cut: CutRow; material: Material; path: string; lengthMs: number };

/** A stretch without a keyframe is over the limit: the one case that is encoded again, and told. */
async function encodeAgain(app: App, { part, cut, material, path, lengthMs }: Oversized, signal: AbortSignal) {
  const bitsPerSecond = (cut.limitBytes * encodedShare * 8) / (lengthMs / 1000);
  const made = await remuxPart({ ...material, outPath: path, signal, programs: app.config, bitsPerSecond });
  if (made.sizeBytes > cut.limitBytes) throw new FatalError('part_too_big', { detail: `part ${part.id}` });
  await app.db
    .insert(events)
    .values({ kind: 'part.encodedAgain', subject: 'part', subjectId: part.id, data: { bitsPerSecond } });
  return made;
}

async function collect(app: App, part: PartRow): Promise<Material> {
  const [from, to] = [part.fromSequence, part.toSequence];
  const rows = await findSegments(app.db, part.renditionId, { from: from - soundReach, to: to + soundReach });
  return toMaterial(rows, { from, to }, (key) => app.storage.read(key));
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
