import { pipeline as pipeStreams, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { TemporaryError } from '../../core/errors.ts';
import { type Program, type ProgramEnd, startProgram } from '../../lib/run.ts';

/** One program of a chain. What may be secret comes by `env` and `input`, never among `args`. */
export type Step = {
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** Written to the stdin of the first step. */
  input?: string | AsyncIterable<Buffer>;
};

export type Pipeline = {
  /** Stdout of the last step, until it closes, stalls, or `signal` ends it. */
  chunks: AsyncIterable<Buffer>;
  /** How each step ended, in order; after `chunks`. */
  ended(): Promise<ProgramEnd[]>;
};

export type PipelineOptions = {
  signal: AbortSignal;
  /** Without a byte for this long the source counts as stalled. */
  stallMs: number;
};

/** After an abort ffmpeg may write what it holds; the caller wants all within two seconds. */
const drainMs = 1_200;
const againMs = 300;

/**
 * Runs programs one into the other and gives what the last one writes. All of them end with the iteration, however it
 * ends.
 *
 * @throws UserError `program_missing`; TemporaryError `program_failed`
 * @throws TemporaryError `source_stalled` (from the iteration)
 */
export async function openPipeline(steps: Step[], options: PipelineOptions): Promise<Pipeline> {
  const programs = await startAll(steps);
  const ended = Promise.all(programs.map((program) => program.ended));
  return { chunks: readLast(programs, ended, options), ended: () => ended };
}

async function startAll(steps: Step[]): Promise<Program[]> {
  const programs: Program[] = [];
  try {
    for (const { command, args, env } of steps) programs.push(await startProgram(command, args, env ? { env } : {}));
  } catch (error) {
    for (const program of programs) program.kill();
    throw error;
  }
  const [first] = programs;
  const input = steps[0]?.input ?? '';
  if (typeof input === 'string') first?.stdin.end(input);
  else if (first) pipeStreams(Readable.from(input, { objectMode: false }), first.stdin, () => undefined);
  // When one side leaves the other ends by itself; how each ended tells why.
  programs.slice(1).forEach((program, index) => {
    const before = programs[index];
    if (before) pipeStreams(before.stdout, program.stdin, () => undefined);
  });
  return programs;
}

async function* readLast(
  programs: Program[],
  ended: Promise<ProgramEnd[]>,
  { signal, stallMs }: PipelineOptions,
): AsyncGenerator<Buffer> {
  const last = programs.at(-1);
  if (!last) return;
  let isStalled = false;
  const kill = () => programs.forEach((program) => program.kill());
  const onAbort = () => void endSoftly(programs);
  const watch = setTimeout(() => {
    isStalled = true;
    onAbort();
  }, stallMs);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const chunk of last.stdout as AsyncIterable<Buffer>) {
      watch.refresh();
      yield chunk;
      watch.refresh();
    }
    if (isStalled && !signal.aborted) throw new TemporaryError('source_stalled', { detail: await tailOf(ended) });
  } finally {
    clearTimeout(watch);
    signal.removeEventListener('abort', onAbort);
    kill();
  }
}

/**
 * ffmpeg holds the last pictures back to sort them, and writes them when it is told to end; one that waits for the net
 * hears the second INT only.
 */
async function endSoftly(programs: Program[]): Promise<void> {
  for (const pauseMs of [againMs, drainMs - againMs]) {
    for (const program of programs) program.interrupt();
    await delay(pauseMs, undefined, { ref: false });
  }
  for (const program of programs) program.kill();
}

/** The last line each program complained with, without secrets. */
export async function tailOf(ended: Promise<ProgramEnd[]>): Promise<string> {
  const ends = await ended;
  return ends
    .flatMap(({ stderrTail }) => stderrTail.trim().split('\n').slice(-2))
    .join('; ')
    .slice(-1_000);
}
