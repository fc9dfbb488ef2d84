import { type FetchedSegment, fetchSegment } from './segments.ts';
import type { MediaSegment, WindowPlan } from './window.ts';

/** A Media Segment the poller found, with what must be told before it. */
export type Found = {
  segment: MediaSegment;
  playlist: string;
  skipped?: WindowPlan['skipped'];
  isReset?: boolean;
  /** Where it goes on is told by hashes alone. */
  joinByHash?: boolean;
};

export type Prefetched = { found: Found; fetched: FetchedSegment };

/** Fetches up to four Media Segments at once and gives them in order, so that catching up a window is quick. */
export type Prefetch = AsyncIterable<Prefetched> & {
  add(found: Found): void;
  /** The window begins here now: older Media Segments that fail are not tried again. */
  slideTo(sequence: number): void;
  /** Nothing more comes; with an error the iteration throws it after all that was added. */
  end(error?: unknown): void;
};

const atOnce = 4;
/** How long a failing Media Segment is tried again once the playlist has ended or is lost. */
const afterEndMs = 10_000;

export function createPrefetch(options: {
  headers: Record<string, string>;
  allowPrivate: boolean;
  signal: AbortSignal;
}): Prefetch {
  const queue: { found: Found; fetching: Promise<FetchedSegment> }[] = [];
  const slots: (() => void)[] = [];
  let running = 0;
  let oldest = Number.NEGATIVE_INFINITY;
  let ended: { error?: unknown; at: number } | undefined;
  let wake = () => {};

  const fetchInSlot = async (found: Found): Promise<FetchedSegment> => {
    if (running >= atOnce) await new Promise<void>((resolve) => slots.push(resolve));
    running++;
    try {
      const isGone = (sequence: number) =>
        sequence < oldest || (ended !== undefined && performance.now() - ended.at > afterEndMs);
      return await fetchSegment(found.segment, { ...options, isGone });
    } finally {
      running--;
      slots.shift()?.();
    }
  };

  return {
    add(found) {
      const fetching = fetchInSlot(found);
      fetching.catch(() => undefined);
      queue.push({ found, fetching });
      wake();
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
        const next = queue.shift();
        if (next) {
          yield { found: next.found, fetched: await next.fetching };
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
