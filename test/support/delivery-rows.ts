import type { App } from '../../src/app.ts';
import type { ChatKind } from '../../src/core/model.ts';
import { deliveries, posts, renditions, sessions, targets } from '../../src/db/schema.ts';
import { upsertStream, upsertWatch } from '../../src/db/watches.ts';

let count = 0;

function only<T>(rows: T[]): T {
  const [row] = rows;
  if (!row) throw new Error('nothing was written');
  return row;
}

/** The rows of a recording that is over and kept, with a Delivery that collects for each of these places. */
export async function writeRecording(app: App, kind: ChatKind = 'web', names: string[] = ['main']) {
  const { db } = app;
  const channel = `written${++count}`;
  const stream = await upsertStream(db, { platform: 'generic', channel, url: `http://x.example/${channel}.m3u8` });
  const chat = { kind, chatId: channel };
  const places = names.map((name) => ({ chatKind: kind, chatId: channel, name, kind, address: name }));
  const rows = await db.insert(targets).values(places).returning();
  const order = { streamId: stream.id, chat, language: 'en', createdBy: 'u', quality: 'best', rules: {}, once: true };
  const { watch } = await upsertWatch(db, { ...order, targetId: only(rows).id } as never);
  const session = only(await db.insert(sessions).values({ streamId: stream.id, state: 'ended' }).returning());
  const over = { endedAt: new Date(), keptAt: new Date() };
  const value = { sessionId: session.id, name: 'best', ...over };
  const rendition = only(await db.insert(renditions).values(value).returning());
  const ids = { watchId: watch.id, sessionId: session.id, renditionId: rendition.id };
  const values = rows.map(({ id }) => ({ ...ids, targetId: id }));
  const written = await db.insert(deliveries).values(values).returning();
  return { rendition, target: only(rows), delivery: only(written), deliveries: written };
}

/** A Post of a Delivery: an album that is planned, but for what is given. */
export async function writePost(app: App, deliveryId: number, post: Partial<typeof posts.$inferInsert> = {}) {
  const value = { deliveryId, kind: 'album' as const, ordinal: 0, content: { text: 'Show' }, ...post };
  return only(await app.db.insert(posts).values(value).returning());
}
