import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Flow } from '../support/use-flow.ts';

/**
 * Starts a role as a process of its own: the compiled product, as `npm start` runs it. `hooks` are modules that are
 * loaded before its first line. The flow kills what still runs.
 */
export function startRole(flow: Flow, role: string, env: Record<string, string>, hooks: string[] = []): ChildProcess {
  const imports = hooks.flatMap((hook) => ['--import', hook]);
  const { PATH, CHAOS_SETTLE_MS } = process.env;
  const child = spawn(process.execPath, [...imports, 'dist/main.js', role], {
    env: { PATH, CHAOS_SETTLE_MS, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout?.resume();
  child.stderr?.resume();
  flow.closes(() => child.kill('SIGKILL'));
  return child;
}

/** Its code, or the signal that ended it. */
export const exitOf = (child: ChildProcess) =>
  new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal)),
  );

/** Programs (ffmpeg, ffprobe …) that work on this data folder. Source: procfs. */
export async function programsOn(dataDir: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(dataDir) && !line.includes('dist/main.js'));
}

/** Orders to kill a process at named moments (`src/lib/steps.ts`), each once. */
export type KillOrders = {
  hook: string;
  env: Record<string, string>;
  left(): Promise<string[]>;
  close(): Promise<void>;
};

/** Lays the orders; a process that is started with `hook` and `env` meets them. */
export async function orderKills(steps: string[]): Promise<KillOrders> {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-kills-'));
  for (const folder of ['orders', 'taken']) await mkdir(join(dir, folder));
  for (const step of steps) await writeFile(join(dir, 'orders', `${step}#1`), 'SIGKILL');
  return {
    hook: fileURLToPath(new URL('../chaos/hook.mjs', import.meta.url)),
    env: { CHAOS_STEPS: dir, CHAOS_NAME: 'worker' },
    left: () => readdir(join(dir, 'orders')),
    close: () => rm(dir, { recursive: true, force: true }),
  };
}
