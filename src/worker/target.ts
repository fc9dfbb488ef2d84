import type { ChatAddress } from '../core/model.ts';
import type { TargetRef } from '../core/ports.ts';
import type { TargetRow } from '../db/deliveries.ts';

/** A Target row as drivers see it. */
export function targetRef(row: TargetRow): TargetRef {
  return {
    id: row.id,
    kind: row.kind,
    address: row.address,
    discussion: row.discussion ?? undefined,
    vault: row.vault ?? undefined,
    limits: row.limits,
  };
}

/** Where a Target's posts stand. */
export function targetAddress(row: TargetRow): ChatAddress {
  return { kind: row.kind, chatId: row.address };
}
