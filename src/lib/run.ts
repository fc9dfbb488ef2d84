import { PassThrough, pipeline, type Readable, type Writable } from 'node:stream';
import { execa } from 'execa';
import { TemporaryError, UserError } from '../core/errors.ts';
import { endGroup, forgetGroup, interruptGroup, isGroup, killGroup, rememberGroup } from './groups.ts';
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
  /** The same on file descriptor 3, for a program that reads two inputs at once. */
  secondInput?: Readable | undefined;
  cwd?: string;
  /** Longest stdout that is kept, in characters. */
  maxOutputChars?: number;
  /** Added to the clean environment: what must not stand among the arguments. */
  env?: Record<string, string>;
  /** Run as this user and group (embedded Postgres refuses root). */
  uid?: number;
};

const stderrTailChars = 4_096;

/**
 * Runs a program: an argument array, never a shell; its own process group, so that what it starts ends with it; a
 * clean environment. Never throws for how the program ended.
 *
 * @throws UserError `program_missing`; TemporaryError `program_failed` where the machine could not start it
 */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const startedAt = performance.now();
  const child = start(command, args, options);
  const { pid } = child;
  rememberGroup(pid);
  let reason: RunResult['reason'] | undefined;
  const end = (why: 'aborted' | 'timeout') => {
    reason ??= why;
    endGroup(pid, child);
  };
  const onAbort = () => end('aborted');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const timer = options.timeoutMs === undefined ? undefined : setTimeout(() => end('timeout'), options.timeoutMs);
  try {
    const result = await child;
    if (pid === undefined) throw notStarted(command, result);
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
    forgetGroup(pid, reason === 'aborted' || reason === 'timeout');
  }
}

/** No such program, or one that may not be run, stays so; a machine without room for one more process does not. */
function notStarted(command: string, { code, cause }: { code?: string | undefined; cause?: unknown }): Error {
  if (code === 'ENOENT' || code === 'EACCES') return new UserError('program_missing', { program: command });
  return new TemporaryError('program_failed', { detail: `${command} did not start: ${code}`, cause });
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

type StartOptions = RunOptions & { isStreamed?: boolean; isWritten?: boolean };

function start(command: string, args: string[], options: StartOptions) {
  const { PATH, HOME, LANG, TMPDIR, TZ } = process.env;
  const owner = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  const stdin = options.input || options.isWritten ? 'pipe' : 'ignore';
  const child = execa(command, args, {
    ...owner,
    cwd: options.cwd ?? process.cwd(),
    reject: false,
    detached: true,
    cleanup: false,
    extendEnv: false,
    env: { PATH, HOME, LANG, TMPDIR, TZ, ...options.env },
    stdio: [stdin, 'pipe', 'pipe', ...(options.secondInput ? (['pipe'] as const) : [])],
    ...(options.input ? { input: detached(options.input) } : {}),
    maxBuffer: options.maxOutputChars ?? 32_000_000,
    stripFinalNewline: false,
    buffer: { stdout: !options.isStreamed },
  });
  const second = child.stdio[3] as unknown as Writable | undefined;
  // What breaks there breaks the program's result: execa watches every descriptor.
  if (options.secondInput && second) pipeline(detached(options.secondInput), second, () => undefined);
  return child;
}

/** A stream between, so that a read that hangs for ever cannot keep us once the program is gone. */
function detached(input: Readable): Readable {
  const through = new PassThrough({ highWaterMark: 1 << 20 });
  pipeline(input, through, () => undefined);
  return through;
}

/**
 * Runs a program and gives its stdout as it comes. The program's group ends with the stream, the signal or this
 * process; a failure destroys the stream.
 *
 * @throws as `run`
 */
export async function runToStream(
  command: string,
  args: string[],
  options: RunOptions & { signal: AbortSignal },
): Promise<Readable> {
  options.signal.throwIfAborted();
  const child = start(command, args, { ...options, isStreamed: true });
  const { pid, stdout } = child;
  if (!stdout || pid === undefined) throw notStarted(command, await child);
  rememberGroup(pid);
  // Not stdout itself: it ends in the same way whether the program finished or died.
  const out = new PassThrough({ highWaterMark: 1 << 20 });
  out.on('error', () => stdout.destroy());
  stdout.on('error', (error) => out.destroy(error));
  stdout.pipe(out, { end: false });
  const end = () => endGroup(pid, child);
  options.signal.addEventListener('abort', end, { once: true });
  out.once('close', () => {
    stdout.destroy();
    if (isGroup(pid)) end();
  });
  void child.then((result) => {
    forgetGroup(pid, false);
    options.signal.removeEventListener('abort', end);
    if (!result.failed) return out.end();
    const detail = redact(`${result.stderr ?? ''}${causeOf(result)}`.slice(-stderrTailChars));
    return out.destroy(new TemporaryError('program_failed', { detail: `${command}: ${detail}` }));
  });
  return out;
}

/** How a program that was started ended. */
export type ProgramEnd = Omit<RunResult, 'stdout'>;

/** A program that runs: its output to be read, its input to be written. */
export type Program = {
  stdin: Writable;
  /** Ends when the program closes it; does not fail when the program does. */
  stdout: Readable;
  /** How it ended; never rejects. Its group is gone by then. */
  ended: Promise<ProgramEnd>;
  /** INT, TERM after 3 s, KILL after 8 s, to the whole group. */
  end(): void;
  /** INT alone, to the whole group. */
  interrupt(): void;
  /** KILL, to the whole group; nothing where it is gone already. */
  kill(): void;
};

/** Starts a program whose output is read while it runs. @throws as `run` */
export async function startProgram(
  command: string,
  args: string[],
  options: Pick<RunOptions, 'env' | 'cwd'> = {},
): Promise<Program> {
  const startedAt = performance.now();
  const child = start(command, args, { ...options, isStreamed: true, isWritten: true });
  const { pid, stdin, stdout } = child;
  if (!stdin || !stdout || pid === undefined) throw notStarted(command, await child);
  rememberGroup(pid);
  // Without this execa would throw away what nobody reads within a tick.
  stdout.pause();
  // A program that left does not read its input; how it ended tells why.
  stdin.on('error', () => undefined);
  let isEnded = false;
  const ended = child.then((result) => {
    forgetGroup(pid, true);
    const stderrTail = redact(`${result.stderr ?? ''}`.slice(-stderrTailChars));
    const reason: RunResult['reason'] = isEnded ? 'aborted' : result.failed ? 'failed' : 'exited';
    return { reason, exitCode: result.exitCode, stderrTail, durationMs: performance.now() - startedAt };
  });
  const end = () => {
    isEnded = true;
    endGroup(pid, child);
  };
  const kill = () => {
    isEnded = true;
    if (isGroup(pid)) killGroup(pid);
  };
  const interrupt = () => {
    isEnded = true;
    if (isGroup(pid)) interruptGroup(pid);
  };
  return { stdin, stdout, ended, end, interrupt, kill };
}
