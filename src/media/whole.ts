import type { Readable } from 'node:stream';
import { runToStream } from '../lib/run.ts';
import { type Material, openMaterial, streamArgs } from './remux.ts';

/**
 * Material as one fragmented MP4, made while it is read; ends when the reader goes away.
 *
 * @throws TemporaryError `corrupt`
 */
export async function openMp4(
  material: Material,
  { ffmpeg, signal }: { ffmpeg: string; signal: AbortSignal },
): Promise<Readable> {
  return runToStream(ffmpeg, streamArgs(material), { ...(await openMaterial(material)), signal });
}
