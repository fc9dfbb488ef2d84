import { type Readable, Readable as Stream } from 'node:stream';
import { runToStream } from '../lib/run.ts';
import { streamArgs } from './remux.ts';
import { layEndToEnd, type Run } from './restamp.ts';

/** Runs as one fragmented MP4, made while it is read; ends when the reader goes away. */
export function openMp4(runs: Run[], { ffmpeg, signal }: { ffmpeg: string; signal: AbortSignal }): Readable {
  const input = Stream.from(layEndToEnd(runs), { objectMode: false, highWaterMark: 1 << 20 });
  return runToStream(ffmpeg, streamArgs(), { input, signal });
}
