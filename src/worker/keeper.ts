import { setTimeout as delay } from 'node:timers/promises';
import type { App } from '../app.ts';
import { FatalError } from '../core/errors.ts';
import type { ClosedSegment, ResumePoint, SourceItem } from '../core/ports.ts';
import { pointAfter } from '../core/resume.ts';
import { holdsLease } from '../db/leases.ts';
import { FencedError, findResumePoint, type TakeRow } from '../db/segments.ts';
import { tellDiskFull } from './disk.ts';
import { createItemKeeper, type KeptInto, type Origin } from './keep-item.ts';

/**
 * Brings what a Source closed into Storage and rows, strictly in order, at its own pace: while Storage or Postgres
 * is away the files wait in the spool and the Source goes on.
 */
export type Keeper = {
  /** `origin`: the Stream it came from; told with every Take and Segment. */
  add(item: SourceItem, origin?: Origin): void;
  /** What is added next belongs to a Take that stands already. */
  goOn(take: TakeRow): void;
  /** Where a Stream has come to, with what still waits; undefined before its first Segment. */
  pointIn(streamId: number): Promise<ResumePoint | undefined>;
  /** Where what was added here has come to, whatever Stream it is of. */
  point(): ResumePoint | undefined;
  /** False where another owns the capture by now; whoever slept learns it here. True while that cannot be known. */
  isOurs(): Promise<boolean>;
  /** Something that was added is not kept yet, or never will be. */
  isBehind(): boolean;
  /** Storage or Postgres is away: what was added waits for it. */
  isStuck(): boolean;
  /** Resolves when everything added is kept; rejects with FencedError when the lease was lost. */
  drained(): Promise<void>;
  /** Aborted when the lease turned out to be lost: the Source must stop. */
  fenced: AbortSignal;
};

/** `signal` ends the waiting of retries (the process is asked to stop for good). */
export type KeeperOptions = KeptInto & { signal: AbortSignal };

const firstRetryMs = 200;
/** Longest pause between tries while Storage or Postgres is away. */
const longestRetryMs = 3_000;

/** Begins with nothing added. */
export function createKeeper(app: App, options: KeeperOptions): Keeper {
  const { lease, renditionId, signal } = options;
  const items = createItemKeeper(app, options);
  const fenced = new AbortController();
  const points = new Map<number, ResumePoint>();
  let point: ResumePoint | undefined;
  let chain: Promise<void> = Promise.resolve();
  let waiting = 0;
  let isStuck = false;

  /** Until it is kept, or can never be. */
  const persist = async (item: SourceItem, origin: Origin | undefined): Promise<void> => {
    for (let pauseMs = firstRetryMs; ; pauseMs = Math.min(pauseMs * 2, longestRetryMs)) {
      try {
        await items.keep(item, origin, pauseMs > firstRetryMs);
        isStuck = false;
        return;
      } catch (error) {
        if (isFinal(error) || signal.aborted) throw error;
        app.log.warn({ err: error, rendition: renditionId }, 'cannot keep yet; it waits in the spool');
        isStuck = true;
        await tellDiskFull(app, error);
        await delay(pauseMs, undefined, { signal });
      }
    }
  };

  const note = (segment: ClosedSegment, origin: Origin | undefined): void => {
    if (segment.track !== 0) return;
    point = pointAfter(origin && points.get(origin.streamId), segment);
    if (origin) points.set(origin.streamId, point);
  };

  return {
    add(item, origin) {
      if (item.kind === 'segment') note(item.segment, origin);
      waiting++;
      chain = chain.then(() => persist(item, origin)).then(() => void waiting--);
      chain.catch((error) => {
        if (!fenced.signal.aborted) app.log.warn({ err: error, rendition: renditionId }, 'keeping stopped');
        fenced.abort(error);
      });
    },
    goOn: (take) => {
      chain = chain.then(() => items.goOn(take));
    },
    async pointIn(streamId) {
      // Rows hold what was kept before this keeper began, and `points` all that came since.
      const known = points.get(streamId) ?? (await findResumePoint(app.db, renditionId, streamId));
      if (known) points.set(streamId, known);
      return known;
    },
    point: () => point,
    isOurs: () => holdsLease(app.db, lease).catch(() => true),
    isBehind: () => waiting > 0,
    isStuck: () => isStuck,
    drained: () => chain,
    fenced: fenced.signal,
  };
}

function isFinal(error: unknown): boolean {
  return error instanceof FencedError || error instanceof FatalError;
}
