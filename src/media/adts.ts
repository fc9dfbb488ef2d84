/** Source: ISO/IEC 14496-3 table 1.18. */
const sampleRates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
const headerBytes = 7;
const samplesPerFrame = 1024;

/** Counts AAC frames as they pass, packet by packet, so that the end of the audio is known to the sample. */
export type AdtsCounter = {
  /** A PES begins; with a timestamp, frames are counted from it. */
  start(pts: number | undefined): void;
  /** Bytes from..to of the elementary stream. */
  count(bytes: Buffer, from: number, to: number): void;
  /** Length of the frames since the last timestamp, in ticks of 90 kHz; undefined where no header was seen. */
  tailTicks(): number | undefined;
  sampleRate(): number | undefined;
};

export function createAdtsCounter(): AdtsCounter {
  const header = Buffer.alloc(headerBytes);
  let headerHeld = 0;
  /** Bytes of the present frame that are still to come; undefined: not in step, wait for the next PES. */
  let remaining: number | undefined;
  let frames = 0;
  let rate: number | undefined;

  const readHeader = (bytes: Buffer, at: number): number | undefined => {
    if (bytes[at] !== 0xff || ((bytes[at + 1] ?? 0) & 0xf6) !== 0xf0) return undefined;
    rate = sampleRates[((bytes[at + 2] ?? 0) >> 2) & 15] ?? rate;
    const length = (((bytes[at + 3] ?? 0) & 3) << 11) | ((bytes[at + 4] ?? 0) << 3) | ((bytes[at + 5] ?? 0) >> 5);
    if (length < headerBytes) return undefined;
    frames += ((bytes[at + 6] ?? 0) & 3) + 1;
    return length;
  };

  return {
    start(pts) {
      if (pts !== undefined) frames = 0;
      remaining ??= 0;
    },
    count(bytes, from, to) {
      let at = from;
      while (at < to && remaining !== undefined) {
        const skipped = Math.min(remaining, to - at);
        remaining -= skipped;
        at += skipped;
        if (remaining > 0 || at >= to) return;
        if (headerHeld === 0 && to - at >= headerBytes) {
          remaining = readHeader(bytes, at);
          continue;
        }
        const copied = bytes.copy(header, headerHeld, at, Math.min(to, at + headerBytes - headerHeld));
        headerHeld += copied;
        at += copied;
        if (headerHeld < headerBytes) return;
        headerHeld = 0;
        const length = readHeader(header, 0);
        remaining = length === undefined ? undefined : length - headerBytes;
      }
    },
    tailTicks: () => (rate && frames > 0 ? (frames * samplesPerFrame * 90_000) / rate : undefined),
    sampleRate: () => rate,
  };
}
