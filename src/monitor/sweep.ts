import { setTimeout as delay } from 'node:timers/promises';
import { type SQL, sql } from 'drizzle-orm';
import { closeWindows, endNoticed, endRendition, openSession, withdrawOverdue } from '../advance.ts';
import type { App } from '../app.ts';
import { changedOver } from '../core/session.ts';
import { claimLease } from '../db/leases.ts';
import { step } from '../lib/steps.ts';
import type { Job } from '../queue/jobs.ts';
import { applyRules } from './apply-rules.ts';
import { monitorOf } from './owner.ts';
import { warnOfCookies } from './warn-of-cookies.ts';

/** Live Renditions are planned at least this often, whatever bells were lost. */
const planEverySweeps = 15;
const cleanEverySweeps = 3600;
const warnEverySweeps = 300;
const slowEverySweeps = 10;
/** After so many leases a job is added beside the one that the queue holds already. */
const turnLeases = 4;

/**
 * Each second: re-creates every job that rows need and no queue holds, and applies what time alone decides. Only the
 * monitor that holds the lease sweeps. After an outage of Postgres nothing is taken over until this process has been
 * connected for one whole lease.
 */
export async function sweepUntil(app: App, signal: AbortSignal): Promise<void> {
  let connectedSince = performance.now();
  for (let round = 0; !signal.aborted; round++) {
    try {
      const lease = await claimLease(app.db, 'sweep', monitorOf(app), app.config.sweepSeconds * 0.9);
      const isSettled = round === 0 || performance.now() - connectedSince >= app.config.leaseSeconds * 1000;
      if (lease) step('sweep.claimed');
      if (lease) await sweepOnce(app, { round, mayTakeOver: isSettled });
    } catch (err) {
      if (!signal.aborted) app.log.warn({ err }, 'sweep failed; the next one tries again');
      connectedSince = performance.now();
    }
    await delay(app.config.sweepSeconds * 1000, undefined, { signal }).catch(() => undefined);
  }
}

/** One sweep. Every query names work that is due; adding a job twice is harmless. */
export async function sweepOnce(
  app: App,
  { round, mayTakeOver }: { round: number; mayTakeOver: boolean },
): Promise<void> {
  await closeOverdueWindows(app);
  await applyRules(app);
  if (round % slowEverySweeps === 0) await endWhatTimeEnds(app);
  const jobs = await findDue(app, { mayTakeOver, isFullRound: round % planEverySweeps === 0 });
  if (round % cleanEverySweeps === cleanEverySweeps - 1) jobs.push({ name: 'clean', data: {} });
  if (jobs.length > 0)
    await app.queue.add(jobs, Math.floor(Date.now() / (turnLeases * app.config.leaseSeconds * 1000)));
  if (round % warnEverySweeps === warnEverySweeps - 1) await warnOfCookies(app);
  step('sweep.done');
}

/** What is counted in minutes and hours. */
async function endWhatTimeEnds(app: App): Promise<void> {
  await endLongSessions(app);
  await endNoticed(app, app.config.graceSeconds);
  await withdrawOverdue(app, app.config.waitingHours * 3600);
}

type DueJob = Exclude<Job, { name: 'clean' }>;

/** All jobs that rows need now, by one question: this is asked each second for years. */
async function findDue(app: App, { mayTakeOver, isFullRound }: { mayTakeOver: boolean; isFullRound: boolean }) {
  const due: Record<DueJob['name'], SQL> = {
    capture: mayTakeOver ? unownedCaptures : sql`select 0 as id where false`,
    part: dueParts,
    post: duePosts,
    card: dueCards,
    plan: duePlans(isFullRound),
  };
  const named = Object.entries(due).map(
    ([name, ids]) => sql`select ${sql.raw(`'${name}'`)} as name, id from (${ids}) as ids`,
  );
  const rows = await app.db.execute<{ name: DueJob['name']; id: string }>(sql.join(named, sql` union all `));
  return rows.map(({ name, id }): Job => toJob(name, Number(id)));
}

