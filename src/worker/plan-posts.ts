import { eq } from 'drizzle-orm';
import { ring, transition } from '../advance.ts';
import type { App } from '../app.ts';
import { groupPosts } from '../core/parts.ts';
import type { ChatLimits } from '../core/ports.ts';
import { findPartsOfDelivery, type Plannable } from '../db/deliveries.ts';
import { deliveries, posts } from '../db/schema.ts';
import { contentOfAlbum, contentOfComment } from './content.ts';

type NewPost = Pick<typeof posts.$inferInsert, 'kind' | 'ordinal' | 'partIds' | 'content'>;

/** The window is complete: what will appear is written down, albums first, then the comment. */
export async function planPosts(app: App, plannable: Plannable, limits: ChatLimits): Promise<void> {
  const { id, cutId } = plannable.delivery;
  const planned = await contents(app, plannable, limits);
  const isPlanned = await app.db.transaction(async (tx) => {
    const [now] = await tx.select().from(deliveries).where(eq(deliveries.id, id)).for('update');
    // A Part was refused meanwhile: its Delivery is planned anew.
    if (now?.state !== 'collecting' || now.cutId !== cutId) return false;
    for (const post of planned)
      await tx
        .insert(posts)
        .values({ ...post, deliveryId: id })
        .onConflictDoNothing();
    return (await transition(tx, 'deliveries', id, 'windowPlanned')) !== undefined;
  });
  if (!isPlanned) return;
  await ring(app, 'deliveries', id, [
    { name: 'post', data: { deliveryId: id } },
    { name: 'card', data: { deliveryId: id } },
  ]);
}

async function contents(app: App, plannable: Plannable, limits: ChatLimits): Promise<NewPost[]> {
  const wanted = await findPartsOfDelivery(app.db, plannable.delivery);
  const total = wanted.length;
  if (total === 0) return [];
  const planned: NewPost[] = [];
  let index = 0;
  for (const [ordinal, { kind, parts }] of groupPosts(wanted, limits.albumItems).entries()) {
    const content = await contentOfAlbum(app, { ...plannable, limits, index, total, parts });
    planned.push({ kind, ordinal, partIds: parts.map((part) => part.id), content });
    index += parts.length;
  }
  return [...planned, { kind: 'comment', ordinal: 0, content: await contentOfComment(app, plannable) }];
}
