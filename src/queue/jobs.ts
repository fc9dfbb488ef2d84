/**
 * The table of jobs. A job carries ids and rings a bell; what is to do is read from rows, so a job may run twice.
 * `worker/supervisor.ts` must have exactly one handler for each.
 */
export type JobPayloads = {
  /** Claims a Rendition and captures it in the supervisor. */
  capture: { renditionId: number };
  /** Plans Parts, Uploads and Posts of a Rendition's Deliveries from its Segments. */
  plan: { renditionId: number };
  /** Makes one Part's MP4 and stages it with every account that wants it. */
  part: { partId: number };
  /** Sends what is due of a Delivery, in order. */
  post: { deliveryId: number };
  /** Posts or edits the card of a Delivery. */
  card: { deliveryId: number };
  /** Removes what nobody wants any more. */
  clean: Record<never, never>;
};
export type JobName = keyof JobPayloads;
export const jobNames: JobName[] = ['capture', 'plan', 'part', 'post', 'card', 'clean'];

/** A job and its deduplication id: while one with the same id waits or runs, another is not added. */
export type Job = { [N in JobName]: { name: N; data: JobPayloads[N] } }[JobName];

/** BullMQ job ids may hold no ":" and not be a plain integer. */
export function jobId({ name, data }: Job, turn?: number): string {
  return [name, ...Object.values(data), ...(turn === undefined ? [] : [turn])].join('-');
}
