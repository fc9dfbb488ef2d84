import type { App } from '../app.ts';
import type { Quality } from '../core/model.ts';
import type { Source, SourceInput } from '../core/ports.ts';
import { findAdPolicy } from '../db/ad-breaks.ts';
import { findEngine } from '../db/engine.ts';
import type { RenditionRow, StreamRow } from '../db/sessions.ts';
import { resolve } from '../media/resolve.ts';
import { isDiskFull } from './disk.ts';
import type { Keeper } from './keeper.ts';

/** What one capture is of and where it goes. */
export type Capturing = {
  rendition: RenditionRow;
  /** The Stream the bytes come from: its own, or the one it is paired with. */
  source: StreamRow;
  /** The source was lost before: what comes now may be a repetition. */
  isReturn: boolean;
  /** It came over from the paired Stream: what this one showed meanwhile is no Gap. */
  isCrossing: boolean;
  keeper: Keeper;
  dir: string;
  signal: AbortSignal;
  pickSource: (input: SourceInput) => Source;
};

/** How a capture ended; without `cause` the source itself said that it is over. */
export type Captured = { gotSegments: boolean; cause?: unknown };

/** Captures until the source ends, is lost, or the signal comes. Never rejects. */
export async function captureOnce(app: App, capturing: Capturing): Promise<Captured> {
  const { keeper, source, signal } = capturing;
  let [gotSegments, isFirstTake] = [false, true];
  try {
    for await (const item of await openItems(app, capturing)) {
      if (capturing.isCrossing && !gotSegments && item.kind === 'gap') continue;
      const isReturn = item.kind === 'take' && isFirstTake && capturing.isReturn;
      if (item.kind === 'take') isFirstTake = false;
      gotSegments ||= item.kind === 'segment';
      keeper.add(item, { streamId: source.id, isReturn });
    }
    return { gotSegments };
  } catch (cause) {
    // No byte left in the spool: what is missed until the next Segment is told as a Gap when it joins again.
    if (isDiskFull(cause) && !signal.aborted) keeper.add({ kind: 'gap', cause: 'disk_full', lengthMs: 0 });
    return { gotSegments, cause };
  }
}

async function openItems(app: App, { rendition, source, keeper, dir, signal, pickSource }: Capturing) {
  const engine = await findEngine(app.db, rendition.id);
  const find = async (within: AbortSignal): Promise<SourceInput> => {
    const options = { programs: app.config, allowPrivate: app.config.allowPrivateSources, cookies: app.cookies };
    const quality = rendition.name as Quality;
    return (await resolve(source.url, { ...options, quality, engine, signal: within })).input;
  };
  const input = { ...(await find(signal)), renew: find };
  const from = await keeper.pointIn(source.id);
  return pickSource(input).open(input, from, {
    dir,
    segmentMs: app.config.segmentSeconds * 1000,
    signal,
    allowPrivate: app.config.allowPrivateSources,
    programs: app.config,
    cookies: app.cookies,
    ads: await findAdPolicy(app.db, rendition.id),
  });
}
