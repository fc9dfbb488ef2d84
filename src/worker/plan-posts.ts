import { and, eq, inArray } from 'drizzle-orm';
import { ring, transition } from '../advance.ts';
import type { App } from '../app.ts';
import { noticedReason } from '../core/delivery.ts';
import { groupPosts } from '../core/parts.ts';
import type { ChatLimits } from '../core/ports.ts';
import { findPartsOfDelivery, findPosts, type PartRow, type Plannable } from '../db/deliveries.ts';
import { deliveries, posts } from '../db/schema.ts';
import { keptInWindow } from '../db/sessions.ts';
import { step } from '../lib/steps.ts';
import { contentOfAlbum, contentOfComment, contentOfLink, contentOfNotice } from './content.ts';
import { findPostShape, unsentStates } from './post-shape.ts';

type NewPost = Pick<typeof posts.$inferInsert, 'kind' | 'ordinal' | 'partIds' | 'content'>;

/** The window is complete: what will appear is written down, albums or a link first, then the comment. */
export async function planPosts(app: App, plannable: Plannable, limits: ChatLimits): Promise<void> {
  const { id, cutId } = plannable.delivery;
  const { planned, dropped } = await contents(app, plannable, limits);
  const isPlanned = await app.db.transaction(async (tx) => {
    const [now] = await tx.select().from(deliveries).where(eq(deliveries.id, id)).for('update');
    // A Part was refused meanwhile: its Delivery is planned anew.
    if (now?.state !== 'collecting' || now.cutId !== cutId) return false;
    if (dropped.length > 0)
      await tx.delete(posts).where(and(inArray(posts.id, dropped), inArray(posts.state, [...unsentStates])));
    for (const post of planned)
      await tx
        .insert(posts)
        .values({ ...post, deliveryId: id })
        .onConflictDoNothing();
    return (await transition(tx, 'deliveries', id, 'windowPlanned')) !== undefined;
  });
  if (!isPlanned) return;
  step('plan.posts');
  await ring(app, 'deliveries', id, [
    { name: 'post', data: { deliveryId: id } },
    { name: 'card', data: { deliveryId: id } },
  ]);
}

async function contents(
  app: App,
  plannable: Plannable,
  limits: ChatLimits,
): Promise<{ planned: NewPost[]; dropped: number[] }> {
  const { delivery } = plannable;
  if (delivery.closeReason === noticedReason)
    return { planned: [{ kind: 'link', ordinal: 0, content: await contentOfNotice(app, delivery) }], dropped: [] };
  const parts = await findPartsOfDelivery(app.db, delivery);
  const { lengthMs } = await keptInWindow(app.db, delivery.renditionId, delivery);
  if (lengthMs === 0) return { planned: [], dropped: [] };
  const shape = await findPostShape(app, plannable, limits);
  const dropped = shape.misfits(parts.length).map(({ id }) => id);
  const planning = { ...plannable, limits, dropped };
  const isLinked = shape.isLinked(parts.length);
  const main = isLinked ? await linkPost(app, planning) : await partPosts(app, planning, parts);
  if (main.length === 0 && parts.length === 0) return { planned: [], dropped };
  const comment = await contentOfComment(app, { ...plannable, lacksUrl: shape.lacksUrl(parts.length) });
  return { planned: [...main, { kind: 'comment', ordinal: 0, content: comment }], dropped };
}

type Planning = Plannable & { limits: ChatLimits; dropped: number[] };

async function linkPost(app: App, planning: Planning): Promise<NewPost[]> {
  return [{ kind: 'link', ordinal: 0, content: await contentOfLink(app, planning) }];
}

/** Parts that stand in a Post already are in no other, whatever the album size was then: they follow on. */
async function partPosts(app: App, planning: Planning, wanted: PartRow[]): Promise<NewPost[]> {
  const earlier = (await findPosts(app.db, planning.delivery.id)).filter(
    ({ id, kind }) => kind !== 'comment' && !planning.dropped.includes(id),
  );
  const taken = new Set(earlier.flatMap(({ partIds }) => partIds));
  const left = wanted.filter(({ id }) => !taken.has(id));
  const planned: NewPost[] = [];
  let ordinal = Math.max(-1, ...earlier.map((post) => post.ordinal)) + 1;
  for (const { kind, parts } of groupPosts(left, planning.limits.albumItems)) {
    const index = wanted.indexOf(parts[0] as PartRow);
    const content = await contentOfAlbum(app, { ...planning, index, total: wanted.length, parts });
    planned.push({ kind, ordinal: ordinal++, partIds: parts.map((part) => part.id), content });
  }
  return planned;
}
