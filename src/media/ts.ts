import { createAdtsCounter } from './adts.ts';
import { lengthOf, type MediaFacts } from './facts.ts';
import { hasKeyframe, readSpsSize } from './nal.ts';

/** Bytes of an MPEG-TS packet and its first byte. Source: ISO/IEC 13818-1 §2.4.3. */
export const packetBytes = 188;
const syncByte = 0x47;
/** PTS and DTS count 90 000 per second in 33 bits. */
export const ptsWrap = 2 ** 33;

/** stream_type of a PMT → codec. Source: ISO/IEC 13818-1 table 2-34. */
const videoTypes: Record<number, string> = { 1: 'mpeg1video', 2: 'mpeg2video', 0x1b: 'h264', 0x24: 'hevc' };
const audioTypes: Record<number, string> = {
  3: 'mp3',
  4: 'mp3',
  0x0f: 'aac',
  0x11: 'aac_latm',
  0x81: 'ac3',
  0x87: 'eac3',
};

/** What a stretch of MPEG-TS holds; its video timestamps are one per PES packet, unwrapped from the first one seen. */
export type TsFacts = MediaFacts & {
  packetCount: number;
  /** Bytes where no packet began: a broken file where it is not 0. */
  strayBytes: number;
};

export type TsScanner = { push(chunk: Buffer): void; finish(): TsFacts };

type Track = { pid: number; codec: string; first?: number; min: number; max: number; count: number };

/**
 * Reads MPEG-TS as it streams by: walks packet headers and looks into PES headers alone, so that sixty recordings
 * cost little. Chunks may be cut anywhere.
 */
export function createTsScanner(): TsScanner {
  const facts: TsFacts = {
    packetCount: 0,
    strayBytes: 0,
    frameCount: 0,
    beginsWithKeyframe: false,
    frameTicks: 0,
    lengthMs: 0,
  };
  const rest = Buffer.alloc(packetBytes);
  let restBytes = 0;
  let pmtPid = -1;
  let adtsPid = -1;
  let video: Track | undefined;
  let audio: Track | undefined;
  const adts = createAdtsCounter();
  let isFirstVideo = true;

  const readPmt = (packet: Buffer, at: number): void => {
    const start = at + (packet[at] ?? 0) + 1;
    if (start + 12 > packet.length) return;
    const end = Math.min(start + 3 + (packet.readUInt16BE(start + 1) & 0xfff) - 4, packet.length);
    let entry = start + 12 + (packet.readUInt16BE(start + 10) & 0xfff);
    while (entry + 5 <= end) {
      const type = packet[entry] ?? 0;
      const pid = packet.readUInt16BE(entry + 1) & 0x1fff;
      const videoCodec = videoTypes[type];
      const audioCodec = audioTypes[type];
      if (videoCodec && !video) video = newTrack(pid, videoCodec);
      if (audioCodec && !audio) audio = newTrack(pid, audioCodec);
      entry += 5 + (packet.readUInt16BE(entry + 3) & 0xfff);
    }
    if (audio?.codec === 'aac') adtsPid = audio.pid;
    facts.video = video?.codec;
    facts.audio = audio?.codec;
  };

  const readVideoStart = (packet: Buffer, payload: number, isRandomAccess: boolean): void => {
    if (!video) return;
    const pts = readPts(packet, payload);
    if (pts !== undefined) note(video, pts);
    facts.frameCount++;
    if (isFirstVideo) {
      isFirstVideo = false;
      facts.beginsWithKeyframe = isRandomAccess || hasKeyframe(packet, pesBody(packet, payload), video.codec);
    }
    if (facts.width === undefined && video.codec === 'h264')
      Object.assign(facts, readSpsSize(packet, pesBody(packet, payload)));
  };

  const readAudioStart = (packet: Buffer, payload: number): void => {
    if (!audio) return;
    const pts = readPts(packet, payload);
    if (pts !== undefined) note(audio, pts);
    adts.start(pts);
  };

  const readPacket = (bytes: Buffer, at: number): void => {
    facts.packetCount++;
    const second = bytes[at + 1] ?? 0;
    const pid = ((second & 0x1f) << 8) | (bytes[at + 2] ?? 0);
    const isStart = (second & 0x40) !== 0;
    const isAac = pid === adtsPid;
    if (!isStart && !isAac) return;
    const control = (bytes[at + 3] ?? 0) & 0x30;
    if ((control & 0x10) === 0) return;
    const adaptation = control === 0x30 ? 1 + (bytes[at + 4] ?? 0) : 0;
    const payload = 4 + adaptation;
    if (!isStart) return adts.count(bytes, at + payload, at + packetBytes);
    if (payload >= packetBytes - 9) return;
    const packet = bytes.subarray(at, at + packetBytes);
    if (pid === 0 && pmtPid < 0) {
      const section = payload + (packet[payload] ?? 0) + 1;
      if (section + 12 <= packetBytes) pmtPid = packet.readUInt16BE(section + 10) & 0x1fff;
    } else if (pid === pmtPid && !video && !audio) {
      readPmt(packet, payload);
    } else if (pid === video?.pid && isPesStart(packet, payload)) {
      readVideoStart(packet, payload, adaptation > 1 && ((packet[5] ?? 0) & 0x40) !== 0);
    } else if (pid === audio?.pid && isPesStart(packet, payload)) {
      readAudioStart(packet, payload);
      if (isAac) adts.count(packet, pesBody(packet, payload), packetBytes);
    }
  };

  /** What is left of a chunk has to begin with a sync byte, or it is no packet. */
  const skipStray = (): void => {
    const next = rest.subarray(0, restBytes).indexOf(syncByte);
    const stray = next < 0 ? restBytes : next;
    facts.strayBytes += stray;
    rest.copy(rest, 0, stray, restBytes);
    restBytes -= stray;
  };

  /** Walks the packets of `bytes` from `start`; returns where the last incomplete one begins. */
  const walk = (bytes: Buffer, start: number): number => {
    let at = start;
    while (at + packetBytes <= bytes.length) {
      if (bytes[at] === syncByte) {
        readPacket(bytes, at);
        at += packetBytes;
        continue;
      }
      const next = bytes.indexOf(syncByte, at + 1);
      facts.strayBytes += (next < 0 ? bytes.length : next) - at;
      at = next < 0 ? bytes.length : next;
    }
    return at;
  };

  return {
    push(chunk) {
      let start = 0;
      if (restBytes > 0) {
        // Only the packet that was cut is put together; the chunk itself is not copied.
        start = Math.min(packetBytes - restBytes, chunk.length);
        chunk.copy(rest, restBytes, 0, start);
        restBytes += start;
        if (restBytes < packetBytes) return;
        restBytes = 0;
        // The rest begins with a sync byte, so that it is one packet and nothing is left of it.
        walk(rest, 0);
      }
      const at = walk(chunk, start);
      restBytes = chunk.copy(rest, 0, at);
      if (restBytes > 0 && rest[0] !== syncByte) skipStray();
    },
    finish() {
      facts.strayBytes += restBytes;
      if (facts.frameCount === 0 && audio) facts.beginsWithKeyframe = true;
      if (video && video.count > 0) {
        facts.videoFirst = video.min;
        facts.videoLast = video.max;
        facts.frameTicks = video.count > 1 ? (video.max - video.min) / (video.count - 1) : 3_600;
      }
      if (audio && audio.count > 0) {
        facts.audioFirst = audio.min;
        const spacing = audio.count > 1 ? (audio.max - audio.min) / (audio.count - 1) : 0;
        facts.sampleRate = adts.sampleRate();
        facts.audioEnd = audio.max + (adts.tailTicks() ?? spacing);
      }
      facts.lengthMs = lengthOf(facts);
      return facts;
    },
  };
}

