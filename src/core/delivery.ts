import { stoppedReasons } from './session.ts';

/** States of Deliveries, Posts and Uploads; the tables are the code. Only `advance.ts` writes them. */
export const deliveryStates = ['collecting', 'posting', 'done', 'paused', 'cancelled'] as const;
export type DeliveryState = (typeof deliveryStates)[number];
export type DeliveryEvent =
  /** The window is closed and every Part it wants is planned. */
  | 'windowPlanned'
  /** Every Post is posted or skipped. */
  | 'allPosted'
  /** A Post failed for good; nothing is deleted. */
  | 'postFailed'
  /** `/retry`, `/skip`: it is planned again, and what failed is tried again or left out. */
  | 'retried'
  /** `/retry`: a comment of a Delivery that is done is tried again. */
  | 'reopened'
  /** `/retry … withheld`: what was withheld is planned behind all that stands. */
  | 'released'
  /** A Part came out too big: what was not sent is planned anew. */
  | 'cutAgain'
  /** `/cancel`. */
  | 'cancelled';

export const deliveryTransitions: Record<DeliveryState, Partial<Record<DeliveryEvent, DeliveryState>>> = {
  collecting: { windowPlanned: 'posting', postFailed: 'paused', cancelled: 'cancelled' },
  posting: { allPosted: 'done', postFailed: 'paused', cutAgain: 'collecting', cancelled: 'cancelled' },
  paused: { retried: 'collecting', cancelled: 'cancelled' },
  done: { reopened: 'posting', released: 'collecting' },
  cancelled: {},
};
export const finalDeliveryStates: DeliveryState[] = ['done', 'cancelled'];

/** Codes of why the rules of a Watch close a window: while its Session lasts, another one may follow. */
export const ruleReasons = ['filtered', 'schedule_over'];

/** Whether an order may have another window in a Session where it had one; `isAnew`: it was given again since. */
export function mayReopen(last: { closedAt: Date | null; closeReason: string | null }, isAnew: boolean): boolean {
  if (last.closedAt === null) return false;
  const reason = last.closeReason ?? '';
  return ruleReasons.includes(reason) || (isAnew && stoppedReasons.includes(reason));
}

const worstFirst: DeliveryState[] = ['paused', 'collecting', 'posting', 'cancelled', 'done'];

/** The one of several Deliveries of an order that a person should be told of: nothing is posted while one is not. */
export function worstDelivery<T extends { state: DeliveryState }>(deliveries: readonly [T, ...T[]]): T {
  const rank = ({ state }: T) => worstFirst.indexOf(state);
  return deliveries.reduce((worst, delivery) => (rank(delivery) < rank(worst) ? delivery : worst));
}

export const postStates = ['planned', 'sending', 'posted', 'ambiguous', 'failed', 'skipped'] as const;
export type PostState = (typeof postStates)[number];
export type PostEvent =
  /** Intent: written before the call. */
  | 'sendStarted'
  /** The chat answered with ids, or reconciliation found it. */
  | 'confirmed'
  /** A clear no, or reconciliation did not find it: it may be sent again. */
  | 'notSent'
  /** The answer was lost and could not be reconciled yet. */
  | 'answerLost'
  /** A clear no that trying again will not mend, or its files cannot be made. */
  | 'refused'
  | 'retried'
  /** Tried again, though it may stand: it is looked for first. */
  | 'doubted'
  /** A comment that cannot stand: the post goes without. `/skip`: a person leaves it out. */
  | 'skipped';

export const postTransitions: Record<PostState, Partial<Record<PostEvent, PostState>>> = {
  // An answer that came after all counts, whatever was thought of it meanwhile.
  planned: { sendStarted: 'sending', confirmed: 'posted', refused: 'failed', skipped: 'skipped' },
  sending: { confirmed: 'posted', notSent: 'planned', answerLost: 'ambiguous', refused: 'failed', skipped: 'skipped' },
  ambiguous: { confirmed: 'posted', notSent: 'planned', skipped: 'skipped' },
  failed: { retried: 'planned', skipped: 'skipped' },
  posted: {},
  skipped: { retried: 'planned', doubted: 'ambiguous' },
};

/** Stands in a Post's `error` when only a person can say whether it stands. */
export const unprovenCode = 'post_unproven';

/** Whether a person is asked if this Post stands: its answer was lost, and no look at the chat can tell. */
export function isAsked({ state, error }: { state: PostState; error: string | null }): boolean {
  return state === 'ambiguous' && error === unprovenCode;
}

/** Stands in the `error` of a Post that a person left out; after a colon what was not known of it. */
export const leftOutCode = 'left_out';

/** Why the window of a Delivery is closed that holds only a notice (`mode=notify`), from its beginning. */
export const noticedReason = 'noticed';

export const uploadStates = ['waiting', 'sending', 'staged', 'failed'] as const;
export type UploadState = (typeof uploadStates)[number];
export type UploadEvent = 'sendStarted' | 'staged' | 'interrupted' | 'refused' | 'retried' | 'lost';

export const uploadTransitions: Record<UploadState, Partial<Record<UploadEvent, UploadState>>> = {
  waiting: { sendStarted: 'sending' },
  sending: { staged: 'staged', interrupted: 'waiting', refused: 'failed' },
  staged: { lost: 'waiting' },
  failed: { retried: 'waiting' },
};
