import { setTimeout as delay } from 'node:timers/promises';
import { eq, sql } from 'drizzle-orm';
import { advance, ring } from '../advance.ts';
import type { App } from '../app.ts';
import { TemporaryError, UserError } from '../core/errors.ts';
import type { Lease } from '../db/leases.ts';
import { renditions } from '../db/schema.ts';
import { findLostMs, type SessionRow, type StreamRow } from '../db/sessions.ts';
import { type Capturing, captureOnce } from './capture-once.ts';
import { findSource, goOver } from './follow-cross.ts';
import { settleProbation } from './probation.ts';
import { isNotThereYet, whyOver } from './why-over.ts';

export type WithGrace = Pick<Capturing, 'rendition' | 'keeper' | 'dir' | 'signal' | 'pickSource'> & {
  session: SessionRow;
  lease: Lease;
  /** The Session's own Stream. */
  stream: StreamRow;
};

const firstPauseMs = 500;
const longestPauseMs = 10_000;
/** A broadcast that has only begun may have no playlist yet: it is asked for again this often. */
const beginningPauseMs = 2_000;
/** Whoever takes over what is lost looks for this long at least, however much of its grace has passed. */
const shortestGraceMs = 3_000;

/**
 * Captures a Rendition, again and again while its source comes back within grace. Of a pair of Streams it goes on at
 * the one that is live; grace runs only where neither is. Elapsed time is monotonic: a clock step must not end or
 * stretch grace. What passed under former owners counts, by Postgres' clock.
 *
 * @returns why the Rendition ended, or undefined where the signal stopped it
 */
export async function captureWithGrace(app: App, to: WithGrace): Promise<string | undefined> {
  const { session, rendition, signal } = to;
  const isBack = session.state === 'reconnecting';
  let source = await findSource(app, session, to.stream);
  let lostAt = isBack ? await lostBefore(app, rendition.id) : undefined;
  let [isReturn, isCrossing, hasBegun] = [isBack, false, isBack || session.state === 'recording'];
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const captured = await captureOnce(app, { ...to, source, isReturn, isCrossing });
    if (signal.aborted || !(await to.keeper.isOurs())) return undefined;
    const hasNews = captured.gotSegments && (await keptNews(app, to));
    if (hasNews) [lostAt, pauseMs, hasBegun] = [undefined, firstPauseMs, true];
    const other = hasNews || !isCrossing ? await goOver(app, session, { source, signal }) : undefined;
    isReturn = true;
    isCrossing = other !== undefined;
    if (other) {
      source = other;
      continue;
    }
    const isEndFinal = app.platforms.find(({ name }) => name === source.platform)?.isEndFinal ?? true;
    const isPaired = session.crossId !== null;
    const reason = whyOver({ cause: captured.cause, hasBegun, isEndFinal, isPaired });
    if (reason !== undefined) return reason;
    const isTold = hasBegun || !isNotThereYet(captured.cause);
    lostAt ??= performance.now();
    if (isTold) await tellLost(app, { session, rendition, lostAt }, captured.cause);
    const waitMs = isTold ? pauseMs : Math.min(pauseMs * 2, beginningPauseMs);
    if (performance.now() - lostAt + waitMs > app.config.graceSeconds * 1000) return 'grace_over';
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return undefined;
  }
}

/** When it was lost on this process's monotonic clock, which may be before its beginning. */
async function lostBefore(app: App, renditionId: number): Promise<number> {
  const lostMs = (await findLostMs(app.db, renditionId)) ?? 0;
  return performance.now() - Math.min(lostMs, Math.max(0, app.config.graceSeconds * 1000 - shortestGraceMs));
}

/** Whether anything came that was not a repetition of what is kept: that alone ends grace. */
async function keptNews(app: App, { keeper, rendition, lease }: WithGrace): Promise<boolean> {
  // While Storage or Postgres is away nothing can be judged, and the stream does not wait.
  if (keeper.isStuck()) return true;
  await keeper.drained();
  try {
    return (await settleProbation(app, { renditionId: rendition.id, lease })) !== 'phantom';
  } catch (err) {
    app.log.warn({ err, rendition: rendition.id }, 'cannot judge what came yet; Postgres is away');
    return true;
  }
}

/** The source said that it ended, and the streamer may come back. */
const pausedCode = 'source_paused';

async function tellLost(
  app: App,
  { session, rendition, lostAt }: Pick<WithGrace, 'session' | 'rendition'> & { lostAt: number },
  cause: unknown,
): Promise<void> {
  app.log.info({ err: cause, rendition: rendition.id }, 'source lost');
  const isKnown = cause instanceof UserError || cause instanceof TemporaryError;
  const trouble = cause === undefined ? pausedCode : isKnown ? cause.code : 'internal';
  try {
    await app.db.update(renditions).set({ trouble }).where(eq(renditions.id, rendition.id));
    // For whoever takes over: Postgres' clock, put back by what has passed on ours.
    const since = sql`now() - make_interval(secs => ${(performance.now() - lostAt) / 1000})`;
    await advance(app, 'sessions', session.id, 'sourceLost', { lostAt: since });
    await ring(app, 'renditions', rendition.id);
  } catch (err) {
    // The source comes back whether this can be told or not.
    app.log.warn({ err }, 'cannot tell that the source was lost; Postgres is away');
  }
}
