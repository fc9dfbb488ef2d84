import type { Codecs } from '../../core/model.ts';
import type { ResumePoint, Source, SourceInput, SourceItem, SourceOptions } from '../../core/ports.ts';
import { codecsOf, createGrouper, type GoodSegment, goesOn } from './grouper.ts';
import { pollPlaylist } from './poller.ts';
import { createPrefetch, type Prefetch } from './prefetch.ts';
import { joinWindow, planWindow } from './window.ts';

/** Live HLS inside the worker: no process per recording, every Media Segment kept byte for byte. */
export const hlsSource: Source = {
  name: 'hls',
  priority: ({ protocol }) => (protocol === 'hls' ? 10 : 0),
  open: capture,
};

/** What the poller hands to the consumer, in order. */
type Found = Parameters<Prefetch['add']>[0];

async function* capture(
  input: SourceInput,
  from: ResumePoint | undefined,
  options: SourceOptions,
): AsyncGenerator<SourceItem> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const prefetch = createPrefetch({ headers: input.headers, allowPrivate: options.allowPrivate, signal });
  const polling = poll(input, from, { signal, allowPrivate: options.allowPrivate }, prefetch);
  try {
    yield* consume(prefetch, from, options);
    await polling;
  } finally {
    stop.abort();
    await polling.catch(() => undefined);
  }
}

/** Reads window after window and queues what is new; ends the queue with the playlist, or with its error. */
async function poll(
  input: SourceInput,
  from: ResumePoint | undefined,
  options: { signal: AbortSignal; allowPrivate: boolean },
  prefetch: Prefetch,
): Promise<void> {
  let next: number | undefined;
  let isFirst = true;
  try {
    for await (const window of pollPlaylist(input, options)) {
      const join = isFirst && from ? joinWindow(window, from) : undefined;
      if (join) next = join.next;
      const plan = planWindow(window, next);
      const found: Found[] = plan.segments.map((segment) => ({ segment, playlist: window.playlist }));
      const [head] = found;
      if (head) {
        head.skipped = plan.skipped;
        head.isReset = plan.isReset;
        head.joinByHash = join?.byHash ?? plan.isReset;
      }
      isFirst &&= found.length === 0;
      for (const item of found) prefetch.add(item);
      prefetch.slideTo(window.segments[0]?.sequence ?? 0);
      next = plan.segments.at(-1) ? (plan.segments.at(-1)?.sequence ?? 0) + 1 : next;
    }
    prefetch.end();
  } catch (error) {
    prefetch.end(error);
  }
}

/** Fetched Media Segments in order → Takes, Gaps and closed Segments. */
async function* consume(
  prefetch: Prefetch,
  from: ResumePoint | undefined,
  options: SourceOptions,
): AsyncGenerator<SourceItem> {
  const grouper = createGrouper(options.dir, options.segmentMs);
  let codecs: Codecs | undefined;
  let before: GoodSegment | undefined;
  let recent = new Set(from?.hashes);
  let isDropping = false;
  let droppedCount = 0;
  const closeOpen = async function* (): AsyncGenerator<SourceItem> {
    const segment = await grouper.close();
    if (segment) yield { kind: 'segment', segment };
  };
  try {
    for await (const { found, fetched } of prefetch) {
      if (found.skipped) {
        yield* closeOpen();
        before = undefined;
        yield {
          kind: 'gap',
          lengthMs: found.skipped.lengthMs,
          cause: 'slid_out',
          detail: `${found.skipped.count} media segments`,
        };
      }
      if (found.joinByHash) {
        yield* closeOpen();
        isDropping = recent.size > 0;
        before = undefined;
        codecs = undefined;
        droppedCount = 0;
      }
      if (!fetched.isOk) {
        yield* closeOpen();
        before = undefined;
        yield { kind: 'gap', lengthMs: found.segment.lengthMs, cause: fetched.cause, detail: fetched.detail };
        continue;
      }
      if (isDropping && recent.has(fetched.hash)) {
        droppedCount++;
        continue;
      }
      const nowCodecs = codecsOf(fetched, codecs);
      if (!codecs || JSON.stringify(codecs) !== JSON.stringify(nowCodecs)) {
        yield* closeOpen();
        const isUnjoined = isDropping && droppedCount === 0;
        yield { kind: 'take', codecs: nowCodecs, joined: !isUnjoined };
        if (isUnjoined) yield { kind: 'gap', lengthMs: 0, cause: 'unjoined' };
        codecs = nowCodecs;
        before = undefined;
      }
      isDropping = false;
      const startsRun = before === undefined || !goesOn(before, fetched);
      for (const segment of await grouper.add(fetched, { playlist: found.playlist, startsRun }))
        yield { kind: 'segment', segment };
      before = fetched;
      recent = remember(recent, fetched.hash);
    }
  } catch (error) {
    // What is complete is kept, whatever ended the stream.
    yield* closeOpen();
    if (!options.signal.aborted) throw error;
    return;
  }
  yield* closeOpen();
}

/** The last 30 hashes: enough to recognise an overlap, too few to grow. */
function remember(recent: Set<string>, hash: string): Set<string> {
  recent.add(hash);
  return recent.size > 30 ? new Set([...recent].slice(-30)) : recent;
}
