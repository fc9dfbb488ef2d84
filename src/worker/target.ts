import { joinAddress, splitAddress } from '../core/address.ts';
import type { ChatAddress } from '../core/model.ts';
import type { TargetRef } from '../core/ports.ts';
import type { DeliveryContext, TargetRow } from '../db/deliveries.ts';

/** A Target row as drivers see it. */
export function targetRef(row: TargetRow): TargetRef {
  return {
    id: row.id,
    kind: row.kind,
    address: row.address,
    discussion: row.discussion ?? undefined,
    vault: row.vault ?? undefined,
    limits: row.limits,
    options: row.options,
  };
}

/** Where a Delivery's posts stand: `here` is the thread the order was given in, any other Target its own address. */
export function targetAddress({ target, watch }: Pick<DeliveryContext, 'target' | 'watch'>): ChatAddress {
  const { chatId, threadId } = splitAddress(target.address);
  const isHere = target.isDefault && target.kind === watch.chatKind && target.address === watch.chatId;
  const thread = threadId ?? (isHere ? watch.threadId : null);
  return { kind: target.kind, chatId, ...(thread ? { threadId: thread } : {}) };
}

/** The chat that ordered a recording, as a Target: where its card stands. */
export function orderingTarget({ watch }: Pick<DeliveryContext, 'watch'>): TargetRef {
  return { id: 0, kind: watch.chatKind, address: joinAddress(watch), limits: {} };
}
