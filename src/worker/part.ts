import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eq, sql } from 'drizzle-orm';
import { advance } from '../advance.ts';
import type { App } from '../app.ts';
import { readClock } from '../db/clock.ts';
import { findDeliveriesOfRendition, findUploads, type PartRow } from '../db/deliveries.ts';
import { parts, uploads } from '../db/schema.ts';
import { step } from '../lib/steps.ts';
import { hasRoomFor } from './disk.ts';
import { makeFile } from './part-file.ts';
import { findStageTargets, type Staging, settleUpload, stageUpload, type UploadRow } from './stage.ts';

/**
 * Makes the MP4 of a Part in the spool and stages it with every account that wants it; the file is a cache and goes
 * as soon as it is accepted. The caller holds the lease on the Part.
 */
export async function makePart(app: App, partId: number, signal: AbortSignal): Promise<void> {
  const [part] = await app.db.select().from(parts).where(eq(parts.id, partId));
  if (!part) return;
  const due = await findDue(app, part);
  if (due.length === 0) return;
  if (!(await hasRoomFor(app, part.sizeBytes))) return;
  const dir = join(app.config.dataDir, 'spool', app.owner, `p${partId}`);
  await mkdir(dir, { recursive: true });
  try {
    for (const { upload } of due) await begin(app, upload);
    step('upload.intent');
    const file = await makeFile(app, part, dir, signal);
    if (!file) return;
    step('part.made');
    await Promise.all(due.map((staging) => stageUpload(app, staging, file, signal)));
  } catch (error) {
    if (signal.aborted) return;
    for (const staging of due) await settleUpload(app, staging, error);
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

/** Uploads whose time has come, of chats that run here. One that no Target can be staged for is sent as it is posted. */
async function findDue(app: App, part: PartRow): Promise<Staging[]> {
  const due: Staging[] = [];
  const { now } = await readClock(app.db);
  for (const upload of await findUploads(app.db, [part.id])) {
    const chat = [...app.chats.values()].find(({ account }) => account === upload.account);
    const isDue = ['waiting', 'sending'].includes(upload.state) && upload.nextAttemptAt <= now;
    if (!chat || !isDue) continue;
    const able = await findStageTargets(app, part, chat);
    const target = able[upload.attempts % Math.max(1, able.length)];
    if (target) due.push({ part, upload, chat, target, places: able.length });
    else await app.db.delete(uploads).where(eq(uploads.id, upload.id));
  }
  return due;
}

/** Intent before the work: `sending` covers making the file as well. What went wrong before is told until it is staged. */
async function begin(app: App, upload: UploadRow): Promise<void> {
  if (upload.state === 'sending') await advance(app, 'uploads', upload.id, 'interrupted');
  await advance(app, 'uploads', upload.id, 'sendStarted', { attempts: sql`${uploads.attempts} + 1` });
}
