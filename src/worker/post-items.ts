import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eq } from 'drizzle-orm';
import type { App } from '../app.ts';
import { FatalError } from '../core/errors.ts';
import type { PostItem } from '../core/ports.ts';
import { findUploads } from '../db/deliveries.ts';
import { parts, uploads } from '../db/schema.ts';
import { hasRoomFor } from './disk.ts';
import type { Sending } from './outgoing.ts';
import { makeFile } from './part-file.ts';
import { targetRef } from './target.ts';

type UploadRow = typeof uploads.$inferSelect;

/**
 * The staged files of a Post in order: what a lost post is looked for by. Empty where one is not staged (any more), or
 * where it went as a file: what was staged since is another file to the chat.
 */
export async function knownItems(app: App, { chat, context, post }: Sending): Promise<PostItem[]> {
  if (!chat.canStage(targetRef(context.target))) return [];
  const staged = await findUploads(app.db, post.partIds, chat.account);
  const items = post.partIds.map((partId) => itemOf(partId, staged));
  return items.every(({ remote }) => remote) ? items : [];
}

function itemOf(partId: number, uploads: UploadRow[]): PostItem {
  const remote = uploads.find((row) => row.partId === partId && row.state === 'staged')?.remote;
  return remote ? { partId, remote } : { partId };
}

/**
 * The files of a Post in order: staged ones, and where the Target takes none, files made in `dir` for this one call.
 *
 * @returns undefined while one is still on its way, the disk is full, or a Part was cut again
 * @throws as `makeFile`; FatalError with the code of what failed for good as it was staged
 */
export async function collectItems(
  app: App,
  sending: Sending,
  dir: string,
  signal: AbortSignal,
): Promise<PostItem[] | undefined> {
  const { chat, context, post } = sending;
  const known = await findUploads(app.db, post.partIds, chat.account);
  const items: PostItem[] = [];
  for (const partId of post.partIds) {
    const item = itemOf(partId, known);
    const upload = known.find((row) => row.partId === partId);
    // Another Target of the same account may be staging it just now.
    const isComing = upload?.state === 'waiting' || upload?.state === 'sending';
    if (!item.remote && isComing) return undefined;
    if (!item.remote && chat.canStage(targetRef(context.target))) return askToStage(app, { chat, partId, upload });
    const file = item.remote ? undefined : await makeItem(app, partId, join(dir, String(partId)), signal);
    if (!item.remote && !file) return undefined;
    items.push(file ? { ...item, file } : item);
  }
  return items;
}

/** A Part whose staging failed for good, or whose Target got its vault after its Posts were planned. */
async function askToStage(
  app: App,
  { chat, partId, upload }: Pick<Sending, 'chat'> & { partId: number; upload: UploadRow | undefined },
): Promise<undefined> {
  if (upload) throw new FatalError(upload.error?.split(':')[0] ?? 'part_not_staged');
  await app.db.insert(uploads).values({ partId, account: chat.account }).onConflictDoNothing();
  await app.queue.add([{ name: 'part', data: { partId } }]);
}

async function makeItem(app: App, partId: number, dir: string, signal: AbortSignal) {
  const [part] = await app.db.select().from(parts).where(eq(parts.id, partId));
  if (!part || !(await hasRoomFor(app, part.sizeBytes))) return undefined;
  await mkdir(dir, { recursive: true });
  return makeFile(app, part, dir, signal);
}
