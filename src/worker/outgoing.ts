import type { Chat, OutgoingPost, PostedIds } from '../core/ports.ts';
import type { Clock } from '../db/clock.ts';
import type { DeliveryContext, PostRow } from '../db/deliveries.ts';
import { targetAddress } from './target.ts';

/** One Post on its way, with what it hangs on; `rows` are all Posts of its Delivery. */
export type Sending = { chat: Chat; context: DeliveryContext; post: PostRow; rows: PostRow[]; clock: Clock };

/** A Post as its chat's driver is asked to send it or look for it. */
export function outgoingPost({ context, post, rows, clock }: Sending): OutgoingPost {
  const { id, kind, content } = post;
  return {
    id,
    kind,
    content,
    chat: targetAddress(context),
    parent: kind === 'comment' ? (parentOf(rows)?.posted ?? undefined) : undefined,
    idFloor: post.idFloor ?? undefined,
    intentAt: post.sentAt ?? undefined,
    clockAheadMs: clock.aheadMs,
    posted: post.posted ?? undefined,
  };
}

/** The Post that comments hang under: the first of the Delivery that nobody left out. */
export function parentOf(rows: PostRow[]): PostRow | undefined {
  return rows.find((row) => row.kind !== 'comment' && row.state !== 'skipped');
}

/** The chat accepted it and will tell some of its ids later. */
export function isIdUnknown(posted: PostedIds | null | undefined): boolean {
  return posted?.messageIds.includes('0') ?? false;
}
