import { eq, sql } from 'drizzle-orm';
import {
  type DeliveryEvent,
  deliveryTransitions,
  type PostEvent,
  postTransitions,
  type UploadEvent,
  uploadTransitions,
} from '../core/delivery.ts';
import { type SessionEvent, sessionTransitions } from '../core/session.ts';
import type { Database, Queryable } from '../db/client.ts';
import { deliveries, events, posts, sessions, uploads } from '../db/schema.ts';
import { step } from '../lib/steps.ts';
import type { Bus } from '../queue/bus.ts';
import type { Job } from '../queue/jobs.ts';
import type { JobQueue } from '../queue/queue.ts';

/** What changing a state needs; `App` is one. */
export type AdvanceContext = { db: Database; queue: Pick<JobQueue, 'add'>; bus: Pick<Bus, 'tell'> };

type Machine = { transitions: Record<string, Partial<Record<string, string>>>; name: string };
const machines = {
  sessions: { table: sessions, name: 'session', transitions: sessionTransitions },
  deliveries: { table: deliveries, name: 'delivery', transitions: deliveryTransitions },
  posts: { table: posts, name: 'post', transitions: postTransitions },
  uploads: { table: uploads, name: 'upload', transitions: uploadTransitions },
} as const;
type TableName = keyof typeof machines;
type EventOf = { sessions: SessionEvent; deliveries: DeliveryEvent; posts: PostEvent; uploads: UploadEvent };
type PatchOf<T extends TableName> = Omit<Partial<(typeof machines)[T]['table']['$inferInsert']>, 'id' | 'state'>;
/** How a patch raises a counter: `attempts: plusOne(posts.attempts)`. */
type SqlPatch<P> = { [K in keyof P]: P[K] | ReturnType<typeof sql> };

/**
 * The only writer of states: locks the row, looks the transition up, saves it with `patch`, writes the event, and
 * after the commit tells the bus and adds the jobs.
 *
 * @returns the new state, or undefined where the row is gone or the event has no transition from its state (a
 *   second copy of a job, a late button): then nothing was written.
 */
export async function advance<T extends TableName>(
  ctx: AdvanceContext,
  table: T,
  id: number,
  event: EventOf[T],
  patch: SqlPatch<PatchOf<T>> = {} as SqlPatch<PatchOf<T>>,
  jobs: Job[] = [],
): Promise<string | undefined> {
  const state = await ctx.db.transaction((tx) => transition(tx, table, id, event, patch));
  if (state === undefined) return undefined;
  step('advance.saved');
  await ring(ctx, table, id, jobs);
  return state;
}

/** `advance` inside a transaction of the caller, who rings afterwards. */
export async function transition<T extends TableName>(
  tx: Queryable,
  table: T,
  id: number,
  event: EventOf[T],
  patch: SqlPatch<PatchOf<T>> = {} as SqlPatch<PatchOf<T>>,
): Promise<string | undefined> {
  const { table: rows, name, transitions } = machines[table] as Machine & { table: typeof sessions };
  const [row] = await tx.select({ state: rows.state }).from(rows).where(eq(rows.id, id)).for('update');
  const state = row && transitions[row.state]?.[event];
  if (!row || state === undefined) return undefined;
  await tx
    .update(rows)
    .set({ ...patch, state, changedAt: sql`now()` } as never)
    .where(eq(rows.id, id));
  if (state !== row.state) {
    await tx.insert(events).values({ kind: `${name}.${state}`, subject: name, subjectId: id, data: { event } });
    if (name === 'delivery') await touchSiblings(tx, id);
  }
  return state;
}

/**
 * One card tells of all Deliveries of a Watch and Session, so what changes for one changes for them all. A row that is
 * locked is being changed itself: it is passed over, so that two never wait for each other.
 */
async function touchSiblings(tx: Queryable, deliveryId: number): Promise<void> {
  await tx.execute(sql`update deliveries set changed_at = now() where id in (
    select o.id from deliveries o join deliveries d on d.watch_id = o.watch_id and d.session_id = o.session_id
    where d.id = ${deliveryId} and o.id <> d.id for update of o skip locked)`);
}

/** Tells that a row changed and adds jobs. Both are bells: what is lost here, `sweep` brings back. */
export async function ring(ctx: AdvanceContext, table: string, id: number, jobs: Job[] = []): Promise<void> {
  await ctx.bus.tell(table, id);
  if (jobs.length > 0) await ctx.queue.add(jobs);
}
