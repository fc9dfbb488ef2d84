import type { MediaSegment } from './playlist.ts';

/** Hashes remembered for joining, as in a ResumePoint. */
const rememberedHashes = 30;

/** A Media Segment that was queued. `hash` is there once the bytes are; `arrived` waits for it. */
export type Remembered = { sequence: number; arrived: Promise<string | undefined>; hash?: string | undefined };

/** What a capture remembers of the Media Segments it queued, oldest first. */
export type Memory = {
  remember(segment: MediaSegment, arrived: Promise<string | undefined>): void;
  recent(): Remembered[];
  /** Hashes of those that came or will come; waits for the bytes. */
  hashes(): Promise<string[]>;
  /** The hash of a media sequence where its bytes are here. */
  hashOf(sequence: number | undefined): string | undefined;
  /** Gives what waits the addresses of a newer answer: signed ones run out. */
  readdress(segments: MediaSegment[]): void;
  /** The counting began anew: sequences mean something else now. */
  forgetAddresses(): void;
};

export function createMemory(kept: { sequence: number; hashes: string[] } | undefined): Memory {
  const first = (kept?.sequence ?? 0) - (kept?.hashes.length ?? 0) + 1;
  let recent: Remembered[] = (kept?.hashes ?? []).map((hash, index) => {
    return { sequence: first + index, arrived: Promise.resolve(hash), hash };
  });
  const waiting = new Map<number, MediaSegment>();

  return {
    remember(segment, arrived) {
      const remembered: Remembered = { sequence: segment.sequence, arrived };
      waiting.set(segment.sequence, segment);
      void arrived.then((hash) => {
        remembered.hash = hash;
        if (waiting.get(segment.sequence) === segment) waiting.delete(segment.sequence);
      });
      recent = [...recent, remembered].slice(-rememberedHashes);
    },
    recent: () => recent,
    hashes: async () => (await Promise.all(recent.map(({ arrived }) => arrived))).filter((hash) => hash !== undefined),
    hashOf: (sequence) => recent.findLast((each) => each.sequence === sequence)?.hash,
    readdress(segments) {
      for (const { sequence, url, byterange, key, map } of segments) {
        const queued = waiting.get(sequence);
        // In place: a fetch that is tried again has to see it.
        if (queued) Object.assign(queued, { url, byterange, key, map });
      }
    },
    forgetAddresses: () => waiting.clear(),
  };
}