function toJob(name: DueJob['name'], id: number): Job {
  if (name === 'part') return { name, data: { partId: id } };
  if (name === 'post' || name === 'card') return { name, data: { deliveryId: id } };
  return { name, data: { renditionId: id } };
}

const unownedCaptures = sql`select r.id from renditions r join sessions s on s.id = r.session_id
  left join leases l on l.what = 'capture:' || r.id
  where r.kind = 'captured' and r.kept_at is null and s.state not in ('ended', 'failed', 'waiting')
    and (l.what is null or l.until < now())`;

const dueParts = sql`select distinct u.part_id as id from uploads u left join leases l on l.what = 'part:' || u.part_id
  where u.state in ('waiting', 'sending') and u.next_attempt_at <= now() and (l.what is null or l.until < now())`;

/** Deliveries with a Post to send now, or none left: one that waits for its time holds those behind it. */
const duePosts = sql`select d.id from deliveries d where d.state = 'posting' and not exists (
  select 1 from posts p where p.delivery_id = d.id and p.kind <> 'card'
    and p.state not in ('posted', 'skipped') and p.next_attempt_at > now())`;

/**
 * Cards of Deliveries under way, and those that changed since the card was last told. `changed_at` is when a
 * transaction began, so a change may become visible a little later than it says: hence five seconds more.
 */
const dueCards = sql`select d.id from deliveries d join sessions s on s.id = d.session_id
  left join posts p on p.delivery_id = d.id and p.kind = 'card'
  where (d.state in ('collecting', 'posting')
      or p.edited_at < greatest(d.changed_at, s.changed_at) + interval '5 seconds'
      or (p.id is not null and p.edited_at is null))
    and (p.id is null or (p.next_attempt_at <= now() and (p.state <> 'failed' or p.sent_at < d.closed_at)))`;

const duePlans = (isFullRound: boolean) => sql`select distinct rendition_id as id from deliveries
  where state = 'collecting' and (${isFullRound} or closed_at is not null)`;

/** `for=2h`: media time of the window, with those it goes on from, reached its length. */
async function closeOverdueWindows(app: App): Promise<void> {
  const rows = await app.db.execute<{ id: string }>(
    sql`with recursive windows as (
        select d.id as open_id, d.*, (w.rules->>'maxLengthMs')::float8 as most_ms
          from deliveries d join watches w on w.id = d.watch_id where d.closed_at is null and w.rules ? 'maxLengthMs'
        union all
        select o.open_id, d.*, o.most_ms from windows o join sessions s on s.id = o.session_id
          join deliveries d on d.session_id = s.continues_id and d.watch_id = o.watch_id and d.target_id = o.target_id
            and d.close_reason = ${changedOver})
      select o.open_id as id from windows o join segments g on g.rendition_id = o.rendition_id and g.track = 0
        and g.media_sequence >= o.from_sequence
      group by o.open_id, o.most_ms having sum(g.length_ms) >= o.most_ms`,
  );
  const found = rows.map(({ id }) => Number(id));
  await closeWindows(app, found, 'for_over');
}

/**
 * At `SESSION_HOURS` of its being live a Session ends and the next goes on with the same Watches. Who dies in between
 * leaves a broadcast that the next look at it finds live.
 */
async function endLongSessions(app: App): Promise<void> {
  const rows = await app.db.execute<{ id: string; stream_id: string; rendition_ids: string[] }>(
    sql`select s.id, s.stream_id, array_agg(r.id) as rendition_ids from sessions s join renditions r on r.session_id = s.id
      where s.state in ('starting', 'recording', 'reconnecting') and r.ended_at is null
        and coalesce(s.detected_at, s.created_at) < now() - make_interval(secs => ${app.config.sessionHours * 3600})
      group by s.id`,
  );
  for (const row of rows) {
    for (const renditionId of row.rendition_ids) await endRendition(app, Number(renditionId), changedOver);
    await openSession(app, Number(row.stream_id), { continuesId: Number(row.id) });
  }
}
