import { stat } from 'node:fs/promises';
import ffmpeg from 'fluent-ffmpeg';
import { TemporaryError } from '../core/errors.ts';

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

/** A JPEG of at most 320 px and 200 kB from a third into the file. @returns false where it has no picture */
export async function makeThumbnail({ path, outPath, lengthMs, signal, programs }: ThumbnailOptions): Promise<boolean> {
  for (const quality of qualities) {
    await grab({ path, outPath, atSeconds: lengthMs / 3000, quality, signal, ffmpegPath: programs.ffmpeg });
    const size = await stat(outPath).then(
      (found) => found.size,
      () => 0,
    );
    if (size === 0) return false;
    if (size < maxBytes) return true;
  }
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

function grab({ path, outPath, atSeconds, quality, signal, ffmpegPath }: Grab): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const scale = "scale='if(gte(iw,ih),min(320,iw),-2)':'if(gte(iw,ih),-2,min(320,ih))'";
    const command = ffmpeg(path, { timeout: limitSeconds })
      .setFfmpegPath(ffmpegPath)
      .seekInput(atSeconds)
      .outputOptions(['-map', '0:v:0?', '-frames:v', '1', '-vf', scale, '-q:v', String(quality), '-f', 'image2'])
      .output(outPath);
    const onAbort = () => command.kill('SIGKILL');
    signal.addEventListener('abort', onAbort, { once: true });
    const done = () => signal.removeEventListener('abort', onAbort);
    command.on('end', () => {
      done();
      resolve();
    });
    command.on('error', (error: Error) => {
      done();
      // Audio only: ffmpeg says that the output has no stream.
      if (/does not contain any stream/i.test(error.message)) resolve();
      else reject(new TemporaryError('thumbnail_failed', { cause: error, detail: error.message.slice(-300) }));
    });
    command.run();
  });
}
