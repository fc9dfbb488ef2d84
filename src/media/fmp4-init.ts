import { createHash } from 'node:crypto';
import { TemporaryError, UserError } from '../core/errors.ts';
import { type Box, boxesIn, findBox, findBoxes } from './boxes.ts';

/** A track as an initialization section describes it. */
export type InitTrack = {
  id: number;
  kind: 'video' | 'audio';
  /** Name of the codec as ffmpeg has it: `h264`, `hevc`, `av1`, `vp9`, `aac`, `opus`. */
  codec: string;
  /** Ticks a second of its timestamps. */
  timescale: number;
  width?: number;
  height?: number;
  sampleRate?: number;
  /** What holds for samples that say nothing of their own (trex). */
  defaults: SampleDefaults;
  /** What is added to a timestamp to get when it is shown (edit list), in its own ticks. */
  shift: number;
};
export type SampleDefaults = { duration: number; sizeBytes: number; flags: number };

/** `identity` is the same for two initialization sections that decode alike, whatever else stands in them. */
export type Init = { bytes: Buffer; tracks: InitTrack[]; identity: string };

/** Sample entry → codec. Source: mp4ra.org, registered sample entries. */
const codecs: Record<string, string> = {
  avc1: 'h264',
  avc3: 'h264',
  hvc1: 'hevc',
  hev1: 'hevc',
  dvh1: 'hevc',
  dvhe: 'hevc',
  av01: 'av1',
  vp09: 'vp9',
  vp08: 'vp8',
  mp4a: 'aac',
  Opus: 'opus',
  fLaC: 'flac',
  'ac-3': 'ac3',
  'ec-3': 'eac3',
  '.mp3': 'mp3',
};
/** Sample entries of bytes that only a player with a licence may decrypt. Source: ISO/IEC 23001-7 §4. */
const encrypted = new Set(['encv', 'enca']);
/** More tracks than this are no stream. */
const maxTracks = 16;

/**
 * Reads an initialization section (EXT-X-MAP): its video and audio tracks. Source: ISO/IEC 14496-12 §8.
 *
 * @throws TemporaryError `bad_init` where it is none; UserError `hls_drm` where its samples are encrypted
 */
export function readInit(bytes: Buffer): Init {
  const moov = findBox(bytes, { body: 0, end: bytes.length }, 'moov');
  if (!moov) throw new TemporaryError('bad_init', { detail: 'no moov' });
  const defaults = readDefaults(bytes, moov);
  const movieScale = readTimescale(bytes, findBox(bytes, moov, 'mvhd')) ?? 1;
  const hash = createHash('sha256');
  const tracks: InitTrack[] = [];
  for (const trak of findBoxes(bytes, moov, 'trak').slice(0, maxTracks)) {
    const track = readTrack(bytes, trak, { defaults, movieScale });
    if (!track || tracks.some(({ kind }) => kind === track.kind)) continue;
    tracks.push(track);
    // When all of them begin is told by each fragment; only how the tracks stand to each other belongs to decoding.
    const shiftMs = Math.round(
      (track.shift / track.timescale - (tracks[0]?.shift ?? 0) / (tracks[0]?.timescale ?? 1)) * 1000,
    );
    hash.update(JSON.stringify({ ...track, shift: shiftMs }));
    const entries = findBox(bytes, trak, 'mdia', 'minf', 'stbl', 'stsd');
    if (entries) hash.update(bytes.subarray(entries.start, entries.end));
  }
  if (tracks.length === 0) throw new TemporaryError('bad_init', { detail: 'no track we know' });
  return { bytes, tracks, identity: hash.digest('hex').slice(0, 32) };
}

const none: SampleDefaults = { duration: 0, sizeBytes: 0, flags: 0 };

/** @param movieScale ticks a second that edit lists count in */
function readTrack(
  bytes: Buffer,
  trak: Box,
  { defaults, movieScale }: { defaults: Map<number, SampleDefaults>; movieScale: number },
): InitTrack | undefined {
  const header = findBox(bytes, trak, 'tkhd');
  const timescale = readTimescale(bytes, findBox(bytes, trak, 'mdia', 'mdhd'));
  const handler = findBox(bytes, trak, 'mdia', 'hdlr');
  const entries = findBox(bytes, trak, 'mdia', 'minf', 'stbl', 'stsd');
  if (!header || !timescale || !handler || !entries || handler.end - handler.body < 12) return undefined;
  const isLong = bytes[header.body] === 1;
  if (header.body + 24 > header.end) return undefined;
  const id = bytes.readUInt32BE(header.body + (isLong ? 20 : 12));
  const kind = { vide: 'video', soun: 'audio' }[bytes.toString('latin1', handler.body + 8, handler.body + 12)];
  const entry = firstEntry(bytes, entries);
  if (!kind || !entry) return undefined;
  if (encrypted.has(entry.type)) throw new UserError('hls_drm', { method: 'CENC' });
  const codec = codecs[entry.type];
  if (!codec || entry.end - entry.body < 28) return undefined;
  const shift = readShift(bytes, findBox(bytes, trak, 'edts', 'elst'), { timescale, movieScale });
  const base = { id, codec, timescale, defaults: defaults.get(id) ?? none, shift };
  if (kind === 'audio') return { ...base, kind, sampleRate: bytes.readUInt16BE(entry.body + 24) || timescale };
  const [width, height] = [bytes.readUInt16BE(entry.body + 24), bytes.readUInt16BE(entry.body + 26)];
  return { ...base, kind: 'video', width, height };
}

/** Sample entries stand behind a version, flags and their number; a stream uses the first. */
function firstEntry(bytes: Buffer, { body, end }: Box): Box | undefined {
  const first = boxesIn(bytes, body + 8, end).next();
  return first.done ? undefined : first.value;
}

/** `mvhd` and `mdhd` begin alike. */
function readTimescale(bytes: Buffer, box: Box | undefined): number | undefined {
  if (!box || box.end - box.body < 24) return undefined;
  return bytes.readUInt32BE(box.body + (bytes[box.body] === 1 ? 20 : 12)) || undefined;
}

function readDefaults(bytes: Buffer, moov: Box): Map<number, SampleDefaults> {
  const extends_ = findBox(bytes, moov, 'mvex');
  const found = new Map<number, SampleDefaults>();
  for (const { body, end } of extends_ ? findBoxes(bytes, extends_, 'trex').slice(0, maxTracks) : []) {
    if (end - body < 24) continue;
    const [duration, sizeBytes] = [bytes.readUInt32BE(body + 12), bytes.readUInt32BE(body + 16)];
    found.set(bytes.readUInt32BE(body + 4), { duration, sizeBytes, flags: bytes.readUInt32BE(body + 20) });
  }
  return found;
}

/** Empty edits delay what follows; the first other one says where the media begins. */
function readShift(
  bytes: Buffer,
  box: Box | undefined,
  { timescale, movieScale }: { timescale: number; movieScale: number },
): number {
  if (!box || box.end - box.body < 8) return 0;
  const isLong = bytes[box.body] === 1;
  const step = isLong ? 20 : 12;
  let shift = 0;
  for (let at = box.body + 8; at + step <= box.end; at += step) {
    const lasts = isLong ? Number(bytes.readBigUInt64BE(at)) : bytes.readUInt32BE(at);
    const begins = isLong ? Number(bytes.readBigInt64BE(at + 8)) : bytes.readInt32BE(at + 4);
    if (begins >= 0) return shift - begins;
    shift += (lasts / movieScale) * timescale;
  }
  return shift;
}
