import { isSameProgram, moveProgram, type Program, readProgram } from './program.ts';
import { createTsScanner, packetBytes, ptsWrap, readTimestamp, type TsFacts, unwrap } from './ts.ts';

/** First byte of each packet. Source: ISO/IEC 13818-1 §2.4.3.2. */
const syncByte = 0x47;

export type OpenFile = () => Promise<NodeJS.ReadableStream>;

/** Segments whose timestamps go on from one to the next; each opens its file, whole MPEG-TS packets or fragments. */
export type Run = { files: OpenFile[] };

/**
 * Lays Runs end to end as one MPEG-TS stream: the first as it is, each later one with PTS, DTS and PCR moved so that
 * it begins exactly where the one before ended, under the packet ids of the first. Gaps take no time. One Segment is in
 * memory at a time.
 *
 * @param offsets ticks that each Run is moved by, where that is decided already
 */
export async function* layEndToEnd(runs: Run[], offsets?: number[]): AsyncGenerator<Buffer> {
  let endTicks: number | undefined;
  let first: Program | undefined;
  for (const [index, run] of runs.entries()) {
    const isLast = index === runs.length - 1;
    const scanner = createTsScanner();
    let offset = offsets?.[index];
    for (const openFile of run.files) {
      const bytes = await readAll(await openFile());
      offset ??= endTicks === undefined ? 0 : endTicks - (firstTicks(bytes) ?? endTicks);
      moveTimestamps(bytes, offset);
      const program = readProgram(bytes);
      first ??= program;
      // Only what decides the next offset is scanned; a single Run passes through untouched.
      if (!isLast) scanner.push(bytes);
      if (first && program && !isSameProgram(first, program)) moveProgram(bytes, program, first);
      yield bytes;
    }
    if (!isLast) endTicks = lastTicks(scanner.finish()) ?? endTicks;
  }
}

/** The whole of a file, in memory. */
export async function readAll(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
}

function firstTicks(bytes: Buffer): number | undefined {
  const scanner = createTsScanner();
  scanner.push(bytes);
  const { videoFirst, audioFirst } = scanner.finish();
  if (videoFirst === undefined) return audioFirst;
  return audioFirst === undefined ? videoFirst : Math.min(videoFirst, unwrap(audioFirst, videoFirst));
}

/** The counter may wrap between the tracks: audio is compared on the video's side of it. */
function lastTicks({ videoLast, frameTicks, audioEnd }: TsFacts): number | undefined {
  if (videoLast === undefined) return audioEnd;
  const videoEnd = videoLast + frameTicks;
  return audioEnd === undefined ? videoEnd : Math.max(videoEnd, unwrap(audioEnd, videoEnd));
}

/** Moves PTS, DTS and PCR of whole packets by `offset` ticks of 90 kHz, in place, in 33 bits. */
export function moveTimestamps(bytes: Buffer, offset: number): void {
  const ticks = Math.round(offset);
  if (ticks === 0) return;
  for (let at = nextPacket(bytes, 0); at + packetBytes <= bytes.length; at = nextPacket(bytes, at + packetBytes)) {
    const control = (bytes[at + 3] ?? 0) & 0x30;
    const adaptation = (control & 0x20) === 0 ? 0 : 1 + (bytes[at + 4] ?? 0);
    if (adaptation > 7 && ((bytes[at + 5] ?? 0) & 0x10) !== 0) movePcr(bytes, at + 6, ticks);
    const isStart = ((bytes[at + 1] ?? 0) & 0x40) !== 0;
    if (isStart && (control & 0x10) !== 0) movePes(bytes, at + 4 + adaptation, at + packetBytes, ticks);
  }
}

/** Where the next packet begins; bytes that are no packet are stepped over as the scanner does. */
function nextPacket(bytes: Buffer, at: number): number {
  if (bytes[at] === syncByte) return at;
  const next = bytes.indexOf(syncByte, at);
  return next < 0 ? bytes.length : next;
}

const wrapped = (value: number) => ((value % ptsWrap) + ptsWrap) % ptsWrap;

/** Source: ISO/IEC 13818-1 §2.4.3.5: 33 bits of base, 6 reserved, 9 of extension. */
function movePcr(bytes: Buffer, at: number, ticks: number): void {
  const base = wrapped(bytes.readUInt32BE(at) * 2 + ((bytes[at + 4] ?? 0) >> 7) + ticks);
  bytes.writeUInt32BE(Math.floor(base / 2), at);
  bytes[at + 4] = ((bytes[at + 4] ?? 0) & 0x7f) | ((base % 2) << 7);
}

function movePes(bytes: Buffer, at: number, end: number, ticks: number): void {
  if (at + 14 > end || bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) return;
  const flags = (bytes[at + 7] ?? 0) >> 6;
  if ((flags & 2) !== 0) writeTimestamp(bytes, at + 9, readTimestamp(bytes, at + 9) + ticks);
  if (flags === 3 && at + 19 <= end) writeTimestamp(bytes, at + 14, readTimestamp(bytes, at + 14) + ticks);
}

/** Keeps the four prefix bits and sets the marker bits. */
function writeTimestamp(bytes: Buffer, at: number, value: number): void {
  const ticks = wrapped(value);
  const high = Math.floor(ticks / 2 ** 30);
  bytes[at] = ((bytes[at] ?? 0) & 0xf0) | (high << 1) | 1;
  bytes.writeUInt16BE(((Math.floor(ticks / 2 ** 15) & 0x7fff) << 1) | 1, at + 1);
  bytes.writeUInt16BE(((ticks & 0x7fff) << 1) | 1, at + 3);
}
