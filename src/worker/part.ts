import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { eq, sql } from 'drizzle-orm';
import { advance } from '../advance.ts';
import type { App } from '../app.ts';
import { errorText, FatalError, TemporaryError } from '../core/errors.ts';
import type { PartFile } from '../core/ports.ts';
import { findDeliveriesOfRendition, findUploads, type PartRow, upsertCut } from '../db/deliveries.ts';
import { cuts, deliveries, parts, targets, uploads } from '../db/schema.ts';
import { findSegments } from '../db/segments.ts';
import { findRendition } from '../db/sessions.ts';
import { remuxPart } from '../media/remux.ts';
import { fileName } from '../media/safe-name.ts';
import { makeThumbnail } from '../media/thumbnail.ts';
import { hasRoomFor } from './disk.ts';
import { backoffMs } from './retry.ts';
import { targetRef } from './target.ts';

/** Tries of one Upload before `/retry` is asked for. */
const maxAttempts = 8;

/**
 * Makes the MP4 of a Part in the spool and stages it with every account that wants it; the file is a cache and goes
 * as soon as it is accepted. The caller holds the lease on the Part.
 */
export async function makePart(app: App, partId: number, signal: AbortSignal): Promise<void> {
  const [part] = await app.db.select().from(parts).where(eq(parts.id, partId));
  if (!part) return;
  const due = (await findUploads(app.db, [partId])).filter(
    (upload) => (upload.state === 'waiting' || upload.state === 'sending') && upload.nextAttemptAt <= new Date(),
  );
  if (due.length === 0) return;
  if (!(await hasRoomFor(app, part.sizeBytes))) return;
  const dir = join(app.config.dataDir, 'spool', app.owner, `p${partId}`);
  await mkdir(dir, { recursive: true });
  try {
    const file = await makeFile(app, part, dir, signal);
    if (!file) return;
    for (const upload of due) await stageOne(app, upload, file, signal);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  const waiting = await findDeliveriesOfRendition(app.db, part.renditionId);
  await app.queue.add(
    waiting.flatMap(({ id: deliveryId }) => [
      { name: 'post' as const, data: { deliveryId } },
      { name: 'card' as const, data: { deliveryId } },
    ]),
  );
}

/** @returns undefined where the result went over the limit and a new Cut was opened. */
async function makeFile(app: App, part: PartRow, dir: string, signal: AbortSignal): Promise<PartFile | undefined> {
  const found = await findRendition(app.db, part.renditionId);
  const [cut] = await app.db.select().from(cuts).where(eq(cuts.id, part.cutId));
  if (!found || !cut) throw new FatalError('part_orphaned');
  const path = join(dir, 'part.mp4');
  const runs = await collectRuns(app, part);
  const made = await remuxPart({ runs, outPath: path, signal, programs: app.config });
  if (made.sizeBytes > cut.limitBytes) {
    await cutAgain(app, cut, part);
    return undefined;
  }
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
    .set({ sizeBytes, lengthMs, width, height, frameCount, hash, fileName: name, madeAt: new Date() })
    .where(eq(parts.id, part.id));
  const thumbnail = hasThumbnail ? { thumbnailPath } : {};
  return { partId: part.id, path, ...thumbnail, sizeBytes, lengthMs, width, height, fileName: name };
}

async function collectRuns(app: App, part: PartRow) {
  const rows = await findSegments(app.db, part.renditionId, { from: part.fromSequence, to: part.toSequence });
  const runs: { files: (() => Promise<NodeJS.ReadableStream>)[] }[] = [];
  let takeId: number | undefined;
  for (const { segment, take } of rows) {
    if (segment.track !== 0 || take.withheldReason !== null) continue;
    if (runs.length === 0 || segment.startsRun || take.id !== takeId) runs.push({ files: [] });
    takeId = take.id;
    runs.at(-1)?.files.push(() => app.storage.read(segment.key));
  }
  return runs;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** The file came out over the limit: from this Part on a new Cut plans with more margin. */
async function cutAgain(app: App, cut: typeof cuts.$inferSelect, part: PartRow): Promise<void> {
  if (cut.margin < 0.7) throw new FatalError('part_too_big', { detail: `part ${part.id}` });
  const { id: previousId, createdAt: _, ...key } = cut;
  const next = await upsertCut(app.db, {
    ...key,
    previousId,
    fromSequence: part.fromSequence,
    margin: cut.margin * 0.9,
  });
  await app.db.update(deliveries).set({ cutId: next.id }).where(eq(deliveries.cutId, cut.id));
  await app.db.delete(uploads).where(eq(uploads.partId, part.id));
  await app.db.delete(parts).where(eq(parts.id, part.id));
  await app.queue.add([{ name: 'plan', data: { renditionId: part.renditionId } }]);
}

async function stageOne(
  app: App,
  upload: typeof uploads.$inferSelect,
  file: PartFile,
  signal: AbortSignal,
): Promise<void> {
  const chat = [...app.chats.values()].find((candidate) => candidate.account === upload.account);
  const target = await targetOf(app, file.partId, chat?.kind);
  if (!chat?.stage || !target) return;
  if (upload.state === 'sending') await advance(app, 'uploads', upload.id, 'interrupted');
  await advance(app, 'uploads', upload.id, 'sendStarted', { attempts: sql`${uploads.attempts} + 1`, error: null });
  try {
    const onProgress = (sentBytes: number) => tellProgress(app, upload.id, sentBytes);
    const remote = await chat.stage(targetRef(target), file, { signal, onProgress });
    await advance(app, 'uploads', upload.id, 'staged', { remote, sentBytes: (await stat(file.path)).size });
  } catch (error) {
    const isFinal = error instanceof FatalError || upload.attempts + 1 >= maxAttempts;
    const waitMs =
      error instanceof TemporaryError && error.retryAfterMs !== undefined
        ? error.retryAfterMs
        : backoffMs(upload.attempts);
    app.log.warn({ err: error, upload: upload.id }, 'staging failed');
    await advance(app, 'uploads', upload.id, isFinal && !signal.aborted ? 'refused' : 'interrupted', {
      error: errorText(error),
      nextAttemptAt: new Date(Date.now() + waitMs),
    });
  }
}

function tellProgress(app: App, uploadId: number, sentBytes: number): void {
  app.db
    .update(uploads)
    .set({ sentBytes })
    .where(eq(uploads.id, uploadId))
    .catch((err: unknown) => app.log.debug({ err }, 'progress not written'));
}

/** Any Target of the account's chat that wants the Part: staging serves them all. */
async function targetOf(app: App, partId: number, kind: string | undefined) {
  const [part] = await app.db.select().from(parts).where(eq(parts.id, partId));
  if (!part || !kind) return undefined;
  const rows = await app.db
    .select({ target: targets })
    .from(deliveries)
    .innerJoin(targets, eq(targets.id, deliveries.targetId))
    .where(eq(deliveries.renditionId, part.renditionId));
  return rows.map((row) => row.target).find((target) => target.kind === kind);
}
