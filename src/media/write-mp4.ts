import type { AacConfig } from './adts-header.ts';

/** Writes the few boxes that a stream of sound alone needs. Source: ISO/IEC 14496-12 §8. */

/** A frame as it is stored; its length in ticks of the track. */
export type StoredFrame = { duration: number; bytes: Buffer };

const box = (type: string, ...parts: Buffer[]): Buffer => {
  const size = parts.reduce((sum, { length }) => sum + length, 8);
  return Buffer.concat([u32(size), Buffer.from(type, 'latin1'), ...parts]);
};
const u8 = (...values: number[]) => Buffer.from(values);
const u16 = (...values: number[]) => Buffer.concat(values.map((value) => u8((value >> 8) & 255, value & 255)));
const u32 = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, index * 4);
  return bytes;
};
const u64 = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};
/** 1.0 in the middle of nothing: what stands where nobody turns a picture. */
const matrix = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** One fragment of frames that follow each other. @param decodeTime of the first, in ticks of the track */
export function writeFragment(trackId: number, decodeTime: number, frames: StoredFrame[]): Buffer {
  const entries = frames.flatMap(({ duration, bytes }) => [duration, bytes.length]);
  const make = (offset: number) =>
    box(
      'moof',
      box('mfhd', u32(0, 1)),
      box(
        'traf',
        // Addresses count from the fragment, and each frame tells its length and size.
        box('tfhd', u32(0x20000, trackId)),
        box('tfdt', u32(0x1000000), u64(decodeTime)),
        box('trun', u32(0x301, frames.length, offset, ...entries)),
      ),
    );
  const data = frames.map(({ bytes }) => bytes);
  return Buffer.concat([make(make(0).length + 8), box('mdat', ...data)]);
}

/** The initialization section of AAC; track 1, whose ticks are samples. */
export function writeAacInit({ config, sampleRate, channels }: AacConfig): Buffer {
  const track = box(
    'trak',
    box('tkhd', u32(3, 0, 0, 1, 0, 0, 0, 0), u16(0, 0, 0x100, 0), matrix, u32(0, 0)),
    box(
      'mdia',
      box('mdhd', u32(0, 0, 0, sampleRate, 0), u16(0x55c4, 0)),
      box('hdlr', u32(0, 0), Buffer.from('soun', 'latin1'), u32(0, 0, 0), u8(0)),
      box(
        'minf',
        box('smhd', u32(0, 0)),
        box('dinf', box('dref', u32(0, 1), box('url ', u32(1)))),
        box('stbl', describeAac(config, sampleRate, channels), ...emptyTables()),
      ),
    ),
  );
  const head = box('mvhd', u32(0, 0, 0, 1000, 0, 0x10000), u16(0x100, 0), u32(0, 0), matrix, u32(0, 0, 0, 0, 0, 0, 2));
  const brands = Buffer.from('iso5\0\0\x02\0iso5iso6mp41', 'latin1');
  return Buffer.concat([
    box('ftyp', brands),
    box('moov', head, track, box('mvex', box('trex', u32(0, 1, 1, 0, 0, 0)))),
  ]);
}

const emptyTables = () => [
  box('stts', u32(0, 0)),
  box('stsc', u32(0, 0)),
  box('stsz', u32(0, 0, 0)),
  box('stco', u32(0, 0)),
];

/** Source: ISO/IEC 14496-14 §5.6 (mp4a, esds) and ISO/IEC 14496-1 §7.2.6 (descriptors). */
function describeAac(config: number, sampleRate: number, channels: number): Buffer {
  const specific = Buffer.concat([u8(5, 2), u16(config)]);
  const decoder = Buffer.concat([u8(4, 13 + specific.length, 0x40, 0x15, 0, 0, 0), u32(0, 0), specific]);
  const descriptor = Buffer.concat([u8(3, 3 + decoder.length + 3), u16(0), u8(0), decoder, u8(6, 1, 2)]);
  const entry = Buffer.concat([u32(0), u16(0, 1), u32(0, 0), u16(channels || 2, 16, 0, 0, sampleRate & 0xffff, 0)]);
  return box('stsd', u32(0, 1), box('mp4a', entry, box('esds', u32(0), descriptor)));
}
