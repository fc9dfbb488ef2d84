import type { ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessRole } from '../../src/app.ts';
import { waitFor } from '../support/wait.ts';
import type { FakeClock } from './fake-clock.ts';
import { type Reserve, startHost } from './reserve.ts';
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
  /** Ends all as SIGTERM does. @returns what did not end well, and programs that outlived their process */
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
  /** Processes that have a clock of their own. */
  clocks?: Map<ProcessName, FakeClock>;
};

type Member = { child: ChildProcess; log: WriteStream; onExit(): void; frozen?: NodeJS.Timeout; isOwn: boolean };

/** Starts all processes of one installation. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { reserve, env, dir, timeLine, restartMs, onEnd, clocks } = options;
  for (const folder of ['orders', 'taken', 'logs']) await mkdir(join(dir, folder), { recursive: true });
  const members = new Map<ProcessName, Member>();
  let isStopping = false;

  const start = (name: ProcessName) => {
    const role = name.replace(/\d$/, '') as ProcessRole;
    const part = { role, env: { ...env, CHAOS_STEPS: dir, CHAOS_NAME: name } };
    const clock = clocks?.get(name);
    const child = clock ? startHost(part, clock.env) : reserve.take(part);
    const log = createWriteStream(join(dir, 'logs', name), { flags: 'a' });
    for (const stream of [child.stdout, child.stderr]) stream?.pipe(log, { end: false });
    const onExit = () => {
      timeLine.note(`${name} ended: ${child.signalCode ?? child.exitCode}`);
      onEnd(name);
      void delay(restartMs).then(() => {
        if (isStopping) return;
        timeLine.note(`${name} starts again`);
        start(name);
      });
    };
    child.once('exit', onExit);
    members.set(name, { child, log, onExit, isOwn: clock !== undefined });
  };
  for (const name of processNames) start(name);

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
      if (isStopping) return [];
      processNames.forEach(wake);
      isStopping = true;
      const ended = await Promise.all([...members].map(([name, member]) => end(name, member, reserve)));
      return [...ended.flat(), ...(await programsOn(dir))];
    },
  };
}

/** A role must end within it. */
const endLimitMs = 60_000;

async function end(name: string, { child, log, onExit, isOwn }: Member, reserve: Reserve): Promise<string[]> {
  child.off('exit', onExit);
  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  let isIdle = false;
  const hear = (message: unknown) => void (isIdle = message === 'idle');
  child.on('message', hear);
  if (!isGone() && child.connected) child.send('end');
  await waitFor(() => isGone() || isIdle, { timeoutMs: endLimitMs, everyMs: 20 }).catch(() => child.kill('SIGKILL'));
  child.off('message', hear);
  for (const stream of [child.stdout, child.stderr]) stream?.unpipe(log).resume();
  log.end();
  if (isOwn) child.kill('SIGKILL');
  else if (isIdle) reserve.giveBack(child);
  // One that was killed by a fault just now is no fault of its own.
  return isIdle || isGone() ? [] : [`${name} did not end by itself`];
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
