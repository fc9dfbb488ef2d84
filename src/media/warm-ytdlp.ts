import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { TemporaryError } from '../core/errors.ts';
import { findPython } from '../lib/find-python.ts';
import { type Program, startProgram } from '../lib/run.ts';
import { parseJson } from './probe.ts';

const script = fileURLToPath(new URL('./ytdlp-server.py', import.meta.url));

const answer = z.object({ id: z.number(), info: z.unknown(), complaint: z.string() });
/** As `ytdlp-server.py` writes it: `info` null where it found nothing, and why. */
export type WarmAnswer = z.infer<typeof answer>;

export type WarmQuestion = {
  program: string;
  /** Variables that lead it through the guard. */
  env: Record<string, string>;
  url: string;
  /** Netscape; it stands on no disk. */
  cookieFile?: string | undefined;
  /** Of yt-dlp's library. */
  options: Record<string, unknown>;
  /** What is wanted of a page and of each of its formats: the rest of what yt-dlp knows may be megabytes. */
  fields: { page: string[]; format: string[] };
  signal: AbortSignal;
};

type Warm = {
  ask(question: WarmQuestion): Promise<WarmAnswer>;
  /** It is the program that is installed, and not old. */
  isCurrent(): Promise<boolean>;
  /** Ends it as soon as it has answered what it was asked. */
  retire(): void;
  end(): void;
};

/** One per program and proxy. Measured: 85 times cheaper than a process per page. */
const warm = new Map<string, Promise<Warm | undefined>>();
/** Its memory is given back when nobody asked for this long. */
const idleMs = 600_000;
/** Of what it imports not all shows in the program's file. */
const longestLifeMs = 6 * 3_600_000;

/**
 * Asks the warm yt-dlp of this process, which is started at first use.
 *
 * @returns undefined where yt-dlp is no Python program that can be kept warm, or has just died
 * @throws the signal's reason; UserError `program_missing`
 */
export async function askWarmYtdlp(question: WarmQuestion): Promise<WarmAnswer | undefined> {
  try {
    return await (await findWarm(question))?.ask(question);
  } catch (error) {
    question.signal.throwIfAborted();
    if (error instanceof TemporaryError) return undefined;
    throw error;
  }
}

/** Ends every warm yt-dlp of this process; the next question starts one again. */
export async function endWarmYtdlp(): Promise<void> {
  const all = [...warm.values()];
  warm.clear();
  for (const each of await Promise.allSettled(all)) if (each.status === 'fulfilled') each.value?.end();
}

/** The one that runs, or a new one where it was upgraded meanwhile. */
async function findWarm(question: WarmQuestion): Promise<Warm | undefined> {
  const key = `${question.program} ${question.env.http_proxy ?? ''}`;
  const kept = warm.get(key);
  const found = await kept;
  if (found && (await found.isCurrent())) return found;
  if (kept && warm.get(key) === kept) warm.delete(key);
  found?.retire();
  return warm.get(key) ?? begin(key, question);
}

/** What could not be started is not remembered: it may be installed by the next question. */
function begin(key: string, question: WarmQuestion): Promise<Warm | undefined> {
  const forget = () => {
    if (warm.get(key) === starting) warm.delete(key);
  };
  const starting = start(question, forget);
  warm.set(key, starting);
  starting.then((found) => found ?? forget(), forget);
  return starting;
}

async function start({ program, env }: WarmQuestion, onEnd: () => void): Promise<Warm | undefined> {
  const found = await findPython(program);
  if (!found) return undefined;
  const changedAt = await changeOf(found.path);
  const startedAt = performance.now();
  const path: Record<string, string> = found.pythonPath ? { PYTHONPATH: found.pythonPath } : {};
  const started = await startProgram(found.python, ['-u', script], { env: { ...env, ...path } });
  const isCurrent = async () =>
    performance.now() - startedAt < longestLifeMs && (await changeOf(found.path)) === changedAt;
  return { ...attend(started, onEnd), isCurrent };
}

const changeOf = async (path: string) => (await stat(path).catch(() => undefined))?.mtimeMs;

type Waiting = { resolve: (answer: WarmAnswer) => void; reject: (error: Error) => void };

function attend(program: Program, onEnd: () => void): Omit<Warm, 'isCurrent'> {
  const waiting = new Map<number, Waiting>();
  let [lastId, isRetired, isOver] = [0, false, false];
  const end = () => {
    onEnd();
    program.kill();
  };
  const idle = setTimeout(end, idleMs).unref();
  createInterface({ input: program.stdout }).on('line', (line) => {
    const parsed = answer.safeParse(parseJson(line));
    if (parsed.success) waiting.get(parsed.data.id)?.resolve(parsed.data);
  });
  void program.ended.then(({ stderrTail }) => {
    clearTimeout(idle);
    isOver = true;
    onEnd();
    for (const each of waiting.values()) each.reject(new TemporaryError('resolve_failed', { detail: stderrTail }));
  });
  const ask = async ({ url, options, fields, cookieFile, signal }: WarmQuestion) => {
    if (isOver) throw new TemporaryError('resolve_failed', { detail: 'yt-dlp has ended' });
    const id = ++lastId;
    let leave = () => {};
    const answered = new Promise<WarmAnswer>((resolve, reject) => {
      leave = () => reject(signal.reason as Error);
      waiting.set(id, { resolve, reject });
    });
    signal.addEventListener('abort', leave, { once: true });
    idle.refresh();
    program.stdin.write(`${JSON.stringify({ id, url, options, fields, cookies: cookieFile })}\n`);
    try {
      return await answered;
    } finally {
      waiting.delete(id);
      signal.removeEventListener('abort', leave);
      if (isRetired && waiting.size === 0) end();
    }
  };
  const retire = () => {
    isRetired = true;
    if (waiting.size === 0) end();
  };
  return { ask, retire, end };
}
