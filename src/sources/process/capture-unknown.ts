import { Readable } from 'node:stream';
import { TemporaryError } from '../../core/errors.ts';
import type { ResumePoint, SourceItem, SourceOptions } from '../../core/ports.ts';
import { run } from '../../lib/run.ts';
import { probedArgs, readProbe } from '../../media/probe-input.ts';
import { captureProcess } from './capture.ts';
import { captureArgs, cutArgs, planCut } from './cut-args.ts';
import { openPipeline, type Step, tailOf } from './pipeline.ts';

/** A program that writes a stream in a container that only its bytes tell. */
export type UnknownCapture = { step: Step; identity: string; isAudioOnly: boolean; stallMs: number };

/** What is looked at before the container is chosen: so much, or what came in this time. */
const headBytes = 512_000;
const headMs = 3_000;
const probeLimitMs = 20_000;

/**
 * Captures what a program writes: its head is looked at, then one ffmpeg copies all of it.
 *
 * @throws TemporaryError `source_lost`, `source_stalled`; UserError `codec_unsupported`, `program_missing`
 */
export async function* captureUnknown(
  { step, identity, isAudioOnly, stallMs }: UnknownCapture,
  from: ResumePoint | undefined,
  options: SourceOptions,
): AsyncGenerator<SourceItem> {
  const { chunks, ended } = await openPipeline([step], { signal: options.signal, stallMs });
  const complaint = () => tailOf(ended());
  const source = chunks[Symbol.asyncIterator]();
  try {
    const head = await readHead(source);
    if (options.signal.aborted) return;
    if (head.length === 0) throw new TemporaryError('source_lost', { detail: await complaint() });
    const facts = await probeHead(head, options);
    const wanted = planCut(facts, isAudioOnly);
    const { container } = wanted;
    const input = [...captureArgs, '-protocol_whitelist', 'pipe', '-i', 'pipe:0'];
    const args = [...input, ...cutArgs(wanted)];
    const cut = { command: options.programs.ffmpeg, args, input: joined(head, source) };
    yield* captureProcess({ steps: [cut], container, identity, stallMs, complaint }, from, options);
  } finally {
    // Ends the program with the iteration, however it ends.
    await source.return?.(undefined);
  }
}

async function readHead(source: AsyncIterator<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  let firstAt: number | undefined;
  while (sizeBytes < headBytes) {
    const next = await source.next();
    if (next.done) break;
    pieces.push(next.value);
    sizeBytes += next.value.length;
    firstAt ??= performance.now();
    if (performance.now() - firstAt > headMs) break;
  }
  return Buffer.concat(pieces);
}

async function probeHead(head: Buffer, { programs, signal }: SourceOptions) {
  const input = Readable.from([head], { objectMode: false });
  const args = [...probedArgs, '-protocol_whitelist', 'pipe', '-i', 'pipe:0'];
  const result = await run(programs.ffprobe, args, { input, signal, timeoutMs: probeLimitMs });
  signal.throwIfAborted();
  return readProbe(result);
}

async function* joined(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
