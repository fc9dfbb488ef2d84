import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/lib/run.ts';

/** A short film with sound. `frames`: video frames inside. */
export type Clip = { path: string; bytes: Buffer; frames: number; seconds: number };

const fps = 25;
const codecs: Record<string, string[]> = {
  mp4: ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-c:a', 'aac', '-movflags', '+faststart', '-f', 'mp4'],
  flv: ['-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', '-f', 'flv'],
  ts: ['-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', '-f', 'mpegts'],
  webm: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-c:a', 'libopus', '-f', 'webm'],
  av1: ['-c:v', 'libsvtav1', '-preset', '12', '-c:a', 'libopus', '-f', 'matroska'],
  camera: ['-c:v', 'libx264', '-preset', 'ultrafast', '-ar', '8000', '-c:a', 'pcm_mulaw', '-f', 'matroska'],
  mp3: ['-vn', '-c:a', 'libmp3lame', '-f', 'mp3'],
  'moov-last': ['-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', '-f', 'mp4'],
};

/** Makes a clip with a keyframe each second, once per machine. */
export async function makeClip(kind: keyof typeof codecs, seconds = 8, size = '320x180'): Promise<Clip> {
  const dir = join(tmpdir(), 'aircheck-clips');
  await mkdir(dir, { recursive: true });
  const path = join(dir, `${kind}-${seconds}-${size}`);
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (!isThere) await encode({ kind, seconds, size, path });
  return { path, bytes: await readFile(path), frames: kind === 'mp3' ? 0 : seconds * fps, seconds };
}

async function encode({ kind, seconds, size, path }: { kind: string; seconds: number; size: string; path: string }) {
  const work = await mkdtemp(`${path}.making-`);
  const made = join(work, 'clip');
  const picture = ['-f', 'lavfi', '-i', `testsrc=size=${size}:rate=${fps}:duration=${seconds}`];
  const sound = ['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`];
  const args = [...picture, ...sound, '-g', String(fps), '-pix_fmt', 'yuv420p', ...(codecs[kind] ?? [])];
  const result = await run('ffmpeg', ['-v', 'error', '-y', ...args, made]);
  if (result.reason !== 'exited') throw new Error(`clip ${kind}: ${result.stderrTail}`);
  await rename(made, path);
  await rm(work, { recursive: true, force: true });
}
