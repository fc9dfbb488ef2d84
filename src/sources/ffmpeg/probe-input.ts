import { z } from 'zod';
import { TemporaryError } from '../../core/errors.ts';
import type { SourceOptions } from '../../core/ports.ts';
import { run } from '../../lib/run.ts';
import { parseJson } from '../../media/probe.ts';
import type { FfmpegInput } from './input.ts';

/** `fileMs`: length of a file, absent where the stream has none. Codec names are ffmpeg's. */
export type InputFacts = { fileMs?: number; video?: string; audio?: string };

const limitMs = 30_000;
const answer = z.object({
  streams: z.array(z.object({ codec_type: z.string().optional(), codec_name: z.string().optional() })).default([]),
  format: z.object({ duration: z.coerce.number().optional(), size: z.coerce.number().optional() }).default({}),
});

/** Looks at an input before it is captured. @throws TemporaryError `source_lost` where it cannot be read */
export async function probeInput(
  { args, env }: FfmpegInput,
  { programs, signal }: Pick<SourceOptions, 'programs' | 'signal'>,
): Promise<InputFacts> {
  const asked = ['-v', 'error', '-of', 'json', '-show_streams', '-show_format', ...args];
  const result = await run(programs.ffprobe, asked, { signal, timeoutMs: limitMs, ...(env ? { env } : {}) });
  signal.throwIfAborted();
  const parsed = answer.safeParse(parseJson(result.stdout));
  if (result.reason !== 'exited' || !parsed.success)
    throw new TemporaryError('source_lost', { detail: result.stderrTail || result.reason });
  const { streams, format } = parsed.data;
  const codecOf = (type: string) => streams.find(({ codec_type: kind }) => kind === type)?.codec_name;
  // A stream without end has no size, whatever length its container guesses from the first bytes.
  const isFile = (format.size ?? 0) > 0 && (format.duration ?? 0) > 0;
  return {
    ...(isFile ? { fileMs: (format.duration ?? 0) * 1000 } : {}),
    ...withCodec('video', codecOf('video')),
    ...withCodec('audio', codecOf('audio')),
  };
}

const withCodec = (name: 'video' | 'audio', codec: string | undefined) => (codec ? { [name]: codec } : {});
