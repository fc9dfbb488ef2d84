import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { eq, gt, lt, or, sql } from 'drizzle-orm';
import type { App } from '../app.ts';
import { findExpired } from '../db/expired.ts';
import { events, leases, segments, takes, webMessages } from '../db/schema.ts';

const dayMs = 24 * 3600 * 1000;
/** Events are read within days; audit is kept for ever. */
const eventDays = 30;

/**
 * Removes what nobody wants any more: files in Storage without a row for 24 h (an upload whose row never came),
 * spools of workers long gone, old events. A Segment with a row is never touched here.
 */
export async function cleanUp(app: App, signal: AbortSignal): Promise<void> {
  await cleanSpool(app);
  await removeExpired(app, signal);
  for await (const { key, changedAt } of app.storage.list('sessions/')) {
    if (signal.aborted) return;
    if (Date.now() - changedAt.getTime() < dayMs || (await isKnown(app, key))) continue;
    app.log.info({ key }, 'removing a file without a row');
    await app.storage.remove(key);
  }
  await app.db.delete(events).where(lt(events.at, sql`now() - make_interval(days => ${eventDays})`));
}

/** What nobody keeps any more. The file goes before its row, so that nothing is forgotten on the way. */
async function removeExpired(app: App, signal: AbortSignal): Promise<void> {
  for (const { id, key } of await findExpired(app.db, app.config.retentionDays)) {
    if (signal.aborted) return;
    await app.storage.remove(key);
    await app.db.delete(segments).where(eq(segments.id, id));
  }
}

async function isKnown(app: App, key: string): Promise<boolean> {
  const [segment] = await app.db.select({ id: segments.id }).from(segments).where(eq(segments.key, key));
  if (segment || (await isInit(app, key))) return true;
  const [message] = await app.db
    .select({ id: webMessages.id })
    .from(webMessages)
    .where(sql`${webMessages.media} @> ${JSON.stringify([{ key }])}::jsonb`);
  return message !== undefined;
}

/** An initialization section is wanted for as long as a Segment that is read with it. */
async function isInit(app: App, key: string): Promise<boolean> {
  const [row] = await app.db
    .select({ id: takes.id })
    .from(takes)
    .innerJoin(segments, eq(segments.takeId, takes.id))
    .where(or(eq(takes.initKey, key), eq(takes.audioInitKey, key)))
    .limit(1);
  return row !== undefined;
}

/**
 * A spool of another process that nothing was written to for a day: its captures went on elsewhere. Where workers share
 * the folder, one of them may capture for longer without a change at its top: it holds a lease.
 */
async function cleanSpool(app: App): Promise<void> {
  const root = join(app.config.dataDir, 'spool');
  const names = await readdir(root).catch(() => []);
  const held = await app.db.select({ owner: leases.owner }).from(leases).where(gt(leases.until, sql`now()`));
  const owners = new Set(held.map(({ owner }) => owner));
  for (const name of names) {
    if (name === app.owner || owners.has(name)) continue;
    const path = join(root, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > dayMs) await rm(path, { recursive: true, force: true });
  }
}
