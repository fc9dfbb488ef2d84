import { createHash } from 'node:crypto';
import type { MediaFacts } from '../../media/facts.ts';
import type { Init } from '../../media/fmp4-init.ts';
import type { Program } from '../../media/program.ts';
import { createTsScanner } from '../../media/ts.ts';
import { readPictureSize } from './picture-size.ts';

/** Media that begins where it can be cut: from keyframe to keyframe. To a process what a Media Segment is to HLS. */
export type Unit = {
  chunks: Buffer[];
  sizeBytes: number;
  /** SHA-256 hex of its bytes. */
  hash: string;
  facts: MediaFacts;
  /** It is fMP4 and read with this. */
  init?: Init;
  /** Wall clock when its first byte arrived. */
  arrivedAt: Date;
};

/** A Unit of MPEG-TS that is being filled. */
export function openUnit() {
  const hash = createHash('sha256');
  const scanner = createTsScanner();
  const chunks: Buffer[] = [];
  let arrivedAt: Date | undefined;
  return {
    sizeBytes: 0,
    add(bytes: Buffer): void {
      arrivedAt ??= new Date();
      chunks.push(bytes);
      hash.update(bytes);
      scanner.push(bytes);
      this.sizeBytes += bytes.length;
    },
    close(program: Program | undefined): Unit {
      const facts = scanner.finish();
      if (program && facts.video === 'h264' && facts.width === undefined)
        Object.assign(facts, readPictureSize(Buffer.concat(chunks.slice(0, 64)), program));
      return { chunks, sizeBytes: this.sizeBytes, hash: hash.digest('hex'), facts, arrivedAt: arrivedAt ?? new Date() };
    },
  };
}
