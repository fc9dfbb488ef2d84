import { openSession } from '../advance.ts';
import type { App } from '../app.ts';
import type { StreamStatus } from '../core/ports.ts';
import { findActiveSession } from '../db/sessions.ts';
import { announce, noteNames } from './announce.ts';
import { followServer } from './follow-server.ts';
import type { Watched } from './watched.ts';

/** What is live and settled is gone through again this often, whatever was missed. */
const reapplyMs = 300_000;

/**
 * Makes of an answer what is to be made of it: a live Stream has its Session, an announced one its card, what is live on a
 * server its own orders. Where nothing changed since the last look, nothing is asked of the database.
 */
export async function useStatus(app: App, watched: Watched, status: StreamStatus): Promise<void> {
  if (status.state === 'unknown') return noteNames(app, watched, status);
  if (watched.isServer) return followServer(app, watched);
  if (status.state !== 'live') {
    delete watched.applied;
    return announce(app, watched, status);
  }
  await noteNames(app, watched, status);
  await open(app, watched, status);
}

async function open(app: App, watched: Watched, status: StreamStatus): Promise<void> {
  const { broadcastId, title, category, startedAt } = status;
  const facts = JSON.stringify([broadcastId, title, category]);
  if (await isSettled(app, watched, facts)) return;
  const at = performance.now();
  const { orders } = watched;
  const seen = { broadcastId, title, category, startedAt };
  const sessionId = await openSession(app, watched.stream.id, seen);
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
