import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ffmpeg } from './clips.ts';

/** Fragments as HLS serves them: an initialization section and Media Segments of a second each. */
export type Fragments = { init: Buffer; segments: Buffer[]; paths: string[]; initPath: string };

/** What encodes the clip, as ffmpeg takes it; the default is H.264 with B-frames and AAC. */
export type Coding = { seconds?: number; video?: string[]; audio?: string[]; offsetSeconds?: number; name: string };

/** Makes fMP4 of a 160x90 test picture at 25 fps with a keyframe each second, and a tone. */
export async function makeFragments(dir: string, { name, seconds = 4, ...coding }: Coding): Promise<Fragments> {
  const { video = ['libx264', '-preset', 'fast', '-bf', '2'], audio = ['aac', '-b:a', '48k'], offsetSeconds } = coding;
  const inputs = [
    ...(video.length > 0 ? ['-f', 'lavfi', '-i', `testsrc=size=160x90:rate=25:duration=${seconds}`] : []),
    ...(audio.length > 0 ? ['-f', 'lavfi', '-i', `sine=duration=${seconds}:sample_rate=48000`] : []),
  ];
  const encoders = [
    ...(video.length > 0 ? ['-c:v', ...video, '-pix_fmt', 'yuv420p', '-g', '25', '-keyint_min', '25'] : []),
    ...(audio.length > 0 ? ['-c:a', ...audio] : []),
  ];
  const shift = offsetSeconds === undefined ? [] : ['-output_ts_offset', String(offsetSeconds)];
  const hls = ['-f', 'hls', '-hls_time', '1', '-hls_list_size', '0', '-hls_segment_type', 'fmp4'];
  const names = ['-hls_fmp4_init_filename', `${name}-init.mp4`, '-hls_segment_filename', join(dir, `${name}%03d.m4s`)];
  await ffmpeg([
    ...inputs,
    ...encoders,
    '-strict',
    '-2',
    '-threads',
    '1',
    ...shift,
    ...hls,
    ...names,
    join(dir, `${name}.m3u8`),
  ]);
  const files = (await readdir(dir)).filter((file) => file.startsWith(name) && file.endsWith('.m4s')).sort();
  const paths = files.map((file) => join(dir, file));
  const initPath = join(dir, `${name}-init.mp4`);
  return {
    init: await readFile(initPath),
    segments: await Promise.all(paths.map((path) => readFile(path))),
    paths,
    initPath,
  };
}
