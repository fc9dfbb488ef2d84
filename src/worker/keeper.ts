import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { advance, ring } from '../advance.ts';
import type { App } from '../app.ts';
import { errorText, FatalError, TemporaryError } from '../core/errors.ts';
import type { ClosedSegment, ResumePoint, SourceItem } from '../core/ports.ts';
import { pointAfter } from '../core/resume.ts';
import { markAdBreak } from '../db/ad-breaks.ts';
import { databaseErrorCode } from '../db/client.ts';
import { holdsLease, type Lease } from '../db/leases.ts';
import { findRenditionEnd } from '../db/rendition-end.ts';
import {
  FencedError,
  findLastHash,
  findResumePoint,
  keepSegment,
  openTake,
  type TakeRow,
  tellGap,
} from '../db/segments.ts';
import { step } from '../lib/steps.ts';
import { tellDiskFull } from './disk.ts';
import { settleProbation } from './probation.ts';

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

/** Where an item came from. */
export type Origin = {
  streamId: number;
  /** A Take that begins after the source was lost: it may repeat what is kept. */
  isReturn: boolean;
};

export type KeeperOptions = {
  lease: Lease;
  renditionId: number;
  sessionId: number;
  /** `sessions/<id>-<slug>/<rendition>`: keys of Segments begin with it. */
  keyPrefix: string;
  /** Ends the waiting of retries (the process is asked to stop for good). */
  signal: AbortSignal;
  onKept: (sizeBytes: number) => void;
};

/** Longest pause between tries while Storage or Postgres is away. */
const retryMaxMs = 3_000;

