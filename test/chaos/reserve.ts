import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ProcessRole } from '../../src/app.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const script = fileURLToPath(new URL('host.mjs', import.meta.url));
const hook = fileURLToPath(new URL('hook.mjs', import.meta.url));

/** What a process is told to be. */
export type Part = { role: ProcessRole; env: Record<string, string> };

/** Processes that have loaded the compiled product and wait for their part. */
export type Reserve = {
  /** One becomes a process of the product. Its output is piped. */
  take(part: Part): ChildProcess;
  /** One whose role has ended takes another part later. */
  giveBack(child: ChildProcess): void;
  close(): void;
};

/** Keeps `size` of them; they load one after another, so that a run beside them is not held up. */
export function startReserve(size: number): Reserve {
  const all = new Set<ChildProcess>();
  const waiting: { child: ChildProcess; role?: ProcessRole }[] = [];
  const roles = new Map<ChildProcess, ProcessRole>();
  let loading: ChildProcess | undefined;
  const add = () => {
    const child = spawnHost();
    all.add(child);
    child.once('exit', () => {
      all.delete(child);
      roles.delete(child);
      const at = waiting.findIndex((each) => each.child === child);
      if (at >= 0) waiting.splice(at, 1);
    });
    return child;
  };
  const refill = () => {
    if (loading || all.size >= size) return;
    const child = add();
    loading = child;
    waiting.push({ child });
    const next = () => {
      if (loading !== child) return;
      loading = undefined;
      refill();
    };
    child.once('message', next);
    child.once('exit', next);
  };
  const close = () => {
    size = 0;
    for (const child of all) child.kill('SIGKILL');
  };
  process.once('exit', close);
  refill();
  return {
    take(part) {
      // Who was it before knows its way; else one that was nothing yet.
      const at = [part.role, undefined].map((role) => waiting.findIndex((each) => each.role === role));
      const [found] = waiting.splice(Math.max(0, at.find((each) => each >= 0) ?? 0), 1);
      const child = found?.child ?? add();
      roles.set(child, part.role);
      child.send(part);
      child.once('exit', refill);
      return child;
    },
    giveBack(child) {
      const role = roles.get(child);
      child.off('exit', refill);
      if (all.has(child)) waiting.push({ child, ...(role && { role }) });
    },
    close() {
      process.off('exit', close);
      close();
    },
  };
}

/** One beside the reserve, with variables in its environment from its first moment. Whoever takes it ends it. */
export function startHost(part: Part, env: Record<string, string>): ChildProcess {
  const child = spawnHost(env);
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  child.send(part);
  return child;
}

/** One that is loading. */
function spawnHost(env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, ['--import', hook, script], {
    cwd: root,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}
