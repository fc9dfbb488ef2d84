import { readFile } from 'node:fs/promises';
import { createTsScanner } from '../../../src/media/ts.ts';

/** Video frames in a Media Segment: PES packets of MPEG-TS, samples of the first track in fMP4. */
export async function countFrames(path: string): Promise<number> {
  const bytes = await readFile(path);
  if (!path.endsWith('.m4s')) {
    const scanner = createTsScanner();
    scanner.push(bytes);
    return scanner.finish().frameCount;
  }
  return countSamples(bytes);
}

/** Samples of track 1 in all `trun` boxes. Source: ISO/IEC 14496-12 §8.8. */
function countSamples(bytes: Buffer): number {
  let count = 0;
  for (const moof of boxes(bytes, 'moof'))
    for (const traf of boxes(moof, 'traf')) {
      const [tfhd] = boxes(traf, 'tfhd');
      if (tfhd?.readUInt32BE(4) !== 1) continue;
      for (const trun of boxes(traf, 'trun')) count += trun.readUInt32BE(4);
    }
  return count;
}

/** The bodies of the boxes of one type, behind size and type. */
function boxes(bytes: Buffer, type: string): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === type) found.push(bytes.subarray(at + 8, at + size));
    at += Math.max(8, size);
  }
  return found;
}