export function createKeeper(app: App, options: KeeperOptions): Keeper {
  const fenced = new AbortController();
  let take: TakeRow | undefined;
  let chain: Promise<void> = Promise.resolve();
  let isRecording = false;
  /** The Take is on probation. */
  let isDoubtful = false;
  /** A file that waited is gone: what follows does not go on from what stands. */
  let isBroken = false;
  let waiting = 0;
  let isStuck = false;
  const points = new Map<number, ResumePoint>();
  let point: ResumePoint | undefined;

  const keep = async (item: SourceItem, origin: Origin | undefined, isRetry: boolean): Promise<void> => {
    const { lease, renditionId } = options;
    if (item.kind === 'take') return keepTake(item, origin);
    if (isRetry && item.kind !== 'segment' && (await isTold(app, renditionId, item))) return;
    if (item.kind === 'gap') return tellGap(app.db, lease, { ...item, kind: undefined, renditionId } as never);
    if (item.kind === 'mark') return markAdBreak(app.db, lease, { renditionId, lengthMs: item.lengthMs });
    if (!take) throw new FatalError('segment_without_take');
    await keepOne(take, item.segment);
  };

  const keepTake = async (item: Extract<SourceItem, { kind: 'take' }>, origin: Origin | undefined): Promise<void> => {
    if (!origin) throw new FatalError('fault', { detail: 'a Take without its Stream' });
    const { lease, renditionId } = options;
    const { codecs, initPath, audioInitPath } = item;
    const initKey = await keepInit(initPath, codecs.init);
    const audioInitKey = await keepInit(audioInitPath, codecs.audioInit);
    const { streamId, isReturn } = origin;
    // Those before it are over.
    await settleProbation(app, { renditionId, lease });
    const isDoubted = isReturn || !item.joined;
    take = await openTake(app.db, lease, { renditionId, streamId, codecs, initKey, audioInitKey, isDoubted });
    step('capture.takeOpened');
    isDoubtful = take.probationUntil !== null;
  };

  /** Before the Take's row: a key that stands in a row is there. Takes that decode alike share it. */
  const keepInit = async (path: string | undefined, identity: string | undefined) => {
    if (!path) return undefined;
    const key = `${options.keyPrefix}/init-${identity}.mp4`;
    await app.storage.put(key, path);
    return key;
  };

  const keepOne = async (into: TakeRow, segment: ClosedSegment): Promise<void> => {
    const key = `${options.keyPrefix}/${into.id}/${fileNameOf(segment, into)}`;
    if (!(await store(key, segment))) return;
    step('capture.segmentStored');
    const row = { ...segment, startsRun: segment.startsRun || isBroken };
    await keepSegment(app.db, options.lease, into, key, row).catch(async (error: unknown) => {
      if (!(await isKeptAlready(app, options.renditionId, segment, error))) throw error;
    });
    if (segment.track === 0) isBroken = false;
    step('capture.rowKept');
    options.onKept(segment.sizeBytes);
    if (isDoubtful)
      isDoubtful =
        (await settleProbation(app, { renditionId: options.renditionId, lease: options.lease, currentId: into.id })) ===
        'open';
    if (isRecording) return;
    await advance(app, 'sessions', options.sessionId, 'segmentKept', { lostAt: null });
    isRecording = true;
    await ring(app, 'renditions', options.renditionId);
  };

  /** @returns false where the file is nowhere any more: that is told, or all behind it would wait for ever */
  const store = async (key: string, { path, lengthMs }: ClosedSegment): Promise<boolean> => {
    try {
      await app.storage.put(key, path);
      return true;
    } catch (error) {
      if (existsSync(path) || (await app.storage.stat(key)) !== undefined) throw error;
      app.log.error({ err: error, path }, 'a file that waited to be kept is gone');
      const { lease, renditionId } = options;
      await tellGap(app.db, lease, { renditionId, lengthMs, cause: 'corrupt', detail: 'gone from the spool' });
      isBroken = true;
      return false;
    }
  };

  const persist = async (item: SourceItem, origin: Origin | undefined): Promise<void> => {
    for (let [pauseMs, isRetry] = [200, false]; ; [pauseMs, isRetry] = [Math.min(pauseMs * 2, retryMaxMs), true]) {
      try {
        await keep(item, origin, isRetry);
        isStuck = false;
        return;
      } catch (error) {
        if (isFinal(error) || options.signal.aborted) throw error;
        app.log.warn({ err: error, rendition: options.renditionId }, 'cannot keep yet; it waits in the spool');
        isStuck = true;
        await tellDiskFull(app, error);
        await delay(pauseMs, undefined, { signal: options.signal });
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
      if (item.kind === 'take') isRecording = false;
      if (item.kind === 'segment') note(item.segment, origin);
      waiting++;
      chain = chain.then(() => persist(item, origin)).then(() => void waiting--);
      chain.catch((error) => {
        if (!fenced.signal.aborted) app.log.warn({ err: error, rendition: options.renditionId }, 'keeping stopped');
        fenced.abort(error);
      });
    },
    goOn: (row) => {
      chain = chain.then(() => {
        take = row;
        isDoubtful = row.probationUntil !== null;
      });
    },
    async pointIn(streamId) {
      // Rows hold what was kept before this keeper began, and `points` all that came since.
      const known = points.get(streamId) ?? (await findResumePoint(app.db, options.renditionId, streamId));
      if (known) points.set(streamId, known);
      return known;
    },
    point: () => point,
    isOurs: () => holdsLease(app.db, options.lease).catch(() => true),
    isBehind: () => waiting > 0,
    isStuck: () => isStuck,
    drained: () => chain,
    fenced: fenced.signal,
  };
}

function isFinal(error: unknown): boolean {
  return error instanceof FencedError || error instanceof FatalError;
}

/** The count of sound that lies apart may begin anew within a Take: its bytes tell it apart. */
function fileNameOf({ track, sourceSequence, hashes }: ClosedSegment, { codecs }: TakeRow): string {
  const container = track === 1 ? codecs.audioContainer : codecs.container;
  const mark = track === 1 ? `-${hashes[0]?.slice(0, 8)}` : '';
  return `${track}-${sourceSequence}${mark}.${container === 'fmp4' ? 'm4s' : container}`;
}

/** The row was written but its answer was lost (Postgres went away in between): the retry meets the unique key. */
async function isKeptAlready(
  app: App,
  renditionId: number,
  { track, hashes }: ClosedSegment,
  error: unknown,
): Promise<boolean> {
  if (databaseErrorCode(error) !== '23505') return false;
  const last = await findLastHash(app.db, { renditionId, track }).catch((cause) => {
    throw new TemporaryError('postgres_away', { cause, detail: errorText(cause) });
  });
  return last !== undefined && last === hashes.at(-1);
}

/** The same for what has no key: it stands at the end. */
async function isTold(app: App, renditionId: number, item: Extract<SourceItem, { lengthMs: number }>) {
  const { told } = await findRenditionEnd(app.db, renditionId);
  return told.some((row) => row.kind === item.kind && row.cause === item.cause && row.lengthMs === item.lengthMs);
}
