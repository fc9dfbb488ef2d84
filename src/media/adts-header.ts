/** What decodes AAC frames. `config`: the two bytes of an AudioSpecificConfig. */
export type AacConfig = { config: number; sampleRate: number; channels: number };

/** Source: ISO/IEC 14496-3 table 1.18. */
const sampleRates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
const samplesPerFrame = 1024;
/** Bytes of the header without its checksum. */
export const adtsHeaderBytes = 7;

/** `sizeBytes` with the header; `ticks` of 90 kHz that the frame lasts. */
export type AdtsHeader = { sizeBytes: number; headerBytes: number; ticks: number; config: AacConfig };

/** The header of an AAC frame at `at`; undefined where there is none. Source: ISO/IEC 13818-7 §6.2. */
export function readAdtsHeader(bytes: Buffer, at: number): AdtsHeader | undefined {
  if (at + adtsHeaderBytes > bytes.length) return undefined;
  const [, , third = 0, fourth = 0, fifth = 0, sixth = 0] = bytes.subarray(at, at + adtsHeaderBytes);
  if (bytes[at] !== 0xff || ((bytes[at + 1] ?? 0) & 0xf6) !== 0xf0) return undefined;
  const rateIndex = (third >> 2) & 15;
  const sampleRate = sampleRates[rateIndex];
  const channels = ((third & 1) << 2) | (fourth >> 6);
  const sizeBytes = ((fourth & 3) << 11) | (fifth << 3) | (sixth >> 5);
  const hasChecksum = ((bytes[at + 1] ?? 0) & 1) === 0;
  if (!sampleRate || sizeBytes < adtsHeaderBytes) return undefined;
  // AudioSpecificConfig: object type (profile + 1), rate, channels. Source: ISO/IEC 14496-3 §1.6.2.1.
  const config = (((third >> 6) + 1) << 11) | (rateIndex << 7) | (channels << 3);
  const ticks = (samplesPerFrame * 90_000) / sampleRate;
  const headerBytes = adtsHeaderBytes + (hasChecksum ? 2 : 0);
  return { sizeBytes, headerBytes, ticks, config: { config, sampleRate, channels } };
}
