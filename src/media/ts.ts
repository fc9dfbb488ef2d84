/** Bytes of an MPEG-TS packet and its first byte. Source: ISO/IEC 13818-1 §2.4.3. */
export const packetBytes = 188;
const syncByte = 0x47;
/** PTS and DTS count 90 000 per second in 33 bits. */
export const ptsWrap = 2 ** 33;
const ticksPerMs = 90;

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

/** What a stretch of MPEG-TS holds. Timestamps in 90 kHz ticks, unwrapped from the first one seen. */
export type TsFacts = {
  packetCount: number;
  /** Bytes where no packet began: a broken file where it is not 0. */
  strayBytes: number;
  video?: string;
  audio?: string;
  width?: number;
  height?: number;
  sampleRate?: number;
  /** Video PES packets: one per frame. */
  frameCount: number;
  beginsWithKeyframe: boolean;
  /** Lowest and highest video timestamp; highest is of the last frame shown. */
  videoFirst?: number;
  videoLast?: number;
  audioFirst?: number;
  /** End of the last audio PES, its own frames included. */
  audioEnd?: number;
  /** Length of one video frame, from the timestamps. */
  frameTicks: number;
  /** Media time: of the video; of the audio where there is none. */
  lengthMs: number;
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
  let rest: Buffer | undefined;
  let pmtPid = -1;
  let video: Track | undefined;
  let audio: Track | undefined;
  let audioTail = 0;
  let isFirstVideo = true;

  const readPmt = (packet: Buffer, at: number): void => {
    const start = at + (packet[at] ?? 0) + 1;
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
      facts.beginsWithKeyframe = isRandomAccess || hasKeyframe(packet, payload, video.codec);
    }
    if (facts.width === undefined && video.codec === 'h264') Object.assign(facts, readSpsSize(packet, payload));
  };

  const readAudioStart = (packet: Buffer, payload: number): void => {
    if (!audio) return;
    const pts = readPts(packet, payload);
    if (pts !== undefined) note(audio, pts);
    const header = payload + 9 + (packet[payload + 8] ?? 0);
    if (audio.codec !== 'aac' || header + 7 > packet.length || packet[header] !== 0xff) return;
    facts.sampleRate = adtsRates[((packet[header + 2] ?? 0) >> 2) & 15];
    const pesBytes = packet.readUInt16BE(payload + 4);
    const frameBytes =
      (((packet[header + 3] ?? 0) & 3) << 11) | ((packet[header + 4] ?? 0) << 3) | ((packet[header + 5] ?? 0) >> 5);
    const frames =
      pesBytes > 0 && frameBytes > 0
        ? Math.max(1, Math.round((pesBytes - 3 - (packet[payload + 8] ?? 0)) / frameBytes))
        : 1;
    if (facts.sampleRate && pts !== undefined) audioTail = (frames * 1024 * 90_000) / facts.sampleRate;
  };

  const readPacket = (bytes: Buffer, at: number): void => {
    facts.packetCount++;
    const second = bytes[at + 1] ?? 0;
    const pid = ((second & 0x1f) << 8) | (bytes[at + 2] ?? 0);
    if ((second & 0x40) === 0) return;
    const control = (bytes[at + 3] ?? 0) & 0x30;
    if ((control & 0x10) === 0) return;
    const adaptation = control === 0x30 ? 1 + (bytes[at + 4] ?? 0) : 0;
    const payload = 4 + adaptation;
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
    }
  };

  return {
    push(chunk) {
      const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
      let at = 0;
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
      rest = at < bytes.length ? bytes.subarray(at) : undefined;
    },
    finish() {
      facts.strayBytes += rest?.length ?? 0;
      if (facts.frameCount === 0 && audio) facts.beginsWithKeyframe = true;
      if (video && video.count > 0) {
        facts.videoFirst = video.min;
        facts.videoLast = video.max;
        facts.frameTicks = video.count > 1 ? (video.max - video.min) / (video.count - 1) : 3_600;
      }
      if (audio && audio.count > 0) {
        facts.audioFirst = audio.min;
        facts.audioEnd = audio.max + audioTail;
      }
      facts.lengthMs = lengthOf(facts);
      return facts;
    },
  };
}

