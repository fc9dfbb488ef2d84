import { Readable } from 'node:stream';
import { z } from 'zod';
import { TemporaryError } from '../core/errors.ts';
import type { SourceInput } from '../core/ports.ts';
import { type RunResult, run } from '../lib/run.ts';
import { relayConnectMs } from '../lib/stream-relay.ts';
import { openInput } from './ffmpeg-input.ts';
import { parseJson } from './probe.ts';

/** `fileMs`: length of a file, absent where the stream has none. Codec names are ffmpeg's. */
export type InputFacts = { fileMs?: number; video?: string; audio?: string };

/** Arguments of ffprobe before the input, for an answer that `readProbe` reads. */
export const probedArgs = ['-v', 'error', '-of', 'json', '-show_streams', '-show_format'];

const answer = z.object({
  streams: z
    .array(
      z.object({
        codec_type: z.string().optional(),
        codec_name: z.string().optional(),
        disposition: z.object({ attached_pic: z.number().optional() }).optional(),
      }),
    )
    .default([]),
  format: z.object({ duration: z.coerce.number().optional(), size: z.coerce.number().optional() }).default({}),
});

/** What ffprobe found before a capture. @throws TemporaryError `source_lost` where it could not read the input */
export function readProbe(result: RunResult): InputFacts {
  const parsed = answer.safeParse(parseJson(result.stdout));
  const facts = parsed.success ? parsed.data : { streams: [], format: {} };
  // A head that is cut off makes it complain after it has seen the tracks.
  if (facts.streams.length === 0)
    throw new TemporaryError('source_lost', { detail: result.stderrTail || result.reason });
  const { streams, format } = facts;
  // The cover of a song is no film.
  const tracks = streams.filter(({ disposition }) => disposition?.attached_pic !== 1);
  const codecOf = (type: string) => tracks.find(({ codec_type: kind }) => kind === type)?.codec_name;
  // A stream without end has no size, whatever length its container guesses from the first bytes.
  const isFile = (format.size ?? 0) > 0 && (format.duration ?? 0) > 0;
  return {
    ...(isFile ? { fileMs: (format.duration ?? 0) * 1000 } : {}),
    ...withCodec('video', codecOf('video')),
    ...withCodec('audio', codecOf('audio')),
  };
}

const withCodec = (name: 'video' | 'audio', codec: string | undefined) => (codec ? { [name]: codec } : {});

export type OnAirOptions = { ffprobe: string; allowPrivate: boolean; signal: AbortSignal };

/**
 * A server that has nothing to send keeps silent or says so; it would begin at once otherwise. One that takes no connection
 * is cut off before.
 */
const onAirLimitMs = relayConnectMs + 4_000;
/** Lines that tell what the server said. Source: ffmpeg's `error.c`, `rtsp.c` and `rtmpproto.c`; nginx-rtmp-module's words. */
const nothingThere = /Server returned 404|method \w+ failed: 404|Server error: .*(not ?found|no such stream)/i;

/**
 * Whether somebody broadcasts at an address that only a connection can tell of (RTMP, RTSP, SRT).
 *
 * @throws UserError `address_refused`, `bad_url`, `program_missing`; TemporaryError `connection_lost` where the server did
 *   not say
 */
export async function isOnAir(input: SourceInput, { ffprobe, allowPrivate, signal }: OnAirOptions): Promise<boolean> {
  const stop = new AbortController();
  try {
    const { args, env, script } = await openInput(input, { allowPrivate, signal: stop.signal });
    const asked = script === undefined ? {} : { input: Readable.from([script], { objectMode: false }) };
    const limits = { signal, timeoutMs: onAirLimitMs, ...(env ? { env } : {}), ...asked };
    const result = await run(ffprobe, [...probedArgs, ...args], limits);
    signal.throwIfAborted();
    if (result.stdout.includes('codec_type')) return true;
    if (result.reason === 'timeout' || nothingThere.test(result.stderrTail)) return false;
    throw new TemporaryError('connection_lost', { detail: result.stderrTail.trim().split('\n').at(-1) ?? '' });
  } finally {
    stop.abort();
  }
}
