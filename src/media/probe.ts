import { open } from 'node:fs/promises';
import { z } from 'zod';
import { TemporaryError } from '../core/errors.ts';
import { run } from '../lib/run.ts';

const numeric = z.coerce.number();
const answer = z.object({
  format: z.object({ duration: numeric.optional(), size: numeric.optional() }),
  streams: z.array(
    z.object({
      codec_type: z.string(),
      codec_name: z.string().optional(),
      width: numeric.optional(),
      height: numeric.optional(),
      nb_frames: numeric.optional(),
      nb_read_packets: numeric.optional(),
      sample_rate: numeric.optional(),
      start_time: numeric.optional(),
      duration: numeric.optional(),
    }),
  ),
});

/** What a media file holds. 0 and undefined where it has no such track. */
export type Probed = {
  sizeBytes: number;
  lengthMs: number;
  width: number;
  height: number;
  /** Video frames; counted packets where the container does not say. */
  frameCount: number;
  videoCodec: string | undefined;
  audioCodec: string | undefined;
  /** Audio start minus video start. */
  audioOffsetMs: number;
};

/** Reads a file's facts with ffprobe. @throws TemporaryError `probe_failed` */
export async function probe(
  path: string,
  options: { ffprobe: string; signal?: AbortSignal; countPackets?: boolean },
): Promise<Probed> {
  const count = options.countPackets ? ['-count_packets'] : [];
  const args = [
    '-v',
    'error',
    '-protocol_whitelist',
    'file',
    ...count,
    '-show_format',
    '-show_streams',
    '-of',
    'json',
    path,
  ];
  const result = await run(options.ffprobe, args, { signal: options.signal, timeoutMs: 120_000 });
  const parsed = result.reason === 'exited' ? answer.safeParse(parseJson(result.stdout)) : undefined;
  if (!parsed?.success) throw new TemporaryError('probe_failed', { detail: result.stderrTail });
  const video = parsed.data.streams.find((stream) => stream.codec_type === 'video');
  const audio = parsed.data.streams.find((stream) => stream.codec_type === 'audio');
  return {
    sizeBytes: parsed.data.format.size ?? 0,
    lengthMs: (parsed.data.format.duration ?? 0) * 1000,
    width: video?.width ?? 0,
    height: video?.height ?? 0,
    frameCount: video?.nb_read_packets ?? video?.nb_frames ?? 0,
    videoCodec: video?.codec_name,
    audioCodec: audio?.codec_name,
    audioOffsetMs: video && audio ? ((audio.start_time ?? 0) - (video.start_time ?? 0)) * 1000 : 0,
  };
}

/** @returns undefined where it is no JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether an MP4's index (`moov`) stands before its media (`mdat`), so that it plays while it loads. */
export async function isFaststart(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const header = Buffer.alloc(16);
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(header, 0, 16, at);
      if (bytesRead < 8) return false;
      const type = header.toString('latin1', 4, 8);
      if (type === 'moov') return true;
      if (type === 'mdat') return false;
      const size = header.readUInt32BE(0);
      at += size === 1 ? Number(header.readBigUInt64BE(8)) : Math.max(8, size);
    }
  } finally {
    await file.close();
  }
}
