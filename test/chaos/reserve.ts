import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const script = fileURLToPath(new URL('reserve.mjs', import.meta.url));
const hook = fileURLToPath(new URL('hook.mjs', import.meta.url));

/** Processes that have loaded the compiled product and wait for their part. */
export type Reserve = {
  /** One becomes a process of the product: with this environment, as `aircheck <args>`. Its output is piped. */
  take(args: string[], env: Record<string, string>): ChildProcess;
  close(): void;
};

/** Keeps `size` of them; they load one after another, so that a run beside them is not held up. */
export function startReserve(size: number): Reserve {
  const waiting: ChildProcess[] = [];
  let isClosed = false;
  let loading: ChildProcess | undefined;
  const refill = () => {
    if (isClosed || loading || waiting.length >= size) return;
    const child = spawnOne();
    loading = child;
    waiting.push(child);
    const next = () => {
      if (loading !== child) return;
      loading = undefined;
      refill();
    };
    child.once('message', next);
    child.once('exit', () => {
      const at = waiting.indexOf(child);
      if (at >= 0) waiting.splice(at, 1);
      next();
    });
  };
  const close = () => {
    isClosed = true;
    for (const child of waiting.splice(0)) child.kill('SIGKILL');
  };
  process.once('exit', close);
  refill();
  return {
    take(args, env) {
      const child = waiting.shift() ?? spawnOne();
      child.send({ args, env });
      setImmediate(refill);
      return child;
    },
    close() {
      process.off('exit', close);
      close();
    },
  };
}

/** One that is loading. `own` stands in its environment from the first moment, for what a loader reads. */
export function spawnOne(own: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, ['--import', hook, script], {
    cwd: root,
    env: { PATH: process.env.PATH, ...own },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}
