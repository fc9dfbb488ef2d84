import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { eq, sql } from 'drizzle-orm';
import { advance } from '../advance.ts';
import type { App } from '../app.ts';
import { errorText, FatalError, TemporaryError } from '../core/errors.ts';
import type { PartFile } from '../core/ports.ts';
import { findDeliveriesOfRendition, findUploads, type PartRow } from '../db/deliveries.ts';
import { deliveries, parts, targets, uploads } from '../db/schema.ts';
import { hasRoomFor } from './disk.ts';
import { makeFile } from './part-file.ts';
import { backoffMs, maxAttempts } from './retry.ts';
import { targetRef } from './target.ts';

type UploadRow = typeof uploads.$inferSelect;

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
    for (const upload of due) await begin(app, upload);
    const file = await makeFile(app, part, dir, signal);
    if (!file) return;
    for (const upload of due) await stageOne(app, { part, upload, file }, signal);
  } catch (error) {
    if (signal.aborted) return;
    for (const upload of due) await settleFailure(app, part, upload, error);
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

/** Intent before the work: `sending` covers making the file as well. A worker that died left it so. */
async function begin(app: App, upload: UploadRow): Promise<void> {
  if (upload.state === 'sending') await advance(app, 'uploads', upload.id, 'interrupted');
  await advance(app, 'uploads', upload.id, 'sendStarted', { attempts: sql`${uploads.attempts} + 1`, error: null });
}

async function stageOne(
  app: App,
  { part, upload, file }: { part: PartRow; upload: UploadRow; file: PartFile },
  signal: AbortSignal,
) {
  const chat = [...app.chats.values()].find((candidate) => candidate.account === upload.account);
  const target = await targetOf(app, part, chat?.kind);
  if (!chat || !target) return;
  try {
    const onProgress = (sentBytes: number) => tellProgress(app, upload.id, sentBytes);
    const remote = await chat.stage(targetRef(target), file, { signal, onProgress });
    await advance(app, 'uploads', upload.id, 'staged', { remote, sentBytes: (await stat(file.path)).size });
  } catch (error) {
    if (!signal.aborted) await settleFailure(app, part, upload, error);
  }
}

/** Tried again after a pause; refused for good where trying again will not mend it. Nothing is deleted. */
async function settleFailure(app: App, part: PartRow, upload: UploadRow, error: unknown): Promise<void> {
  app.log.warn({ err: error, upload: upload.id }, 'staging failed');
  const isFinal = error instanceof FatalError || upload.attempts + 1 >= maxAttempts;
  const told = error instanceof TemporaryError ? error.retryAfterMs : undefined;
  const nextAttemptAt = new Date(Date.now() + (told ?? backoffMs(upload.attempts)));
  await advance(app, 'uploads', upload.id, isFinal ? 'refused' : 'interrupted', {
    error: errorText(error),
    nextAttemptAt,
  });
  if (!isFinal) return;
  for (const { id: deliveryId } of await findDeliveriesOfRendition(app.db, part.renditionId)) {
    await advance(app, 'deliveries', deliveryId, 'postFailed', { error: errorText(error) }, [
      { name: 'card', data: { deliveryId } },
    ]);
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
async function targetOf(app: App, part: PartRow, kind: string | undefined) {
  const rows = await app.db
    .select({ target: targets })
    .from(deliveries)
    .innerJoin(targets, eq(targets.id, deliveries.targetId))
    .where(eq(deliveries.renditionId, part.renditionId));
  return rows.map((row) => row.target).find((target) => target.kind === kind);
}
