import { eq } from 'drizzle-orm';
import { announceBroadcast } from '../advance.ts';
import type { App } from '../app.ts';
import type { StreamStatus } from '../core/ports.ts';
import { streams } from '../db/schema.ts';
import type { Watched } from './watched.ts';

/** Whether a Stream that has a name is called otherwise now; what an answer does not tell is as before. */
const isRenamed = ({ title, category }: Watched, status: StreamStatus): boolean =>
  (title !== null || category !== null) &&
  ((status.title ?? title) !== title || (status.category ?? category) !== category);

/** Keeps what the Stream is called, and the platform's id of it, in its row. */
export async function noteNames(app: App, watched: Watched, status: StreamStatus): Promise<void> {
  const { stream, title, category } = watched;
  const platformId = status.platformId ?? stream.platformId;
  const names = { title: status.title ?? title, category: status.category ?? category };
  if (names.title === title && names.category === category && platformId === stream.platformId) return;
  const values = { ...names, ...(platformId === undefined ? {} : { platformId }) };
  await app.db.update(streams).set(values).where(eq(streams.id, stream.id));
  Object.assign(watched, names);
  if (platformId !== undefined) stream.platformId = platformId;
}

/**
 * Tells orders that wait of what a Stream announces that is not live: a broadcast with its time, or that it is called
 * otherwise than before. Then its row has the new names.
 */
export async function announce(app: App, watched: Watched, status: StreamStatus): Promise<void> {
  const isNew = isRenamed(watched, status);
  const isTimed = status.state === 'scheduled' || status.scheduledFor !== undefined;
  const { broadcastId, title, category, scheduledFor } = status;
  const announced = JSON.stringify([broadcastId, title, category, scheduledFor, watched.orders]);
  if (watched.hasWaiting && (isTimed || isNew) && watched.announced !== announced) {
    const facts = { broadcastId, title, category, scheduledFor, isRenamed: isNew };
    await announceBroadcast(app, watched.stream.id, facts);
    watched.announced = announced;
  }
  await noteNames(app, watched, status);
}
