import { rm, stat } from 'node:fs/promises';
import ffmpeg from 'fluent-ffmpeg';

export type ThumbnailOptions = {
  path: string;
  outPath: string;
  lengthMs: number;
  signal: AbortSignal;
  programs: { ffmpeg: string; ffprobe: string };
};

/** Source: Telegram Bot API, InputMediaVideo.thumbnail: JPEG, under 200 kB, at most 320 px a side. */
const maxBytes = 200_000;
const limitSeconds = 60;
/** ffmpeg's JPEG scale, best first; 320 px at 5 is some 15 kB. */
const qualities = [5, 12, 25];

/**
 * A JPEG of at most 320 px and 200 kB from a third into the file.
 *
 * @returns false where there is none to be had (audio only, a picture that cannot be decoded): a Part goes without
 * @throws the signal's reason
 */
export async function makeThumbnail({ path, outPath, lengthMs, signal, programs }: ThumbnailOptions): Promise<boolean> {
  for (const quality of qualities) {
    const isGrabbed = await grab({
      path,
      outPath,
      atSeconds: lengthMs / 3000,
      quality,
      signal,
      ffmpegPath: programs.ffmpeg,
    });
    signal.throwIfAborted();
    if (!isGrabbed) break;
    const size = await stat(outPath).then(
      (found) => found.size,
      () => 0,
    );
    if (size === 0) break;
    if (size < maxBytes) return true;
  }
  await rm(outPath, { force: true });
  return false;
}

type Grab = {
  path: string;
  outPath: string;
  atSeconds: number;
  quality: number;
  signal: AbortSignal;
  ffmpegPath: string;
};

function grab({ path, outPath, atSeconds, quality, signal, ffmpegPath }: Grab): Promise<boolean> {
  signal.throwIfAborted();
  return new Promise((resolve) => {
    const scale = "scale='if(gte(iw,ih),min(320,iw),-2)':'if(gte(iw,ih),-2,min(320,ih))'";
    const command = ffmpeg(path, { timeout: limitSeconds })
      .setFfmpegPath(ffmpegPath)
      .inputOptions(['-protocol_whitelist', 'file'])
      .seekInput(atSeconds)
      .outputOptions(['-map', '0:v:0?', '-frames:v', '1', '-vf', scale, '-q:v', String(quality), '-f', 'image2'])
      .output(outPath);
    const onAbort = () => command.kill('SIGKILL');
    signal.addEventListener('abort', onAbort, { once: true });
    const end = (isGrabbed: boolean) => {
      signal.removeEventListener('abort', onAbort);
      resolve(isGrabbed);
    };
    // The library looks at what ffmpeg can do before it starts it; a kill before that reaches nothing.
    command.on('start', () => {
      if (signal.aborted) onAbort();
    });
    command.on('end', () => end(true));
    // All that is told is text: audio only, broken picture, timeout and kill look alike.
    command.on('error', () => end(false));
    command.run();
  });
}
