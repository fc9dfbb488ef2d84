import type { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '../support/wait.ts';
import type { Reserve } from './reserve.ts';
import type { TimeLine } from './time-line.ts';

/** Names of the processes of one installation. */
export const processNames = ['bots', 'monitor', 'worker1', 'worker2', 'web'] as const;
export type ProcessName = (typeof processNames)[number];

/** The compiled product as processes of their own; one that dies is started again, as a supervisor would. */
export type Fleet = {
  kill(name: ProcessName): void;
  /** Stops it where it is, and wakes it after `ms`. */
  freeze(name: ProcessName, ms: number): void;
  /** From now on nobody is frozen, and nobody is started again too late. */
  calm(): void;
  /** Ends all by SIGTERM. @returns what did not end well, and programs that outlived their process */
  stop(): Promise<string[]>;
};

export type FleetOptions = {
  reserve: Reserve;
  env: Record<string, string>;
  /** Folder of the run: logs, orders and data lie below. */
  dir: string;
  timeLine: TimeLine;
  /** A process that died is away so long. */
  restartMs: number;
  onEnd: (name: ProcessName) => void;
};

type Member = { child: ChildProcess; frozen?: NodeJS.Timeout };

/** Starts all processes of one installation. */
export async function startFleet({ reserve, env, dir, timeLine, restartMs, onEnd }: FleetOptions): Promise<Fleet> {
  for (const folder of ['orders', 'taken', 'logs']) await mkdir(join(dir, folder), { recursive: true });
  const members = new Map<ProcessName, Member>();
  let isStopping = false;

  const start = (name: ProcessName) => {
    const log = createWriteStream(join(dir, 'logs', name), { flags: 'a' });
    const child = reserve.take([name.replace(/\d$/, '')], { ...env, CHAOS_STEPS: dir, CHAOS_NAME: name });
    for (const stream of [child.stdout, child.stderr]) stream?.pipe(log, { end: false });
    members.set(name, { child });
    child.once('exit', (code, signal) => {
      timeLine.note(`${name} ended: ${signal ?? code}`);
      onEnd(name);
      if (isStopping) return;
      void delay(restartMs).then(() => {
        if (isStopping) return;
        timeLine.note(`${name} starts again`);
        start(name);
      });
    });
  };
  for (const name of processNames) start(name);
  // Nothing outlives a harness that breaks off.
  const killAll = () => members.forEach(({ child }) => child.kill('SIGKILL'));
  process.once('exit', killAll);

  const wake = (name: ProcessName) => {
    const member = members.get(name);
    if (!member?.frozen) return;
    clearTimeout(member.frozen);
    delete member.frozen;
    timeLine.note(`${name} wakes`);
    member.child.kill('SIGCONT');
  };
  return {
    kill(name) {
      timeLine.note(`${name} is killed`);
      members.get(name)?.child.kill('SIGKILL');
    },
    freeze(name, ms) {
      const member = members.get(name);
      if (!member) return;
      timeLine.note(`${name} sleeps ${ms} ms`);
      member.child.kill('SIGSTOP');
      clearTimeout(member.frozen);
      member.frozen = setTimeout(() => wake(name), ms);
    },
    calm: () => processNames.forEach(wake),
    async stop() {
      processNames.forEach(wake);
      isStopping = true;
      const ended = await Promise.all([...members].map(([name, { child }]) => end(name, child)));
      process.off('exit', killAll);
      return [...ended.flat(), ...(await programsOn(dir))];
    },
  };
}

async function end(name: string, child: ChildProcess): Promise<string[]> {
  if (child.exitCode !== null || child.signalCode !== null) return [];
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const code = await Promise.race([exited, delay(20_000, 'late' as const, { ref: false })]);
  // Killed while it was starting: nothing listens to signals yet, and nothing was begun.
  if (code === 0 || child.signalCode === 'SIGTERM') return [];
  child.kill('SIGKILL');
  await exited;
  return [`${name} did not end by itself: ${code}`];
}

/** Programs (ffmpeg, ffprobe …) that still work on the run's folder. Source: procfs. */
async function programsOn(dir: string): Promise<string[]> {
  const look = async () => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
    return lines.filter((line) => line.includes(dir)).map((line) => `left running: ${line.replaceAll('\0', ' ')}`);
  };
  let left: string[] = [];
  await waitFor(async () => (left = await look()).length === 0, { timeoutMs: 5_000 }).catch(() => undefined);
  return left;
}
