import type { MediaSegment } from './playlist.ts';
import { createResources } from './resources.ts';
import { type FetchedSegment, fetchSegment, type SegmentFetchOptions } from './segments.ts';
import type { Missing } from './window.ts';

/** A Media Segment that was found, with what must be told before it. */
export type Found = {
  segment: MediaSegment;
  /** Identity of the playlist it was found in. */
  playlist: string;
  missing?: Missing | undefined;
  /** It begins a new Take, whatever its codecs are: the counting began anew. */
  opensTake?: { joined: boolean } | undefined;
};

export type Prefetched = { found: Found; fetched: FetchedSegment };

/** Fetches some Media Segments at once and gives them in order, so that catching up a window is quick. */
export type Prefetch = AsyncIterable<Prefetched> & {
  /** @returns its hash once it is there; undefined where it could not be had */
  add(found: Found): Promise<string | undefined>;
  /** The window begins here now: older Media Segments that fail are not tried again. */
  slideTo(sequence: number): void;
  /**
   * Nothing more comes. With an error the iteration throws it after what can still be had; what cannot is not told as
   * missing, for whoever opens the stream again begins there.
   */
  end(error?: unknown): void;
};

/** Of all Media Segments alike. */
export type PrefetchOptions = Omit<SegmentFetchOptions, 'isGone' | 'hasBegun' | 'resources'> & {
  /** Whoever opened the stream before had something of it. */
  isReturn: boolean;
};

type Entry = { found: Found; result: Promise<FetchedSegment>; start: () => void };

const atOnce = 3;
/** Bytes that may wait behind a Media Segment that fails, before the next is not begun. */
const heldMaxBytes = 48_000_000;
/** How long a failing Media Segment is tried again once the playlist has ended or is lost. */
const afterEndMs = 10_000;

export function createPrefetch({ isReturn, ...options }: PrefetchOptions): Prefetch {
  const resources = createResources(options);
  const queue: Entry[] = [];
  const waiting: Entry[] = [];
  let running = 0;
  let heldBytes = 0;
  let oldest = Number.NEGATIVE_INFINITY;
  let isBegun = isReturn;
  let ended: { error?: unknown; at: number } | undefined;
  let wake = () => {};

  const isGone = (sequence: number) =>
    sequence < oldest || (ended !== undefined && performance.now() - ended.at > afterEndMs);
  const hasBegun = () => isBegun;
  const pump = () => {
    while (running < atOnce && waiting[0] && (heldBytes < heldMaxBytes || waiting[0] === queue[0])) {
      running++;
      waiting.shift()?.start();
    }
  };
  const fetchOne = async (found: Found): Promise<FetchedSegment> => {
    try {
      const fetched = await fetchSegment(found.segment, { ...options, resources, isGone, hasBegun });
      isBegun ||= fetched.isOk;
      if (fetched.isOk) heldBytes += fetched.sizeBytes;
      return fetched;
    } finally {
      running--;
      pump();
    }
  };

  return {
    add(found) {
      let start = () => {};
      const begun = new Promise<void>((resolve) => {
        start = resolve;
      });
      const result = begun.then(() => fetchOne(found));
      const entry = { found, result, start };
      queue.push(entry);
      waiting.push(entry);
      pump();
      wake();
      return result.then(
        (fetched) => (fetched.isOk ? fetched.hash : undefined),
        () => undefined,
      );
    },
    slideTo(sequence) {
      oldest = sequence;
    },
    end(error) {
      ended = { error, at: performance.now() };
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const [head] = queue;
        if (head) {
          const fetched = await head.result;
          queue.shift();
          if (fetched.isOk) heldBytes -= fetched.sizeBytes;
          pump();
          if (!fetched.isOk && ended?.error !== undefined) throw ended.error;
          yield { found: head.found, fetched };
        } else if (ended) {
          if (ended.error !== undefined) throw ended.error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}
