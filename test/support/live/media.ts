import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/lib/run.ts';

/** What a test picture is encoded as. `videoCodec` and `audioCodec` name ffmpeg's encoders. */
export type Media = {
  segments: number;
  segmentSeconds: number;
  size: string;
  fps: number;
  format: 'ts' | 'fmp4';
  /** Audio lies in Media Segments of its own. */
  isSplit: boolean;
  videoCodec: VideoCodec;
  audioCodec: 'aac' | 'libopus';
  sampleRate: number;
  /** Pitch of the tone in Hz, so that two streams are not the same bytes. */
  toneHz: number;
};
export type VideoCodec = 'libx264' | 'libx265' | 'libvpx-vp9' | 'libsvtav1';

/** One track as files: its initialization section (fMP4), its Media Segments and their lengths. */
export type TrackFiles = { init?: string; files: string[]; seconds: number[] };
export type MediaFiles = { main: TrackFiles; audio?: TrackFiles };

/** H.264 and AAC in MPEG-TS, in Media Segments of a second. */
export const usualMedia: Media = {
  segments: 30,
  segmentSeconds: 1,
  size: '320x180',
  fps: 25,
  format: 'ts',
  isSplit: false,
  videoCodec: 'libx264',
  audioCodec: 'aac',
  sampleRate: 44_100,
  toneHz: 440,
};

/** Media Segments of a test picture, encoded once per machine and kept in the temporary folder. */
export async function makeMedia(media: Media): Promise<MediaFiles> {
  const key = createHash('sha256')
    .update(JSON.stringify(['3', media]))
    .digest('hex')
    .slice(0, 16);
  const parent = join(tmpdir(), 'aircheck-media');
  const dir = join(parent, key);
  const made = await readMedia(dir, media).catch(() => undefined);
  if (made) return made;
  await mkdir(parent, { recursive: true });
  const building = await mkdtemp(join(parent, 'building-'));
  try {
    await encode(media, building);
    // Another test file may have been first: its media are the same.
    await rename(building, dir).catch(() => undefined);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return readMedia(dir, media);
}

async function readMedia(dir: string, media: Media): Promise<MediaFiles> {
  const main = await readTrack(dir, 'main', media);
  return media.isSplit ? { main, audio: await readTrack(dir, 'audio', media) } : { main };
}

async function readTrack(dir: string, name: string, { segments, format }: Media): Promise<TrackFiles> {
  const text = await readFile(join(dir, `${name}.m3u8`), 'utf8');
  const seconds = [...text.matchAll(/#EXTINF:([\d.]+)/g)].map(([, length]) => Number(length)).slice(0, segments);
  const names = (await readdir(dir)).filter((file) => file.startsWith(`${name}-`)).sort();
  const files = names.slice(0, segments).map((file) => join(dir, file));
  return format === 'fmp4' ? { init: join(dir, `${name}.mp4`), files, seconds } : { files, seconds };
}

/** Arguments that make an encoder quick and put a keyframe at the beginning of each Media Segment. */
const videoArgs: Record<VideoCodec, (gop: string) => string[]> = {
  libx264: (gop) => ['-preset', 'ultrafast', '-crf', '33', '-g', gop, '-keyint_min', gop, '-sc_threshold', '0'],
  libx265: (gop) => [
    ...['-preset', 'ultrafast', '-tag:v', 'hvc1'],
    ...['-x265-params', `keyint=${gop}:min-keyint=${gop}:scenecut=0:open-gop=0:bframes=0:log-level=error`],
  ],
  'libvpx-vp9': (gop) => ['-deadline', 'realtime', '-cpu-used', '8', '-g', gop, '-keyint_min', gop, '-b:v', '150k'],
  libsvtav1: (gop) => ['-preset', '12', '-crf', '50', '-g', gop],
};

async function encode(media: Media, dir: string): Promise<void> {
  const { size, fps, toneHz, isSplit } = media;
  const seconds = media.segments * media.segmentSeconds;
  const inputs = [
    ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${fps}:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=${toneHz}:duration=${seconds}`],
  ];
  const video = ['-map', '0:v', '-c:v', media.videoCodec, '-pix_fmt', 'yuv420p', '-threads', '2'];
  video.push(...videoArgs[media.videoCodec](String(Math.round(media.segmentSeconds * fps))));
  const audio = ['-map', '1:a', '-c:a', media.audioCodec, '-b:a', '64k', '-ar', String(media.sampleRate)];
  const main = (filter: string[]) => [...filter, ...video, ...(isSplit ? [] : audio), ...output(media, dir, 'main')];
  const rest = isSplit ? [...audio, ...output(media, dir, 'audio')] : [];
  const args = (filter: string[]) => ['-v', 'error', '-y', ...inputs, ...main(filter), ...rest];
  const counter = ['-vf', `drawtext=text='%{frame_num}':fontsize=h/5:fontcolor=white:box=1:boxcolor=black:x=20:y=20`];
  // Without a font drawtext fails: then the pictures go without their number.
  const numbered = await run('ffmpeg', args(counter), { timeoutMs: 120_000 });
  if (numbered.reason === 'exited') return;
  const plain = await run('ffmpeg', args([]), { timeoutMs: 120_000 });
  if (plain.reason !== 'exited') throw new Error(`no test media: ${plain.stderrTail}`);
}

function output({ format, segmentSeconds }: Media, dir: string, name: string): string[] {
  const fmp4 = ['-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', `${name}.mp4`, '-strict', '-2'];
  return [
    ...['-f', 'hls', '-hls_time', String(segmentSeconds), '-hls_list_size', '0', ...(format === 'fmp4' ? fmp4 : [])],
    ...['-hls_segment_filename', join(dir, `${name}-%05d.${format === 'fmp4' ? 'm4s' : 'ts'}`)],
    join(dir, `${name}.m3u8`),
  ];
}
