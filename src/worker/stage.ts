import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { and, eq, inArray, ne } from 'drizzle-orm';
import { advance } from '../advance.ts';
import type { App } from '../app.ts';
import { errorText, FatalError, TemporaryError } from '../core/errors.ts';
import type { Chat, PartFile, Remote } from '../core/ports.ts';
import type { PartRow, TargetRow } from '../db/deliveries.ts';
import { deliveries, targets, uploads } from '../db/schema.ts';
import { step } from '../lib/steps.ts';
import { cutSmaller } from './cut-again.ts';
import { isFinal, nextTry } from './retry.ts';
import { targetRef } from './target.ts';

export type UploadRow = typeof uploads.$inferSelect;
/** An Upload with the chat that takes it and a Target it is staged for; `places` are there to try in turn. */
export type Staging = { part: PartRow; upload: UploadRow; chat: Chat; target: TargetRow; places: number };

/** Told waits up to this long in all are sat out with the file at hand: making it again costs more. */
const longestWaitMs = 5 * 60_000;

/**
 * Targets of the chat that want the Rendition and can be staged for, one for each vault: an Upload with any of them
 * serves them all.
 */
export async function findStageTargets(app: App, part: PartRow, chat: Chat): Promise<TargetRow[]> {
  const rows = await app.db
    .select({ target: targets })
    .from(deliveries)
    .innerJoin(targets, eq(targets.id, deliveries.targetId))
    .where(
      and(eq(deliveries.renditionId, part.renditionId), eq(targets.kind, chat.kind), ne(deliveries.state, 'cancelled')),
    )
    .orderBy(deliveries.id);
  const able = rows.map(({ target }) => target).filter((target) => chat.canStage(targetRef(target)));
  return [...new Map(able.map((target) => [target.vault, target])).values()];
}

/** Stages a Part's file with one account and writes down what became of it. */
export async function stageUpload(app: App, staging: Staging, file: PartFile, signal: AbortSignal): Promise<void> {
  try {
    const remote = await stagePatiently(app, staging, file, signal);
    step('upload.staged');
    await advance(app, 'uploads', staging.upload.id, 'staged', {
      remote,
      sentBytes: (await stat(file.path)).size,
      error: null,
    });
    step('upload.confirmed');
  } catch (error) {
    if (signal.aborted) return;
    const isTooBig = error instanceof FatalError && error.code === 'part_over_limit';
    if (!isTooBig) return settleUpload(app, staging, error);
    app.log.warn({ err: error, upload: staging.upload.id }, 'the chat takes smaller parts only');
    await cutSmaller(app, { ...staging, sizeBytes: file.sizeBytes }).catch((err) => settleUpload(app, staging, err));
  }
}

async function stagePatiently(
  app: App,
  { upload, chat, target }: Staging,
  file: PartFile,
  signal: AbortSignal,
): Promise<Remote> {
  const onProgress = (sentBytes: number) => tellProgress(app, upload.id, sentBytes);
  for (let leftMs = longestWaitMs; ; ) {
    try {
      return await chat.stage(targetRef(target), file, { signal, onProgress });
    } catch (error) {
      const told = error instanceof TemporaryError ? error.retryAfterMs : undefined;
      // 0: rows changed (the vault moved), so that this try asks the wrong place.
      if (!told || told > leftMs) throw error;
      leftMs -= Math.max(told, 1_000);
      app.log.info({ upload: upload.id, told }, 'the chat asks to wait; the file waits');
      await delay(told, undefined, { signal });
    }
  }
}

/** Tried again after a pause; refused for good where trying again will not mend it (`isFinal`). Nothing is deleted. */
export async function settleUpload(app: App, { part, upload, chat, places }: Staging, error: unknown): Promise<void> {
  app.log.warn({ err: error, upload: upload.id }, 'staging failed');
  const wait = nextTry(error, upload.attempts);
  const tries = wait.attempts ?? upload.attempts + 1;
  // One Target's closed vault is no fault of the others.
  const isRefused = isFinal(error, tries) && tries >= places;
  const patch = { error: errorText(error), ...wait };
  await advance(app, 'uploads', upload.id, isRefused ? 'refused' : 'interrupted', patch);
  if (!isRefused) return;
  const rows = await app.db
    .select({ id: deliveries.id })
    .from(deliveries)
    .innerJoin(targets, eq(targets.id, deliveries.targetId))
    .where(
      and(
        eq(deliveries.renditionId, part.renditionId),
        eq(targets.kind, chat.kind),
        inArray(deliveries.state, ['collecting', 'posting']),
      ),
    );
  const code = error instanceof FatalError ? error.code : errorText(error);
  for (const { id: deliveryId } of rows)
    await advance(app, 'deliveries', deliveryId, 'postFailed', { error: code }, [
      { name: 'card', data: { deliveryId } },
    ]);
}

function tellProgress(app: App, uploadId: number, sentBytes: number): void {
  app.db
    .update(uploads)
    .set({ sentBytes })
    .where(eq(uploads.id, uploadId))
    .catch((err: unknown) => app.log.debug({ err }, 'progress not written'));
}
