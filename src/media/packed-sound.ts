import { type AacConfig, readAdtsHeader } from './adts-header.ts';
import type { MediaFacts } from './facts.ts';
import { lengthOf } from './facts.ts';
import type { SoundFrame } from './sound-frames.ts';

/** AAC without a container. `hasClock`: it tells when it is heard. `strayBytes`: what is neither frame nor tag. */
export type PackedSound = {
  frames: SoundFrame[];
  config: AacConfig | undefined;
  hasClock: boolean;
  strayBytes: number;
};

/** Whether bytes begin as sound without a container: an ID3 tag, or a frame of AAC. Source: RFC 8216 §3.4. */
export function isPackedSound(head: Buffer): boolean {
  return isTag(head, 0) || readAdtsHeader(head, 0) !== undefined;
}

/**
 * Reads AAC frames; a tag in front says when the next one is heard, else they follow each other.
 *
 * @param startTicks when the first is heard where nothing says it
 */
export function readPackedSound(bytes: Buffer, startTicks = 0): PackedSound {
  const sound: PackedSound = { frames: [], config: undefined, hasClock: false, strayBytes: 0 };
  let time = startTicks;
  for (let at = 0; at < bytes.length; ) {
    if (isTag(bytes, at)) {
      const tag = readTag(bytes, at);
      if (tag.clock !== undefined) [time, sound.hasClock] = [tag.clock, true];
      at = tag.end;
      continue;
    }
    const header = readAdtsHeader(bytes, at);
    if (!header || at + header.sizeBytes > bytes.length) {
      at++;
      sound.strayBytes++;
      continue;
    }
    const { ticks, sizeBytes, headerBytes } = header;
    sound.config ??= header.config;
    sound.frames.push({ at: time, ticks, bytes: bytes.subarray(at + headerBytes, at + sizeBytes) });
    time += ticks;
    at += sizeBytes;
  }
  return sound;
}

/** Facts of such a Media Segment; undefined where it is none. */
export function scanPackedSound(bytes: Buffer): MediaFacts | undefined {
  const { frames, config, hasClock, strayBytes } = readPackedSound(bytes);
  const [first, last] = [frames[0], frames.at(-1)];
  if (!first || !last || strayBytes > bytes.length / 10) return undefined;
  const clock = hasClock ? { audioFirst: first.at, audioEnd: last.at + last.ticks } : {};
  const sound = { audio: 'aac', sampleRate: config?.sampleRate, ...clock };
  const facts = { ...sound, frameCount: 0, beginsWithKeyframe: true, frameTicks: 0, isPacked: true as const };
  return { ...facts, lengthMs: lengthOf(facts) };
}

/** Source: id3.org, ID3v2.4 §3.1: three letters, version, flags, and a size of 4 times 7 bits. */
const tagHeaderBytes = 10;
const isTag = (bytes: Buffer, at: number) =>
  at + tagHeaderBytes <= bytes.length && bytes.toString('latin1', at, at + 3) === 'ID3';

/** Owner of the private frame that holds the timestamp, in 8 bytes. Source: RFC 8216 §3.4. */
const clockOwner = Buffer.from('com.apple.streaming.transportStreamTimestamp\0', 'latin1');

function readTag(bytes: Buffer, at: number): { end: number; clock?: number } {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at + 6, at + 10);
  const end = Math.min(
    bytes.length,
    at + tagHeaderBytes + ((a & 127) << 21) + ((b & 127) << 14) + ((c & 127) << 7) + (d & 127),
  );
  const owner = bytes.subarray(at, end).indexOf(clockOwner);
  const value = at + owner + clockOwner.length;
  if (owner < 0 || value + 8 > end) return { end };
  return { end, clock: Number(bytes.readBigUInt64BE(value) & 0x1ffffffffn) };
}
