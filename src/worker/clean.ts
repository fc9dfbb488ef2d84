import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { eq, gt, lt, or, sql } from 'drizzle-orm';
import type { App } from '../app.ts';
import { webPartPrefix } from '../core/model.ts';
import { findExpired } from '../db/expired.ts';
import { events, leases, segments, takes } from '../db/schema.ts';
import { renditionOf, spoolRoot } from './spool.ts';

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
  await removeUnknown(app, { prefix: 'sessions/', isKnown: isOfRecording }, signal);
  await removeUnknown(app, { prefix: webPartPrefix, isKnown: isOfPost }, signal);
  await app.db.delete(events).where(lt(events.at, sql`now() - make_interval(days => ${eventDays})`));
}

type Files = { prefix: string; isKnown: (app: App, key: string) => Promise<boolean> };

async function removeUnknown(app: App, { prefix, isKnown }: Files, signal: AbortSignal): Promise<void> {
  for await (const { key, changedAt } of app.storage.list(prefix)) {
    if (signal.aborted) return;
    if (Date.now() - changedAt.getTime() < dayMs || (await isKnown(app, key))) continue;
    app.log.info({ key }, 'removing a file without a row');
    await app.storage.remove(key);
  }
}

/** What nobody keeps any more. The file goes before its row, so that nothing is forgotten on the way. */
async function removeExpired(app: App, signal: AbortSignal): Promise<void> {
  for (;;) {
    const expired = await findExpired(app.db, app.config.retentionDays);
    if (expired.length === 0) return;
    for (const { id, key } of expired) {
      if (signal.aborted) return;
      await app.storage.remove(key);
      await app.db.delete(segments).where(eq(segments.id, id));
    }
  }
}

async function isOfRecording(app: App, key: string): Promise<boolean> {
  const [segment] = await app.db.select({ id: segments.id }).from(segments).where(eq(segments.key, key));
  return segment !== undefined || isInit(app, key);
}

/** A Part's file in the web chat stays with its message; without one, while a Delivery may still post it. */
async function isOfPost(app: App, key: string): Promise<boolean> {
  const partId = Number(/(\d+)\.\w+$/.exec(key)?.[1]);
  const [row] = await app.db.execute(sql`
    select 1 from web_messages where media @> ${JSON.stringify([{ key: `${webPartPrefix}${partId}.mp4` }])}::jsonb
    union all select 1 from parts p join deliveries d on d.rendition_id = p.rendition_id
      where p.id = ${partId} and d.state not in ('done', 'cancelled') limit 1`);
  return row !== undefined;
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
 * What waits in a spool for more than a day does not join any more what is kept. Of a process that holds a lease only
 * folders of captures that it does not hold; workers may share the data folder.
 */
async function cleanSpool(app: App): Promise<void> {
  const held = await app.db.select().from(leases).where(gt(leases.until, sql`now()`));
  const owners = new Set([app.owner, ...held.map(({ owner }) => owner)]);
  const captures = new Set(held.map(({ owner, what }) => `${owner} ${what}`));
  for (const owner of await readdir(spoolRoot(app)).catch(() => [])) {
    const folder = join(spoolRoot(app), owner);
    const isAlive = owners.has(owner);
    for (const name of await readdir(folder).catch(() => [])) {
      const renditionId = renditionOf(name);
      const isWorkedOn = isAlive && (renditionId === undefined || captures.has(`${owner} capture:${renditionId}`));
      if (!isWorkedOn && (await isOld(join(folder, name))))
        await rm(join(folder, name), { recursive: true, force: true });
    }
    // Fails where something is left in it.
    if (!isAlive && (await isOld(folder))) await rmdir(folder).catch(() => undefined);
  }
}

/** Nothing in a folder, nor directly below it, was written for a day. */
async function isOld(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  const times = await Promise.all(
    [folder, ...names.map((name) => join(folder, name))].map((path) =>
      stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Date.now() - Math.max(...times) > dayMs;
}
