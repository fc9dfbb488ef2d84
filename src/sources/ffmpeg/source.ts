import type { ResumePoint, Source, SourceInput, SourceItem, SourceOptions } from '../../core/ports.ts';
import { run } from '../../lib/run.ts';
import { type FfmpegInput, openInput } from '../../media/ffmpeg-input.ts';
import { type InputFacts, probedArgs, readProbe } from '../../media/probe-input.ts';
import { captureProcess, usualStallMs } from '../process/capture.ts';
import { captureUnknown } from '../process/capture-unknown.ts';
import { captureArgs, cutArgs, planCut } from '../process/cut-args.ts';
import { ForeignTrackError } from '../process/foreign-track.ts';
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
    const isAudioOnly = input.quality === 'audio';
    const common = { identity: identityOf(input), isAudioOnly, stallMs };
    if (input.protocol === 'http') yield* captureHttp({ ...common, way }, from, options);
    else yield* captureStream({ ...common, way }, from, options);
  } finally {
    stop.abort();
  }
}

type Opened = { way: FfmpegInput; identity: string; isAudioOnly: boolean; stallMs: number };

/** A file or a progressive stream can be asked twice: it is looked at first. */
async function* captureHttp(
  { way, identity, isAudioOnly, stallMs }: Opened,
  from: ResumePoint | undefined,
  options: SourceOptions,
): AsyncGenerator<SourceItem> {
  const facts = await probeInput(way, options);
  const wanted = planCut(facts, isAudioOnly);
  const steps = [stepOf(way, cutArgs(wanted), options)];
  yield* captureProcess({ steps, container: wanted.container, identity, fileMs: facts.fileMs, stallMs }, from, options);
}

/** Looking first would cost seconds of a broadcast: nearly all hold what MPEG-TS holds, and what does not shows at once. */
async function* captureStream(
  { way, identity, isAudioOnly, stallMs }: Opened,
  from: ResumePoint | undefined,
  options: SourceOptions,
): AsyncGenerator<SourceItem> {
  try {
    const steps = [stepOf(way, cutArgs({ isAudioOnly, container: 'ts', encodesSound: false }), options)];
    yield* captureProcess({ steps, container: 'ts', identity, stallMs }, from, options);
  } catch (error) {
    if (!(error instanceof ForeignTrackError)) throw error;
    const anything = [
      '-map',
      '0:v:0?',
      '-map',
      '0:a:0?',
      '-c',
      'copy',
      '-f',
      'matroska',
      '-flush_packets',
      '1',
      'pipe:1',
    ];
    yield* captureUnknown({ step: stepOf(way, anything, options), identity, isAudioOnly, stallMs }, from, options);
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
