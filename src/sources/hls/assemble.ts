import type { Codecs } from '../../core/model.ts';
import type { SourceItem, SourceOptions } from '../../core/ports.ts';
import { codecsOf, isSameCodecs, withSound } from './codecs.ts';
import { createGrouper, goesOn } from './grouper.ts';
import type { Found, Prefetched } from './prefetch.ts';
import type { GoodSegment } from './segments.ts';
import type { Sound } from './sound.ts';
import { createSoundTrack } from './sound-track.ts';
import type { Assembled } from './told-ads.ts';
import type { Missing } from './window.ts';
import { writeInit } from './write-init.ts';

type AssembleOptions = Pick<SourceOptions, 'dir' | 'segmentMs' | 'signal'> & {
  /** The sound, where it lies apart; known once the first Media Segment is there. */
  sound?: () => Sound | undefined;
};

/**
 * Turns fetched Media Segments, in order, into Takes, Gaps and closed Segments; a Segment of separate sound comes right
 * before the one it belongs to. What is complete when the input fails is closed and yielded first; then the error is
 * thrown, unless the capture was asked to stop.
 */
export async function* assemble(
  fetched: AsyncIterable<Prefetched>,
  options: AssembleOptions,
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

function createAssembler({ dir, segmentMs, sound }: AssembleOptions) {
  const grouper = createGrouper(dir, segmentMs);
  const soundTrack = createSoundTrack(dir);
  let codecs: Codecs | undefined;
  let before: GoodSegment | undefined;
  let opens: Found['opensTake'];
  /** What is open lies in an ad break that is marked. */
  let isAd = false;
  /** Gaps that are told before there is a Take to tell them in. */
  let early: SourceItem[] = [];

  async function* closeSegment(): AsyncGenerator<Assembled> {
    const heard = await soundTrack.close();
    if (heard) yield { kind: 'segment', segment: heard };
    const segment = await grouper.close();
    if (segment) yield { kind: 'segment', segment, isAd };
  }

  async function* closeOpen(): AsyncGenerator<Assembled> {
    before = undefined;
    yield* closeSegment();
  }

  function* tellGap(missing: Missing): Generator<Assembled> {
    const gap: SourceItem = { kind: 'gap', ...missing };
    if (codecs) yield gap;
    else early.push(gap);
  }

  async function* tell(missing: Missing): AsyncGenerator<Assembled> {
    yield* closeOpen();
    yield* tellGap(missing);
  }

  async function* openTake(next: Codecs, { init }: GoodSegment): AsyncGenerator<Assembled> {
    yield* closeOpen();
    codecs = next;
    const joined = opens?.joined ?? true;
    opens = undefined;
    const paths = { ...(init ? { initPath: await writeInit(dir, init) } : {}), ...(await soundTrack.writeInit()) };
    yield { kind: 'take', codecs, joined, ...paths };
    yield* early;
    early = [];
  }

  async function* addGood(fetched: GoodSegment, found: Found): AsyncGenerator<Assembled> {
    const inside = codecsOf(fetched.facts, fetched.init, codecs);
    // Where the sound is inside as well, what lies apart is a choice for players.
    const heard = inside.audio ? [] : ((await sound?.()?.before(fetched)) ?? []);
    for (const gap of soundTrack.hear(heard)) yield* tellGap(gap);
    const next = withSound(inside, soundTrack.codecs());
    if (!codecs || !isSameCodecs(codecs, next)) yield* openTake(next, fetched);
    if (isAd !== (found.segment.adBreak === 'mark')) yield* closeSegment();
    isAd = found.segment.adBreak === 'mark';
    const place = { playlist: found.playlist, startsRun: before === undefined || !goesOn(before, fetched) };
    before = fetched;
    if (!grouper.canFollow(place)) yield* closeSegment();
    await grouper.append(fetched, place);
    await soundTrack.append(fetched, place.startsRun);
    if (grouper.isFull()) yield* closeSegment();
  }

  return {
    async *add({ found, fetched }: Prefetched): AsyncGenerator<Assembled> {
      if (found.opensTake) {
        yield* closeOpen();
        codecs = undefined;
        opens = found.opensTake;
      }
      if (found.missing) yield* tell(found.missing);
      if (fetched.isOk) yield* addGood(fetched, found);
      else yield* tell({ lengthMs: found.segment.durationMs, cause: fetched.cause, detail: fetched.detail });
    },
    async *finish(): AsyncGenerator<Assembled> {
      yield* closeOpen();
      yield* early;
      early = [];
    },
    /** For a reader that left in the middle: nothing stays open. */
    abandon: async () => {
      await soundTrack.close();
      await grouper.close();
    },
  };
}
