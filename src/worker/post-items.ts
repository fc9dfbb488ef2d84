import type { App } from '../app.ts';
import type { PostItem } from '../core/ports.ts';
import { findUploads } from '../db/deliveries.ts';
import type { Sending } from './outgoing.ts';

/** The files of a Post in order as far as the chat knows them already: what a lost post is looked for by. */
export async function knownItems(app: App, { chat, post }: Sending): Promise<PostItem[]> {
  const staged = await findUploads(app.db, post.partIds, chat.account);
  return post.partIds.map((partId) => {
    const remote = staged.find((row) => row.partId === partId && row.state === 'staged')?.remote;
    return remote ? { partId, remote } : { partId };
  });
}

/** The staged files of a Post in order; undefined while one is still on its way. */
export async function stagedItems(app: App, sending: Sending): Promise<PostItem[] | undefined> {
  const items = await knownItems(app, sending);
  return items.every(({ remote }) => remote !== undefined) ? items : undefined;
}
