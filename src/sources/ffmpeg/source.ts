import type { ResumePoint, Source, SourceInput, SourceItem, SourceOptions } from '../../core/ports.ts';
import { run } from '../../lib/run.ts';
import { type FfmpegInput, openInput } from '../../media/ffmpeg-input.ts';
import { type InputFacts, probedArgs, readProbe } from '../../media/probe-input.ts';
import { captureProcess, usualStallMs } from '../process/capture.ts';
import { captureArgs, containerFor, cutArgs } from '../process/cut-args.ts';
import { identityOf } from '../process/identity.ts';
import type { Step } from '../process/pipeline.ts';

/** RTMP, RTSP, SRT, plain files and progressive HTTP: one ffmpeg copies them into MPEG-TS, which is cut here. */
export const ffmpegSource: Source = createFfmpegSource();

/** @param options.stallMs without a byte for this long the stream is lost */
export function createFfmpegSource({ stallMs = usualStallMs } = {}): Source {
  return {
    name: 'ffmpeg',
    priority: ({ protocol }) => (['rtmp', 'rtsp', 'srt', 'http'].includes(protocol) ? 10 : 0),
    open: (input, from, options) => capture({ input, stallMs }, from, options),
  };
}

async function* capture(
  { input, stallMs }: { input: SourceInput; stallMs: number },
  from: ResumePoint | undefined,
  options: SourceOptions,
): AsyncGenerator<SourceItem> {
  const stop = new AbortController();
  try {
    // The way stays open a little longer than the capture: ffmpeg ends by itself before it is cut off.
    const way = await openInput(input, { allowPrivate: options.allowPrivate, signal: stop.signal });
    // Only a file or a progressive stream can be asked twice; the others carry what MPEG-TS holds.
    const isProbed = input.protocol === 'http';
    const { fileMs, video, audio }: InputFacts = isProbed ? await probeInput(way, options) : {};
    const isAudioOnly = input.quality === 'audio' || (isProbed && video === undefined);
    const container = containerFor(isAudioOnly ? { audio } : { video, audio });
    const steps = [stepOf(way, cutArgs({ isAudioOnly, container }), options)];
    yield* captureProcess({ steps, container, identity: identityOf(input), fileMs, stallMs }, from, options);
  } finally {
    stop.abort();
  }
}

function stepOf({ args, env, script }: FfmpegInput, cut: string[], { programs }: SourceOptions): Step {
  const all = [...captureArgs, ...args, ...cut];
  return { command: programs.ffmpeg, args: all, ...(env ? { env } : {}), ...(script ? { input: script } : {}) };
}

const probeLimitMs = 30_000;

/** Looks at an input before it is captured. @throws TemporaryError `source_lost` where it cannot be read */
async function probeInput({ args, env }: FfmpegInput, { programs, signal }: SourceOptions): Promise<InputFacts> {
  const limits = { signal, timeoutMs: probeLimitMs, ...(env ? { env } : {}) };
  const result = await run(programs.ffprobe, [...probedArgs, ...args], limits);
  signal.throwIfAborted();
  return readProbe(result);
}
