/** A box of an MP4 file: where it begins, where its content begins and where it ends, in bytes. */
export type Box = { type: string; start: number; body: number; end: number };

/** Bytes of a box header; of one whose size does not fit in 32 bits. Source: ISO/IEC 14496-12 §4.2. */
export const boxHeaderBytes = 8;
export const longBoxHeaderBytes = 16;

/** The header of a box, as told. A size of 0 (to the end of the file) is told as infinite. */
export type BoxHeader = { type: string; sizeBytes: number; headerBytes: number };

/** Reads the header at `at`; undefined where it is not whole or the size is smaller than the header itself. */
export function readBoxHeader(bytes: Buffer, at: number): BoxHeader | undefined {
  if (at + boxHeaderBytes > bytes.length) return undefined;
  const type = bytes.toString('latin1', at + 4, at + 8);
  const short = bytes.readUInt32BE(at);
  if (short === 0) return { type, sizeBytes: Number.POSITIVE_INFINITY, headerBytes: boxHeaderBytes };
  if (short >= boxHeaderBytes) return { type, sizeBytes: short, headerBytes: boxHeaderBytes };
  if (short !== 1 || at + longBoxHeaderBytes > bytes.length) return undefined;
  const sizeBytes = Number(bytes.readBigUInt64BE(at + 8));
  return sizeBytes < longBoxHeaderBytes ? undefined : { type, sizeBytes, headerBytes: longBoxHeaderBytes };
}

/** The whole boxes from `from` to `to`, in order; ends before the first that is not whole. */
export function* boxesIn(bytes: Buffer, from = 0, to = bytes.length): Generator<Box> {
  // What lies behind `to` is not looked at: a header of size 0 there would never end.
  for (let at = from; at + boxHeaderBytes <= to; ) {
    const header = readBoxHeader(bytes, at);
    if (!header) return;
    const end = header.sizeBytes === Number.POSITIVE_INFINITY ? to : at + header.sizeBytes;
    if (end > to) return;
    yield { type: header.type, start: at, body: at + header.headerBytes, end };
    at = end;
  }
}

/** The boxes of a type directly inside another. */
export function findBoxes(bytes: Buffer, within: Pick<Box, 'body' | 'end'>, type: string): Box[] {
  const found: Box[] = [];
  for (const box of boxesIn(bytes, within.body, within.end)) if (box.type === type) found.push(box);
  return found;
}

/** The first box at a path below another: `findBox(bytes, trak, 'mdia', 'mdhd')`. */
export function findBox(bytes: Buffer, within: Pick<Box, 'body' | 'end'>, ...path: string[]): Box | undefined {
  let found: Box | undefined;
  let parent = within;
  for (const type of path) {
    [found] = findBoxes(bytes, parent, type);
    if (!found) return undefined;
    parent = found;
  }
  return found;
}
