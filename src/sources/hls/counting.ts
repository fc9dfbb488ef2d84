import { type MediaSegment, playlistIdentity } from './playlist.ts';

/** Hashes remembered for joining, as in a ResumePoint. */
const rememberedHashes = 30;

/** A Media Segment that was queued. `hash` is there once the bytes are; `arrived` waits for it. */
type Remembered = {
  sequence: number;
  /** Its address without query; not known of what another owner kept. */
  place?: string;
  arrived: Promise<string | undefined>;
  hash?: string | undefined;
};

/** What a capture remembers of the Media Segments it queued, oldest first. */
export type Memory = {
  remember(segment: MediaSegment, arrived: Promise<string | undefined>): void;
  /** Hashes of those that came or will come; waits for the bytes. */
  hashes(): Promise<string[]>;
  /** The hash of a media sequence where its bytes are here. */
  hashOf(sequence: number | undefined): string | undefined;
  /** The newest of these that we know by its number lies at another address than it did. */
  isRenamed(segments: MediaSegment[]): boolean;
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
      const { sequence, url } = segment;
      const remembered: Remembered = { sequence, place: playlistIdentity(url), arrived };
      waiting.set(sequence, segment);
      void arrived.then((hash) => {
        remembered.hash = hash;
        if (waiting.get(sequence) === segment) waiting.delete(sequence);
      });
      recent = [...recent, remembered].slice(-rememberedHashes);
    },
    hashes: async () => (await Promise.all(recent.map(({ arrived }) => arrived))).filter((hash) => hash !== undefined),
    hashOf: (sequence) => recent.findLast((each) => each.sequence === sequence)?.hash,
    isRenamed(segments) {
      const known = recent.findLast((each) => segments.some(({ sequence }) => sequence === each.sequence));
      const now = segments.find(({ sequence }) => sequence === known?.sequence);
      return known?.place !== undefined && now !== undefined && playlistIdentity(now.url) !== known.place;
    },
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
