/**
 * Moments between an intent and its result, in the order of a recording's life: where a process that dies or sleeps
 * could lose something or do it twice. `npm run chaos -- --scenario every-step` kills at each of them.
 */
export const stepNames = [
  // bots: what is said is written down, handled, and answered.
  'inbox.taken',
  'inbox.handled',
  'reply.noted',
  'reply.claimed',
  'reply.sent',
  // advance: a state is saved; the bell is rung after it.
  'session.opened',
  'advance.saved',
  'queue.added',
  // monitor
  'sweep.claimed',
  'sweep.done',
  // capture: file, then row; the end, then that all is kept.
  'capture.claimed',
  'capture.takeOpened',
  'capture.segmentStored',
  'capture.rowKept',
  'capture.drained',
  'capture.ended',
  'capture.marked',
  // plan
  'plan.part',
  'plan.uploads',
  'plan.posts',
  // part: intent, file, staging, result.
  'upload.intent',
  'part.made',
  'upload.staged',
  'upload.confirmed',
  // every call that makes messages: it may go; its answer came.
  'call.mayGo',
  'call.answered',
  // posts
  'post.intent',
  'post.sent',
  'post.confirmed',
  'comment.intent',
  'comment.sent',
  'comment.confirmed',
  'card.intent',
  'card.sent',
  'card.confirmed',
  'card.edited',
  'delivery.done',
] as const;

/** Moments of looking for what was lost: reached only where an answer was. */
export const recoveryStepNames = [
  'reconcile.begun',
  'probe.marked',
  'probe.copied',
  'probe.looked',
  'reconcile.looked',
] as const;

export type StepName = (typeof stepNames)[number] | (typeof recoveryStepNames)[number];

/** What the chaos harness loads into a process before its first line (`test/chaos/hook.mjs`). */
type Listener = (name: StepName) => void;

const listener = (globalThis as Record<symbol, unknown>)[Symbol.for('aircheck.step')] as Listener | undefined;

/** Marks a moment. Nobody listens in production: it does nothing, and cannot be made to from outside. */
export function step(name: StepName): void {
  if (listener !== undefined) listener(name);
}
