import { existsSync } from 'node:fs';
import { advance, ring } from '../advance.ts';
import type { App } from '../app.ts';
import { errorText, FatalError, TemporaryError } from '../core/errors.ts';
import type { ClosedSegment, SourceItem } from '../core/ports.ts';
import { markAdBreak } from '../db/ad-breaks.ts';
import { databaseErrorCode } from '../db/client.ts';
import type { Lease } from '../db/leases.ts';
import { findRenditionEnd } from '../db/rendition-end.ts';
import { findLastHash, keepSegment, openTake, type TakeRow, tellGap } from '../db/segments.ts';
import { step } from '../lib/steps.ts';
import { settleProbation } from './probation.ts';

/** Where an item came from. */
export type Origin = {
  streamId: number;
  /** A Take that begins after the source was lost: it may repeat what is kept. */
  isReturn: boolean;
};

/** What is kept, and for whom. */
export type KeptInto = {
  lease: Lease;
  renditionId: number;
  sessionId: number;
  /** `sessions/<id>-<slug>/<rendition>`: keys of Segments begin with it. */
  keyPrefix: string;
  onKept: (sizeBytes: number) => void;
};

/** Keeps one item after another: first the file, then its row. */
export type ItemKeeper = {
  /** @param isRetry it may stand already: the answer to the last try was lost */
  keep(item: SourceItem, origin: Origin | undefined, isRetry: boolean): Promise<void>;
  /** What is kept next belongs to a Take that stands already. */
  goOn(take: TakeRow): void;
};

/** Begins before the first Take of this capture. */
export function createItemKeeper(app: App, into: KeptInto): ItemKeeper {
  const { lease, renditionId, sessionId, keyPrefix } = into;
  let take: TakeRow | undefined;
  /** The Take is on probation. */
  let isDoubtful = false;
  /** A file that waited is gone: what follows does not go on from what stands. */
  let isBroken = false;
  /** The Session says that it records. */
  let isTold = false;

  const goOn = (row: TakeRow): void => {
    take = row;
    isDoubtful = row.probationUntil !== null;
  };

  const keepTake = async (item: Extract<SourceItem, { kind: 'take' }>, origin: Origin | undefined): Promise<void> => {
    if (!origin) throw new FatalError('fault', { detail: 'a Take without its Stream' });
    const { codecs, initPath, audioInitPath } = item;
    const initKey = await keepInit(initPath, codecs.init);
    const audioInitKey = await keepInit(audioInitPath, codecs.audioInit);
    // Those before it are over.
    await settleProbation(app, { renditionId, lease });
    const { streamId, isReturn } = origin;
    const isDoubted = isReturn || !item.joined;
    goOn(await openTake(app.db, lease, { renditionId, streamId, codecs, initKey, audioInitKey, isDoubted }));
    isTold = false;
    step('capture.takeOpened');
  };

  /** Before the Take's row: a key that stands in a row is there. Takes that decode alike share it. */
  const keepInit = async (path: string | undefined, identity: string | undefined) => {
    if (!path) return undefined;
    const key = `${keyPrefix}/init-${identity}.mp4`;
    await app.storage.put(key, path);
    return key;
  };

  const keepOne = async (current: TakeRow, segment: ClosedSegment): Promise<void> => {
    const key = `${keyPrefix}/${current.id}/${fileNameOf(segment, current)}`;
    if (!(await store(key, segment))) return;
    step('capture.segmentStored');
    const row = { ...segment, startsRun: segment.startsRun || isBroken };
    await keepSegment(app.db, lease, current, key, row).catch(async (error: unknown) => {
      if (!(await isKeptAlready(app, renditionId, segment, error))) throw error;
    });
    if (segment.track === 0) isBroken = false;
    step('capture.rowKept');
    into.onKept(segment.sizeBytes);
    if (isDoubtful) isDoubtful = (await settleProbation(app, { renditionId, lease, currentId: current.id })) === 'open';
    if (!isTold) await tellRecording();
  };

  const tellRecording = async (): Promise<void> => {
    await advance(app, 'sessions', sessionId, 'segmentKept', { lostAt: null });
    isTold = true;
    await ring(app, 'renditions', renditionId);
  };

  /** @returns false where the file is nowhere any more: that is told, or all behind it would wait for ever */
  const store = async (key: string, { path, lengthMs }: ClosedSegment): Promise<boolean> => {
    try {
      await app.storage.put(key, path);
      return true;
    } catch (error) {
      if (existsSync(path) || (await app.storage.stat(key)) !== undefined) throw error;
      app.log.error({ err: error, path }, 'a file that waited to be kept is gone');
      await tellGap(app.db, lease, { renditionId, lengthMs, cause: 'corrupt', detail: 'gone from the spool' });
      isBroken = true;
      return false;
    }
  };

  return {
    goOn,
    async keep(item, origin, isRetry) {
      if (item.kind === 'take') return keepTake(item, origin);
      if (isRetry && item.kind !== 'segment' && (await stands(app, renditionId, item))) return;
      if (item.kind === 'gap') {
        const { kind: _, ...gap } = item;
        return tellGap(app.db, lease, { ...gap, renditionId });
      }
      if (item.kind === 'mark') return markAdBreak(app.db, lease, { renditionId, lengthMs: item.lengthMs });
      if (!take) throw new FatalError('segment_without_take');
      await keepOne(take, item.segment);
    },
  };
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
async function stands(app: App, renditionId: number, item: Extract<SourceItem, { lengthMs: number }>) {
  const { told } = await findRenditionEnd(app.db, renditionId);
  return told.some((row) => row.kind === item.kind && row.cause === item.cause && row.lengthMs === item.lengthMs);
}
