import { PassThrough, pipeline, type Readable } from 'node:stream';
import { execa, type ResultPromise } from 'execa';
import { TemporaryError, UserError } from '../core/errors.ts';
import { redact } from './log.ts';

/** How a child process ended. `stderrTail` holds its last 4 kB, without secrets. */
export type RunResult = {
  reason: 'exited' | 'failed' | 'aborted' | 'timeout';
  exitCode: number | undefined;
  stdout: string;
  stderrTail: string;
  durationMs: number;
};

export type RunOptions = {
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
  /** Piped to stdin; its errors end the process. */
  input?: Readable;
  cwd?: string;
  /** Longest stdout that is kept, in characters. */
  maxOutputChars?: number;
  /** Run as this user and group (embedded Postgres refuses root). */
  uid?: number;
};

/** From the first signal to the last: INT lets ffmpeg finish its file. */
const termAfterMs = 3_000;
const killAfterMs = 5_000;
const stderrTailChars = 4_096;

const groups = new Set<number>();
process.on('exit', killAllChildren);

/** Kills every child's process group at once; runs at exit so that no child outlives its worker. */
export function killAllChildren(): void {
  for (const pid of groups) signalGroup(pid, 'SIGKILL');
}

/**
 * Runs a program: an argument array, never a shell; its own process group, so that what it starts ends with it; a
 * clean environment. Never throws for how the program ended.
 *
 * @throws UserError `program_missing`
 */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const startedAt = performance.now();
  const child = start(command, args, options);
  const { pid } = child;
  if (pid !== undefined) groups.add(pid);
  let reason: RunResult['reason'] | undefined;
  const end = (why: 'aborted' | 'timeout') => {
    reason ??= why;
    if (pid !== undefined) endGroup(pid, child);
  };
  const onAbort = () => end('aborted');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const timer = options.timeoutMs === undefined ? undefined : setTimeout(() => end('timeout'), options.timeoutMs);
  try {
    const result = await child;
    if (result.code === 'ENOENT') throw new UserError('program_missing', { program: command });
    // Input that broke off looks like its end to the program, which then exits 0: `failed` knows better.
    reason ??= result.failed ? 'failed' : 'exited';
    return {
      reason,
      exitCode: result.exitCode,
      stdout: String(result.stdout ?? ''),
      stderrTail: redact(`${result.stderr ?? ''}${causeOf(result)}`.slice(-stderrTailChars)),
      durationMs: performance.now() - startedAt,
    };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    if (pid !== undefined) forget(pid, reason === 'aborted' || reason === 'timeout');
  }
}

function forget(pid: number, wasEnded: boolean): void {
  // A leader that obeyed may leave children that did not (yt-dlp and its ffmpeg).
  if (wasEnded) signalGroup(pid, 'SIGKILL');
  groups.delete(pid);
}

/** What broke where it was not the program itself: its input, or more output than is kept. */
function causeOf({
  failed,
  exitCode,
  cause,
}: {
  failed: boolean;
  exitCode?: number | undefined;
  cause?: unknown;
}): string {
  return failed && exitCode === 0 && cause instanceof Error ? `\n${cause.message}` : '';
}

function start(command: string, args: string[], options: RunOptions & { isStreamed?: boolean }) {
  const { PATH, HOME, LANG, TMPDIR, TZ } = process.env;
  const owner = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  return execa(command, args, {
    ...owner,
    cwd: options.cwd ?? process.cwd(),
    reject: false,
    detached: true,
    cleanup: false,
    extendEnv: false,
    env: { PATH, HOME, LANG, TMPDIR, TZ },
    stdin: options.input ? 'pipe' : 'ignore',
    ...(options.input ? { input: detached(options.input) } : {}),
    maxBuffer: options.maxOutputChars ?? 32_000_000,
    stripFinalNewline: false,
    buffer: { stdout: !options.isStreamed },
  });
}

/** A stream between, so that a read that hangs for ever cannot keep us once the program is gone. */
function detached(input: Readable): Readable {
  const through = new PassThrough({ highWaterMark: 1 << 20 });
  pipeline(input, through, () => undefined);
  return through;
}

/** INT, TERM after 3 s, KILL after 8 s, to the whole group. */
function endGroup(pid: number, child: ResultPromise): void {
  signalGroup(pid, 'SIGINT');
  const timers = [
    setTimeout(() => signalGroup(pid, 'SIGTERM'), termAfterMs),
    setTimeout(() => signalGroup(pid, 'SIGKILL'), termAfterMs + killAfterMs),
  ];
  const done = () => timers.forEach(clearTimeout);
  child.then(done, done);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}

/**
 * Runs a program and gives its stdout as it comes. The program's group ends with the stream, the signal or this
 * process; a failure destroys the stream.
 */
export function runToStream(command: string, args: string[], options: RunOptions & { signal: AbortSignal }): Readable {
  options.signal.throwIfAborted();
  const child = start(command, args, { ...options, isStreamed: true });
  const { pid, stdout } = child;
  if (!stdout || pid === undefined) throw new UserError('program_missing', { program: command });
  groups.add(pid);
  // Not stdout itself: it ends in the same way whether the program finished or died.
  const out = new PassThrough({ highWaterMark: 1 << 20 });
  out.on('error', () => stdout.destroy());
  stdout.on('error', (error) => out.destroy(error));
  stdout.pipe(out, { end: false });
  const end = () => endGroup(pid, child);
  options.signal.addEventListener('abort', end, { once: true });
  out.once('close', () => {
    stdout.destroy();
    if (groups.has(pid)) end();
  });
  void child.then((result) => {
    groups.delete(pid);
    options.signal.removeEventListener('abort', end);
    if (!result.failed) return out.end();
    const detail = redact(`${result.stderr ?? ''}${causeOf(result)}`.slice(-stderrTailChars));
    return out.destroy(new TemporaryError('program_failed', { detail: `${command}: ${detail}` }));
  });
  return out;
}
