import type { Codecs } from '../../core/model.ts';
import type { SourceItem, SourceOptions } from '../../core/ports.ts';
import { codecsOf, isSameCodecs } from './codecs.ts';
import { createGrouper, goesOn } from './grouper.ts';
import type { Found, Prefetched } from './prefetch.ts';
import type { GoodSegment } from './segments.ts';
import type { Missing } from './window.ts';

/**
 * Turns fetched Media Segments, in order, into Takes, Gaps and closed Segments. What is complete when the input fails
 * is closed and yielded first; then the error is thrown, unless the capture was asked to stop.
 */
export async function* assemble(
  fetched: AsyncIterable<Prefetched>,
  options: Pick<SourceOptions, 'dir' | 'segmentMs' | 'signal'>,
): AsyncGenerator<SourceItem> {
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
  /** Gaps that are told before there is a Take to tell them in. */
  let early: SourceItem[] = [];

  async function* closeOpen(): AsyncGenerator<SourceItem> {
    before = undefined;
    const segment = await grouper.close();
    if (segment) yield { kind: 'segment', segment };
  }

  async function* tell(missing: Missing): AsyncGenerator<SourceItem> {
    yield* closeOpen();
    const gap: SourceItem = { kind: 'gap', ...missing };
    if (codecs) yield gap;
    else early.push(gap);
  }

  async function* openTake(next: Codecs, opens: Found['opensTake']): AsyncGenerator<SourceItem> {
    yield* closeOpen();
    codecs = next;
    yield { kind: 'take', codecs, joined: opens?.joined ?? true };
    yield* early;
    early = [];
  }

  return {
    async *add({ found, fetched }: Prefetched): AsyncGenerator<SourceItem> {
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
      const next = codecsOf(fetched.facts, codecs);
      if (!codecs || !isSameCodecs(codecs, next)) {
        yield* openTake(next, opens);
        opens = undefined;
      }
      const startsRun = before === undefined || !goesOn(before, fetched);
      before = fetched;
      for (const segment of await grouper.add(fetched, { playlist: found.playlist, startsRun }))
        yield { kind: 'segment', segment };
    },
    async *finish(): AsyncGenerator<SourceItem> {
      yield* closeOpen();
      yield* early;
      early = [];
    },
    /** For a reader that left in the middle: nothing stays open. */
    abandon: () => grouper.close(),
  };
}
