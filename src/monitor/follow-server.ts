import type { App } from '../app.ts';
import { streamName } from '../core/card.ts';
import { TemporaryError, UserError } from '../core/errors.ts';
import type { ListedStream } from '../core/ports.ts';
import { mostChildren } from '../core/server-lines.ts';
import { textOf } from '../core/text/text.ts';
import { findServerOrders, followListed } from '../db/children.ts';
import { addNotice } from '../db/notices.ts';
import type { WatchRow } from '../db/watches.ts';
import type { Watched } from './watched.ts';

/** The look before it has read the list: there is little left to ask. */
const listLimitMs = 10_000;
/** Where nothing changed, what was not live for long is looked for this often. */
const againMs = 60_000;

/**
 * A server that is watched answered: its live streams get orders of their own where one on the server wants them, and
 * the monitors that hold them look at once. Where nothing changed since the last look, the database is not asked.
 */
export async function followServer(app: App, watched: Watched): Promise<void> {
  const listed = await askList(app, watched);
  if (!listed) return;
  const facts = JSON.stringify([watched.orders, listed.map(({ url }) => url).toSorted()]);
  const now = performance.now();
  if (watched.followed?.facts === facts && now - watched.followed.at < againMs) return;
  for (const order of await findServerOrders(app.db, watched.stream.id)) {
    const { streamIds, isFull } = await followListed(app.db, order.id, listed);
    for (const id of streamIds) await app.bus.tell('streams', id);
    if (isFull) await tellFull(app, order, watched);
  }
  watched.followed = { facts, at: now };
}

/** @returns undefined where it does not answer: what looks show is told in any case, and it is asked again */
async function askList(app: App, { stream }: Watched): Promise<ListedStream[] | undefined> {
  const platform = app.platforms.find(({ name }) => name === stream.platform);
  try {
    return await platform?.list?.(stream, AbortSignal.timeout(listLimitMs));
  } catch (err) {
    const isTimeout = err instanceof Error && err.name === 'TimeoutError';
    if (!isTimeout && !(err instanceof TemporaryError) && !(err instanceof UserError)) throw err;
    app.log.info({ err, stream: stream.id }, 'a server did not list its streams');
    return undefined;
  }
}

/** Once a day. */
async function tellFull(app: App, { id, chatKind: kind, chatId, threadId, language }: WatchRow, watched: Watched) {
  const t = textOf(language === 'ru' ? 'ru' : 'en').server;
  const key = `auto_full w${id} ${new Date().toISOString().slice(0, 10)}`;
  const chat = { kind, chatId, ...(threadId ? { threadId } : {}) };
  const text = t.fullNotice(`w${id}`, streamName(watched.stream), mostChildren);
  if (await addNotice(app.db, { chat, key, text })) await app.bus.tell('notices', 0);
}
