import { type AacConfig, adtsHeaderBytes, readAdtsHeader } from './adts-header.ts';
import { boxesIn } from './boxes.ts';
import type { Init } from './fmp4-init.ts';
import { readStretches, samplesOf } from './fragment.ts';
import { readProgram } from './program.ts';
import { packetBytes, readTimestamp } from './ts.ts';

/** One frame of sound. `at`: when it is heard, and how long it lasts, in ticks of 90 kHz. */
export type SoundFrame = { at: number; ticks: number; bytes: Buffer };

const ticksPerSecond = 90_000;

/** The frames of a Segment of fMP4 that is sound alone. @throws TemporaryError `corrupt` */
export function readFmp4Sound(bytes: Buffer, init: Init): SoundFrame[] {
  const frames: SoundFrame[] = [];
  for (const box of boxesIn(bytes)) {
    if (box.type !== 'moof') continue;
    for (const stretch of readStretches(bytes, box, init)) {
      if (stretch.track.kind !== 'audio') continue;
      const scale = ticksPerSecond / stretch.track.timescale;
      for (const { at, sizeBytes, showTime, duration } of samplesOf(bytes, stretch)) {
        const from = box.start + at;
        frames.push({ at: showTime * scale, ticks: duration * scale, bytes: bytes.subarray(from, from + sizeBytes) });
      }
    }
  }
  return frames;
}

/** The AAC frames of a Segment of MPEG-TS, without their headers, and what decodes them; empty where it is not AAC. */
export function readTsSound(bytes: Buffer): { frames: SoundFrame[]; config: AacConfig | undefined } {
  const frames: SoundFrame[] = [];
  let config: AacConfig | undefined;
  for (const { at, data } of joinFrames(packetsOf(bytes))) {
    let time = at;
    for (let from = 0; from + adtsHeaderBytes <= data.length; ) {
      const header = readAdtsHeader(data, from);
      if (!header || from + header.sizeBytes > data.length) break;
      config ??= header.config;
      const ticks = header.ticks;
      frames.push({ at: time, ticks, bytes: data.subarray(from + header.headerBytes, from + header.sizeBytes) });
      time += ticks;
      from += header.sizeBytes;
    }
  }
  return { frames, config };
}

type Timed = { at: number; data: Buffer };

/** A frame may begin in one PES packet and end in the next, whose timestamp is of the first that begins in it. */
function* joinFrames(packets: Iterable<Timed>): Generator<Timed> {
  let rest = Buffer.alloc(0);
  let restAt = 0;
  for (const { at, data } of packets) {
    const goesOn = rest.length > 0 && Math.abs(at - restAt) < ticksPerSecond;
    const joined = goesOn ? Buffer.concat([rest, data]) : data;
    const start = goesOn ? restAt : at;
    const whole = wholeFrames(joined);
    yield { at: start, data: joined.subarray(0, whole.bytes) };
    rest = Buffer.from(joined.subarray(whole.bytes));
    restAt = start + whole.ticks;
  }
}

function wholeFrames(data: Buffer): { bytes: number; ticks: number } {
  let bytes = 0;
  let ticks = 0;
  for (;;) {
    const header = readAdtsHeader(data, bytes);
    if (!header || bytes + header.sizeBytes > data.length) break;
    bytes += header.sizeBytes;
    ticks += header.ticks;
  }
  return { bytes, ticks };
}

/** The PES packets of the sound, put together from whole MPEG-TS packets. */
function* packetsOf(bytes: Buffer): Generator<Timed> {
  const pid = readProgram(bytes)?.audio;
  let pieces: Buffer[] = [];
  let at: number | undefined;
  for (let from = 0; from + packetBytes <= bytes.length; from += packetBytes) {
    if ((bytes.readUInt16BE(from + 1) & 0x1fff) !== pid) continue;
    const control = (bytes[from + 3] ?? 0) & 0x30;
    const payload = from + 4 + (control === 0x30 ? 1 + (bytes[from + 4] ?? 0) : 0);
    if ((control & 0x10) === 0 || payload >= from + packetBytes) continue;
    const isStart = ((bytes[from + 1] ?? 0) & 0x40) !== 0;
    if (isStart && at !== undefined) yield { at, data: Buffer.concat(pieces) };
    if (isStart) pieces = [];
    // Without a timestamp it goes on where the one before ended, which only its frames tell.
    if (isStart && ((bytes[payload + 7] ?? 0) & 0x80) !== 0) at = readTimestamp(bytes, payload + 9);
    pieces.push(bytes.subarray(isStart ? payload + 9 + (bytes[payload + 8] ?? 0) : payload, from + packetBytes));
  }
  if (at !== undefined) yield { at, data: Buffer.concat(pieces) };
}