const adtsRates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

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

function lengthOf({ videoFirst, videoLast, audioFirst, audioEnd, frameTicks }: TsFacts): number {
  if (videoFirst !== undefined && videoLast !== undefined) return (videoLast - videoFirst + frameTicks) / ticksPerMs;
  if (audioFirst !== undefined && audioEnd !== undefined) return (audioEnd - audioFirst) / ticksPerMs;
  return 0;
}

function isPesStart(packet: Buffer, payload: number): boolean {
  return packet[payload] === 0 && packet[payload + 1] === 0 && packet[payload + 2] === 1;
}

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

/** Whether the first packet of a frame shows an IDR (H.264) or IRAP (HEVC) picture, or the parameter sets before one. */
function hasKeyframe(packet: Buffer, payload: number, codec: string): boolean {
  for (let at = payload + 9 + (packet[payload + 8] ?? 0); at + 4 < packetBytes; at++) {
    if (packet[at] !== 0 || packet[at + 1] !== 0 || packet[at + 2] !== 1) continue;
    const head = packet[at + 3] ?? 0;
    const type = codec === 'hevc' ? (head >> 1) & 0x3f : head & 0x1f;
    if (codec === 'hevc' ? (type >= 16 && type <= 23) || type === 32 : type === 5 || type === 7) return true;
  }
  return false;
}

/** Width and height from an H.264 sequence parameter set in the packet, if one begins there. */
function readSpsSize(packet: Buffer, payload: number): { width: number; height: number } | undefined {
  for (let at = payload + 9; at + 10 < packetBytes; at++) {
    if (packet[at] !== 0 || packet[at + 1] !== 0 || packet[at + 2] !== 1 || ((packet[at + 3] ?? 0) & 0x1f) !== 7)
      continue;
    return parseSps(packet.subarray(at + 4));
  }
  return undefined;
}

const chromaProfiles = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128]);

/** Source: ITU-T H.264 §7.3.2.1.1. `bytes` begins behind the NAL header. */
function parseSps(bytes: Buffer): { width: number; height: number } | undefined {
  const bits = bitReader(bytes);
  const profile = bits.read(8);
  bits.read(16);
  bits.golomb();
  let chroma = 1;
  if (chromaProfiles.has(profile)) {
    chroma = bits.golomb();
    if (chroma === 3) bits.read(1);
    bits.golomb();
    bits.golomb();
    bits.read(1);
    if (bits.read(1)) return undefined;
  }
  bits.golomb();
  const orderType = bits.golomb();
  if (orderType === 0) bits.golomb();
  else if (orderType === 1) return undefined;
  bits.golomb();
  bits.read(1);
  const widthUnits = bits.golomb() + 1;
  const heightUnits = bits.golomb() + 1;
  const isFrame = bits.read(1);
  if (!isFrame) bits.read(1);
  bits.read(1);
  const crop = bits.read(1) ? [bits.golomb(), bits.golomb(), bits.golomb(), bits.golomb()] : [0, 0, 0, 0];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * (2 - isFrame);
  return {
    width: widthUnits * 16 - (left + right) * unitX,
    height: (2 - isFrame) * heightUnits * 16 - (top + bottom) * unitY,
  };
}

/** Reads bits of a NAL unit, its emulation prevention bytes left out. */
function bitReader(raw: Buffer) {
  const bytes: number[] = [];
  for (let i = 0; i < raw.length; i++) {
    if (i >= 2 && raw[i] === 3 && raw[i - 1] === 0 && raw[i - 2] === 0) continue;
    bytes.push(raw[i] ?? 0);
  }
  let at = 0;
  const bit = () => ((bytes[at >> 3] ?? 0) >> (7 - (at++ & 7))) & 1;
  const read = (count: number) => {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + bit();
    return value;
  };
  const golomb = () => {
    let zeros = 0;
    while (bit() === 0 && zeros < 31) zeros++;
    return 2 ** zeros - 1 + read(zeros);
  };
  return { read, golomb };
}
