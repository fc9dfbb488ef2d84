import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Codecs } from '../../core/model.ts';
import type { SourceItem, SourceOptions } from '../../core/ports.ts';
import { codecsOf, isSameCodecs } from './codecs.ts';
import { createGrouper, goesOn } from './grouper.ts';
import type { Found, Prefetched } from './prefetch.ts';
import type { GoodSegment } from './segments.ts';
import type { Assembled } from './told-ads.ts';
import type { Missing } from './window.ts';

/**
 * Turns fetched Media Segments, in order, into Takes, Gaps and closed Segments. What is complete when the input fails
 * is closed and yielded first; then the error is thrown, unless the capture was asked to stop.
 */
export async function* assemble(
  fetched: AsyncIterable<Prefetched>,
  options: Pick<SourceOptions, 'dir' | 'segmentMs' | 'signal'>,
): AsyncGenerator<Assembled> {
  const assembler = createAssembler(options);
  try {
    for await (const each of fetched) yield* assembler.add(each);
    yield* assembler.finish();
  } catch (error) {
    yield* assembler.finish();
    if (!options.signal.aborted) throw error;
  } finally {
    await assembler.abandon();
  }
}

function createAssembler({ dir, segmentMs }: Pick<SourceOptions, 'dir' | 'segmentMs'>) {
  const grouper = createGrouper(dir, segmentMs);
  let codecs: Codecs | undefined;
  let before: GoodSegment | undefined;
  let opens: Found['opensTake'];
  /** What is open lies in an ad break that is marked. */
  let isAd = false;
  /** Gaps that are told before there is a Take to tell them in. */
  let early: SourceItem[] = [];

  async function* closeSegment(): AsyncGenerator<Assembled> {
    const segment = await grouper.close();
    if (segment) yield { kind: 'segment', segment, isAd };
  }

  async function* closeOpen(): AsyncGenerator<Assembled> {
    before = undefined;
    yield* closeSegment();
  }

  async function* tell(missing: Missing): AsyncGenerator<Assembled> {
    yield* closeOpen();
    const gap: SourceItem = { kind: 'gap', ...missing };
    if (codecs) yield gap;
    else early.push(gap);
  }

  async function* openTake(next: Codecs, { init }: GoodSegment): AsyncGenerator<SourceItem> {
    yield* closeOpen();
    codecs = next;
    const joined = opens?.joined ?? true;
    opens = undefined;
    yield { kind: 'take', codecs, joined, ...(init ? { initPath: await writeInit(dir, init.bytes) } : {}) };
    yield* early;
    early = [];
  }

  return {
    async *add({ found, fetched }: Prefetched): AsyncGenerator<Assembled> {
      if (found.opensTake) {
        yield* closeOpen();
        codecs = undefined;
        opens = found.opensTake;
      }
      if (found.missing) yield* tell(found.missing);
      if (!fetched.isOk) {
        const { cause, detail } = fetched;
        return yield* tell({ lengthMs: found.segment.durationMs, cause, detail });
      }
      const next = codecsOf(fetched.facts, fetched.init, codecs);
      if (!codecs || !isSameCodecs(codecs, next)) yield* openTake(next, fetched);
      if (isAd !== (found.segment.adBreak === 'mark')) yield* closeSegment();
      isAd = found.segment.adBreak === 'mark';
      const startsRun = before === undefined || !goesOn(before, fetched);
      before = fetched;
      for (const segment of await grouper.add(fetched, { playlist: found.playlist, startsRun }))
        yield { kind: 'segment', segment, isAd };
    },
    async *finish(): AsyncGenerator<Assembled> {
      yield* closeOpen();
      yield* early;
      early = [];
    },
    /** For a reader that left in the middle: nothing stays open. */
    abandon: () => grouper.close(),
  };
}

/** The next Take may begin with the same: each has a file of its own, which goes where the Take goes. */
async function writeInit(dir: string, bytes: Buffer): Promise<string> {
  const path = join(dir, `${randomUUID()}-init.mp4`);
  await writeFile(path, bytes, { flag: 'wx' });
  return path;
}
