import { join } from 'node:path';
import { run } from '../../src/lib/run.ts';

/** What a test clip is like; 160x120 at 25 fps with sine audio, B-frames and a keyframe each second. */
export type Clip = {
  seconds?: number;
  offsetSeconds?: number;
  hasVideo?: boolean;
  hasAudio?: boolean;
  muxing?: string[];
};

/** Runs ffmpeg and gives its stdout. */
export async function ffmpeg(args: string[]): Promise<string> {
  const result = await run('ffmpeg', ['-nostdin', '-loglevel', 'error', '-y', ...args], { timeoutMs: 60_000 });
  if (result.reason !== 'exited') throw new Error(`${result.reason}: ${result.stderrTail}`);
  return result.stdout;
}

/** Makes an MPEG-TS clip; `offsetSeconds` is where its timestamps begin. */
export async function makeClip(dir: string, name: string, clip: Clip = {}): Promise<string> {
  const { seconds = 2, offsetSeconds = 0, hasVideo = true, hasAudio = true, muxing = [] } = clip;
  const path = join(dir, name);
  const video = ['-f', 'lavfi', '-i', `testsrc=size=160x120:rate=25:duration=${seconds}`];
  const audio = ['-f', 'lavfi', '-i', `sine=duration=${seconds}:sample_rate=44100`];
  const coding = ['-c:v', 'libx264', '-preset', 'fast', '-bf', '3', '-g', '25', '-c:a', 'aac', '-threads', '1'];
  await ffmpeg([
    ...(hasVideo ? video : []),
    ...(hasAudio ? audio : []),
    ...coding,
    ...muxing,
    '-output_ts_offset',
    String(offsetSeconds),
    '-f',
    'mpegts',
    path,
  ]);
  return path;
}

/** MD5 of each decoded frame of the first video track, in order of showing. */
export async function frameHashes(path: string): Promise<string[]> {
  const text = await ffmpeg(['-i', path, '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'framemd5', 'pipe:1']);
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)?.trim() ?? '');
}

/** Presentation times of the packets of a track, in seconds, sorted. */
export async function packetTimes(path: string, track: 'v:0' | 'a:0'): Promise<number[]> {
  const args = ['-v', 'error', '-select_streams', track, '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', path];
  const { stdout } = await run('ffprobe', args, { timeoutMs: 60_000 });
  return stdout
    .split('\n')
    .map((line) => Number.parseFloat(line))
    .filter((value) => !Number.isNaN(value))
    .sort((a, b) => a - b);
}
