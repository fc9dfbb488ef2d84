/** What a stretch of media holds, whatever its container. Times in 90 kHz ticks on the source's own clock. */
export type MediaFacts = {
  video?: string;
  audio?: string;
  /** Pixels. */
  width?: number;
  height?: number;
  /** Hertz. */
  sampleRate?: number;
  /** Video frames. */
  frameCount: number;
  /** Or there is no video. */
  beginsWithKeyframe: boolean;
  /** Lowest and highest video timestamp; highest is of the last frame shown. */
  videoFirst?: number;
  videoLast?: number;
  audioFirst?: number;
  /** End of the last sound, its own frames included. */
  audioEnd?: number;
  /** Length of one video frame, from the timestamps. */
  frameTicks: number;
  /** Media time: of the video; of the audio where there is none. */
  lengthMs: number;
  /** It is sound without a container. */
  isPacked?: true;
};

/** Ticks of 90 kHz in a millisecond: what MPEG-TS counts in, and we with it. Source: ISO/IEC 13818-1 §2.4.3.6. */
export const ticksPerMs = 90;

/** Media time of a stretch: of the video where there is one. */
export function lengthOf(facts: Omit<MediaFacts, 'lengthMs'>): number {
  const { videoFirst, videoLast, audioFirst, audioEnd, frameTicks } = facts;
  if (videoFirst !== undefined && videoLast !== undefined) return (videoLast - videoFirst + frameTicks) / ticksPerMs;
  if (audioFirst !== undefined && audioEnd !== undefined) return (audioEnd - audioFirst) / ticksPerMs;
  return 0;
}
