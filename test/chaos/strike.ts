import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import type { Fleet, ProcessName } from './fleet.ts';
import type { ChaosFault } from './schedule.ts';
import type { Servers } from './servers.ts';
import type { Stage } from './stage.ts';
import type { TimeLine } from './time-line.ts';

type Struck = {
  stage: Stage;
  servers: Servers;
  fleet: () => Fleet;
  timeLine: TimeLine;
  clocks: Map<ProcessName, FakeClock>;
};

/** Faults that stand ready before the first process starts: orders at steps, and what calls and media meet. */
export async function lay(
  faults: ChaosFault[],
  { stage, timeLine }: Pick<Struck, 'stage' | 'timeLine'>,
): Promise<void> {
  for (const fault of faults) {
    timeLine.note(`fault: ${JSON.stringify(fault)}`);
    if (fault.kind === 'killAtStep') await order(stage.dir, fault, 'SIGKILL');
    else if (fault.kind === 'freezeAtStep') await order(stage.dir, fault, 'SIGSTOP');
    else if (fault.kind === 'segment')
      stage.streams[fault.stream].failSegment(fault.sequence, fault.fault, fault.times);
    else stage.chat.fault(fault);
  }
}

async function order(dir: string, { step, hit }: { step: string; hit: number }, signal: string): Promise<void> {
  const orders = join(dir, 'orders');
  const before = (await readdir(orders)).filter((file) => file.startsWith(`${step}#`)).length;
  for (let n = 1; n <= hit; n++)
    await writeFile(join(orders, `${step}#${String(before + n).padStart(4, '0')}`), n === hit ? signal : 'go');
}

/** A clock for each process whose clock is going to be wrong. */
export async function makeClocks(faults: ChaosFault[], dir: string): Promise<Map<ProcessName, FakeClock>> {
  const names = new Set(faults.flatMap((fault) => (fault.kind === 'clock' ? [fault.name] : [])));
  const make = async (name: ProcessName) => [name, await createFakeClock(join(dir, `clock-${name}`))] as const;
  return new Map(await Promise.all([...names].map(make)));
}

/** Faults that have their time. Resolves when the last one has passed. */
export async function strike(faults: ChaosFault[], struck: Struck): Promise<void> {
  await Promise.all(faults.map((fault) => strikeOne(fault, struck)));
}

async function strikeOne(fault: ChaosFault, { stage, servers, fleet, timeLine, clocks }: Struck): Promise<void> {
  if (!('atMs' in fault)) return;
  await delay(fault.atMs);
  switch (fault.kind) {
    case 'kill':
      return fleet().kill(fault.name);
    case 'freeze':
      fleet().freeze(fault.name, fault.ms);
      return delay(fault.ms);
    case 'redisFlush':
      timeLine.note('FLUSHALL');
      // Where it is away there is nothing to forget.
      return servers.redis.flushAll().catch(() => undefined);
    case 'redisRestart':
      timeLine.note(`Redis is away for ${fault.awayMs} ms`);
      return servers.restartRedis(fault.awayMs);
    case 'postgresRestart':
      timeLine.note(`Postgres is away for ${fault.awayMs} ms`);
      await servers.restartPostgres(fault.awayMs);
      return timeLine.note('Postgres is back');
    case 'chatRestart':
      timeLine.note('the chat restarts');
      return stage.chat.restart();
    case 'disk':
      timeLine.note(`the disk is full for ${fault.ms} ms`);
      await writeFile(stage.quotaFile, '0');
      await delay(fault.ms);
      timeLine.note('the disk has room again');
      return rm(stage.quotaFile, { force: true });
    case 'clock':
      timeLine.note(`the clock of ${fault.name} is ${fault.bySeconds} s off`);
      return clocks.get(fault.name)?.step(fault.bySeconds);
    case 'playlist':
      stage.streams[fault.stream].failPlaylist(fault.fault);
      timeLine.note(`playlist ${fault.stream}: ${fault.fault}`);
      await delay(fault.ms);
      return stage.streams[fault.stream].failPlaylist(undefined);
  }
}

/** Wakes whoever fell asleep at a step by an order, each after its time. Runs until `signal`. */
export async function wakeSleepers(
  faults: ChaosFault[],
  { dir, fleet, signal }: { dir: string; fleet: () => Fleet; signal: AbortSignal },
): Promise<void> {
  let read = 0;
  while (!signal.aborted) {
    const log = await readFile(join(dir, 'log'), 'utf8').catch(() => '');
    for (const [, name, step] of log.slice(read).matchAll(/^\d+ (\w+) SIGSTOP at (\S+)$/gm)) {
      const fault = faults.find((each) => each.kind === 'freezeAtStep' && each.step === step);
      fleet().freeze(name as ProcessName, fault?.kind === 'freezeAtStep' ? fault.ms : 1_000);
    }
    read = log.lastIndexOf('\n') + 1;
    await delay(50, undefined, { signal }).catch(() => undefined);
  }
}

/** Orders nobody has come to: they do not strike any more. @returns their steps */
export async function withdraw(dir: string): Promise<string[]> {
  const left = await readdir(join(dir, 'orders'));
  for (const file of left) await rm(join(dir, 'orders', file), { force: true });
  return [...new Set(left.map((file) => file.split('#')[0] ?? ''))];
}
