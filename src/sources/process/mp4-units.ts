import { createHash } from 'node:crypto';
import { TemporaryError } from '../../core/errors.ts';
import { readBoxHeader } from '../../media/boxes.ts';
import { scanFmp4 } from '../../media/fmp4.ts';
import { type Init, readInit } from '../../media/fmp4-init.ts';
import type { Unit } from './unit.ts';

/** A fragment of more than this is not one; its size is told before its bytes. */
const longestBoxBytes = 64_000_000;

/**
 * Cuts fragmented MP4 as ffmpeg writes it: the boxes before the first `moof` are the initialization section, each
 * `moof` with its `mdat` is a Unit. What is not whole at the end is left out.
 *
 * @throws TemporaryError `corrupt`, `bad_init`
 */
export async function* cutMp4(chunks: AsyncIterable<Buffer>): AsyncGenerator<Unit> {
  const head: Buffer[] = [];
  let init: Init | undefined;
  let moof: Buffer | undefined;
  for await (const box of readBoxes(chunks)) {
    const type = box.toString('latin1', 4, 8);
    if (type === 'moof') moof = box;
    else if (!init && !moof) head.push(box);
    if (type !== 'mdat' || !moof) continue;
    init ??= readInit(Buffer.concat(head));
    yield describe(Buffer.concat([moof, box]), init);
    moof = undefined;
  }
}

function describe(bytes: Buffer, init: Init): Unit {
  const hash = createHash('sha256').update(bytes).digest('hex');
  const facts = scanFmp4(bytes, init);
  return { chunks: [bytes], sizeBytes: bytes.length, hash, facts, init, arrivedAt: new Date() };
}

/** Whole top-level boxes. */
async function* readBoxes(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let neededBytes = 16;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    // Joined only when a box is whole: a fragment comes in hundreds of pieces.
    while (waitingBytes >= neededBytes) {
      const bytes = waiting.length === 1 && waiting[0] ? waiting[0] : Buffer.concat(waiting);
      const sizeBytes = readBoxHeader(bytes, 0)?.sizeBytes ?? Number.POSITIVE_INFINITY;
      if (sizeBytes > longestBoxBytes) throw new TemporaryError('corrupt', { detail: 'a box too long' });
      const isWhole = bytes.length >= sizeBytes;
      if (isWhole) yield bytes.subarray(0, sizeBytes);
      waiting = [isWhole ? bytes.subarray(sizeBytes) : bytes];
      waitingBytes = waiting[0]?.length ?? 0;
      neededBytes = isWhole ? 16 : sizeBytes;
    }
  }
}