const newTrack = (pid: number, codec: string): Track => ({ pid, codec, min: 0, max: 0, count: 0 });

function note(track: Track, pts: number): void {
  const value = track.first === undefined ? pts : unwrap(pts, track.max);
  if (track.first === undefined) {
    track.first = pts;
    track.min = value;
    track.max = value;
  }
  track.min = Math.min(track.min, value);
  track.max = Math.max(track.max, value);
  track.count++;
}

/** The value nearest to `near` that is equal to `pts` in 33 bits. */
export function unwrap(pts: number, near: number): number {
  return pts + Math.round((near - pts) / ptsWrap) * ptsWrap;
}

function isPesStart(packet: Buffer, payload: number): boolean {
  return packet[payload] === 0 && packet[payload + 1] === 0 && packet[payload + 2] === 1;
}

/** Where the elementary stream begins behind a PES header. */
const pesBody = (packet: Buffer, payload: number) => payload + 9 + (packet[payload + 8] ?? 0);

/** The presentation timestamp of a PES header, in 90 kHz ticks; undefined where it has none. */
function readPts(packet: Buffer, payload: number): number | undefined {
  if (((packet[payload + 7] ?? 0) & 0x80) === 0 || payload + 14 > packetBytes) return undefined;
  return readTimestamp(packet, payload + 9);
}

/** 33 bits spread over 5 bytes. Source: ISO/IEC 13818-1 §2.4.3.6. */
export function readTimestamp(bytes: Buffer, at: number): number {
  const high = ((bytes[at] ?? 0) >> 1) & 7;
  const middle = bytes.readUInt16BE(at + 1) >> 1;
  const low = bytes.readUInt16BE(at + 3) >> 1;
  return high * 2 ** 30 + middle * 2 ** 15 + low;
}
