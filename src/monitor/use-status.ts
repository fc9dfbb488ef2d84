import { eq } from 'drizzle-orm';
import { wasStopped } from '../advance/was-stopped.ts';
import { openSession } from '../advance.ts';
import type { App } from '../app.ts';
import type { StreamStatus } from '../core/ports.ts';
import { streams } from '../db/schema.ts';
import { findActiveSession } from '../db/sessions.ts';
import type { Watched } from './watched.ts';

/** What is live and settled is gone through again this often, whatever was missed. */
const reapplyMs = 300_000;

/**
 * Makes of an answer what is to be made of it: a live Stream has its Session, an announced one its card. Where nothing
 * changed since the last look, nothing is asked of the database.
 */
export async function useStatus(app: App, watched: Watched, status: StreamStatus): Promise<void> {
  await noteNames(app, watched, status);
  if (status.state === 'live') return open(app, watched, status);
  if (status.state === 'unknown') return;
  delete watched.applied;
}

/** Keeps what the Stream is called in its row. @returns whether it is called otherwise than before */
async function noteNames(app: App, watched: Watched, status: StreamStatus): Promise<boolean> {
  const { stream } = watched;
  const platformId = status.platformId ?? stream.platformId;
  const title = status.title ?? watched.title;
  const category = status.category ?? watched.category;
  const isRenamed = title !== watched.title || category !== watched.category;
  if (!isRenamed && platformId === stream.platformId) return false;
  const wasKnown = watched.title !== null || watched.category !== null;
  await app.db
    .update(streams)
    .set({ title, category, ...(platformId === undefined ? {} : { platformId }) })
    .where(eq(streams.id, stream.id));
  Object.assign(watched, { title, category });
  if (platformId !== undefined) stream.platformId = platformId;
  return isRenamed && wasKnown;
}

async function open(app: App, watched: Watched, status: StreamStatus): Promise<void> {
  const { broadcastId, title, category, startedAt } = status;
  const facts = JSON.stringify([broadcastId, title, category]);
  if (await isSettled(app, watched, facts)) return;
  const at = performance.now();
  const { orders } = watched;
  const seen = { broadcastId, title, category, startedAt };
  const sessionId = (await mayOpen(app, watched)) ? await openSession(app, watched.stream.id, seen) : undefined;
  watched.applied = { facts, orders, sessionId, at, isDoubtful: false };
  // As the rows said when they were last read; what is still open at the next reading is gone through again.
  watched.isUnsettled = false;
}

/** Whether the last look left nothing to do, and nothing changed since then. */
async function isSettled(app: App, watched: Watched, facts: string): Promise<boolean> {
  const { applied, orders, isUnsettled, isPaired } = watched;
  // What a pair records hangs on two Streams: it is gone through at each look.
  if (applied === undefined || isUnsettled || isPaired) return false;
  if (applied.facts !== facts || applied.orders !== orders) return false;
  if (performance.now() - applied.at >= reapplyMs) return false;
  if (!applied.isDoubtful) return true;
  applied.isDoubtful = false;
  const active = await findActiveSession(app.db, { streamId: watched.stream.id, crossId: null });
  return active !== undefined && active.id === applied.sessionId;
}

/** A broadcast that was stopped by hand is not recorded again until it was seen offline or was ordered anew. */
async function mayOpen(app: App, { stream, isPaired }: Watched): Promise<boolean> {
  const alone = { streamId: stream.id, crossId: null };
  // Of pairs openSession itself knows.
  if (isPaired || (await findActiveSession(app.db, alone))) return true;
  return !(await wasStopped(app.db, alone, stream.id));
}
