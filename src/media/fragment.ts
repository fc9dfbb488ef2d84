import { TemporaryError } from '../core/errors.ts';
import { type Box, findBox, findBoxes } from './boxes.ts';
import type { Init, InitTrack, SampleDefaults } from './fmp4-init.ts';

/** One track's stretch in a fragment (`traf`). Times in ticks of the track. */
export type Stretch = {
  track: InitTrack;
  defaults: SampleDefaults;
  decodeTime: number;
  /** Where the decode time stands, so that it can be moved. */
  timeBox: Box;
  runs: Box[];
};

/** `at`: where its bytes stand, counted from the fragment's beginning. Times in ticks of the track. */
export type Sample = {
  at: number;
  sizeBytes: number;
  duration: number;
  flags: number;
  decodeTime: number;
  /** When it is shown, edit list included. */
  showTime: number;
};

/** More samples than this are no live Media Segment: 20 minutes of 60 pictures and 47 sounds a second. */
export const maxSamples = 130_000;

/** Which optional fields stand in a box. Source: ISO/IEC 14496-12 §8.8.7, §8.8.8. */
const header = { base: 0x1, description: 0x2, duration: 0x8, size: 0x10, flags: 0x20 };
const field = { offset: 0x1, firstFlags: 0x4, duration: 0x100, size: 0x200, flags: 0x400, shift: 0x800 };

/** Reads the tracks of a fragment (`moof`) that we know. @throws TemporaryError `corrupt` */
export function readStretches(bytes: Buffer, moof: Box, { tracks }: Init): Stretch[] {
  const stretches: Stretch[] = [];
  for (const traf of findBoxes(bytes, moof, 'traf').slice(0, 16)) {
    const head = findBox(bytes, traf, 'tfhd');
    if (!head || head.end - head.body < 8) throw corrupt('no tfhd');
    const id = bytes.readUInt32BE(head.body + 4);
    const track = tracks.find((each) => each.id === id);
    if (!track) continue;
    const timeBox = findBox(bytes, traf, 'tfdt');
    if (!timeBox || timeBox.end - timeBox.body < (bytes[timeBox.body] === 1 ? 12 : 8)) throw corrupt('no tfdt');
    const defaults = readDefaults(bytes, head, track.defaults);
    const runs = findBoxes(bytes, traf, 'trun');
    stretches.push({ track, defaults, timeBox, decodeTime: readDecodeTime(bytes, timeBox), runs });
  }
  return stretches;
}

const corrupt = (detail: string) => new TemporaryError('corrupt', { detail });

function readDefaults(bytes: Buffer, { body, end }: Box, inherited: SampleDefaults): SampleDefaults {
  const told = bytes.readUInt32BE(body) & 0xffffff;
  let at = body + 8 + ((told & header.base) !== 0 ? 8 : 0) + ((told & header.description) !== 0 ? 4 : 0);
  const next = (bit: number, otherwise: number) => {
    if ((told & bit) === 0) return otherwise;
    if (at + 4 > end) throw corrupt('tfhd too short');
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const duration = next(header.duration, inherited.duration);
  const sizeBytes = next(header.size, inherited.sizeBytes);
  return { duration, sizeBytes, flags: next(header.flags, inherited.flags) };
}

/** The decode time of a `tfdt`, in ticks of its track. */
export function readDecodeTime(bytes: Buffer, { body }: Box): number {
  return bytes[body] === 1 ? Number(bytes.readBigUInt64BE(body + 4)) : bytes.readUInt32BE(body + 4);
}

/** Writes the decode time of a `tfdt` in place. @throws RangeError where it does not fit */
export function writeDecodeTime(bytes: Buffer, { body }: Box, ticks: number): void {
  if (bytes[body] === 1) bytes.writeBigUInt64BE(BigInt(ticks), body + 4);
  else bytes.writeUInt32BE(ticks, body + 4);
}

/** The samples of a stretch in the order they are decoded. @throws TemporaryError `corrupt` */
export function* samplesOf(bytes: Buffer, { track, defaults, decodeTime, runs }: Stretch): Generator<Sample> {
  let time = decodeTime;
  let place = 0;
  let seen = 0;
  for (const run of runs) {
    const reader = readRun(bytes, run, defaults);
    seen += reader.count;
    if (seen > maxSamples) throw corrupt(`${seen} samples`);
    place = reader.offset ?? place;
    for (let index = 0; index < reader.count; index++) {
      const { duration, sizeBytes, flags, shift } = reader.next(index === 0);
      yield { at: place, sizeBytes, duration, flags, decodeTime: time, showTime: time + shift + track.shift };
      time += duration;
      place += sizeBytes;
    }
  }
}

/** Reads a `trun`: where its bytes begin (absent: behind the one before), and each sample's own fields. */
function readRun(bytes: Buffer, { body, end }: Box, defaults: SampleDefaults) {
  if (end - body < 8) throw corrupt('trun too short');
  const told = bytes.readUInt32BE(body) & 0xffffff;
  const count = bytes.readUInt32BE(body + 4);
  const has = (bit: number) => (told & bit) !== 0;
  const isSigned = bytes[body] !== 0;
  let at = body + 8;
  const word = () => {
    if (at + 4 > end) throw corrupt('trun too short');
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const offset = has(field.offset) ? word() | 0 : undefined;
  const firstFlags = has(field.firstFlags) ? word() : undefined;
  const next = (isFirst: boolean) => {
    const duration = has(field.duration) ? word() : defaults.duration;
    const sizeBytes = has(field.size) ? word() : defaults.sizeBytes;
    const own = has(field.flags) ? word() : defaults.flags;
    const flags = isFirst ? (firstFlags ?? own) : own;
    const shift = has(field.shift) ? word() : 0;
    return { duration, sizeBytes, flags, shift: isSigned ? shift | 0 : shift };
  };
  return { count, offset, next };
}
