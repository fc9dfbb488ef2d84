import { setTimeout as delay } from 'node:timers/promises';
import { advance, ring } from '../advance.ts';
import type { App } from '../app.ts';
import { errorText, FatalError, TemporaryError } from '../core/errors.ts';
import type { ClosedSegment, SourceItem } from '../core/ports.ts';
import { markAdBreak } from '../db/ad-breaks.ts';
import { databaseErrorCode } from '../db/client.ts';
import type { Lease } from '../db/leases.ts';
import { FencedError, findLastHash, keepSegment, openTake, type TakeRow, tellGap } from '../db/segments.ts';
import { step } from '../lib/steps.ts';
import { settleProbation } from './probation.ts';

/**
 * Brings what a Source closed into Storage and rows, strictly in order, at its own pace: while Storage or Postgres
 * is away the files wait in the spool and the Source goes on.
 */
export type Keeper = {
  /** `origin`: the Stream it came from; told with every Take and Segment. */
  add(item: SourceItem, origin?: Origin): void;
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

  const keep = async (item: SourceItem, origin: Origin | undefined): Promise<void> => {
    const { lease, renditionId } = options;
    if (item.kind === 'take') return keepTake(item, origin);
    if (item.kind === 'gap') return tellGap(app.db, lease, { ...item, kind: undefined, renditionId } as never);
    if (item.kind === 'mark') return markAdBreak(app.db, lease, { renditionId, lengthMs: item.lengthMs });
    if (!take) throw new FatalError('segment_without_take');
    await keepOne(take, item.segment);
  };

  const keepTake = async (item: Extract<SourceItem, { kind: 'take' }>, origin: Origin | undefined): Promise<void> => {
    if (!origin) throw new FatalError('take_without_origin');
    const { lease, renditionId } = options;
    const { codecs, initPath, audioInitPath } = item;
    const initKey = await keepInit(initPath, codecs.init);
    const audioInitKey = await keepInit(audioInitPath, codecs.audioInit);
    const { streamId, isReturn } = origin;
    // Those before it are over.
    await settleProbation(app, renditionId);
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
    await app.storage.put(key, segment.path);
    step('capture.segmentStored');
    await keepSegment(app.db, options.lease, into, key, segment);
    step('capture.rowKept');
    options.onKept(segment.sizeBytes);
    if (isDoubtful) isDoubtful = (await settleProbation(app, options.renditionId, into.id)) === 'open';
    if (isRecording) return;
    isRecording = true;
    await advance(app, 'sessions', options.sessionId, 'segmentKept', { lostAt: null });
    await ring(app, 'renditions', options.renditionId);
  };

  const persist = async (item: SourceItem, origin: Origin | undefined): Promise<void> => {
    for (let pauseMs = 200; ; pauseMs = Math.min(pauseMs * 2, retryMaxMs)) {
      try {
        return await keep(item, origin);
      } catch (error) {
        if (await isKeptAlready(app, options.renditionId, item, error)) return;
        if (isFinal(error) || options.signal.aborted) throw error;
        app.log.warn({ err: error, rendition: options.renditionId }, 'cannot keep yet; it waits in the spool');
        await delay(pauseMs, undefined, { signal: options.signal });
      }
    }
  };

  return {
    add(item, origin) {
      if (item.kind === 'take') isRecording = false;
      chain = chain.then(() => persist(item, origin));
      chain.catch((error) => {
        if (!fenced.signal.aborted) app.log.warn({ err: error, rendition: options.renditionId }, 'keeping stopped');
        fenced.abort(error);
      });
    },
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
async function isKeptAlready(app: App, renditionId: number, item: SourceItem, error: unknown): Promise<boolean> {
  if (item.kind !== 'segment' || databaseErrorCode(error) !== '23505') return false;
  const { track, hashes } = item.segment;
  const last = await findLastHash(app.db, { renditionId, track }).catch((cause) => {
    throw new TemporaryError('postgres_away', { cause, detail: errorText(cause) });
  });
  return last !== undefined && last === hashes.at(-1);
}
