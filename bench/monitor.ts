// npm run bench -- monitor [--channels 10,1000,10000] [--minutes 2]: what watching Twitch channels costs, in real time at
// the real pace of 60 s, with the real client against the strict server of the tests. It is measured once all were seen.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { createLogger } from '../src/lib/log.ts';
import type { Usage } from './monitor/process.ts';
import { type BenchWorld, countSeen, createBenchWorld, findDetections } from './monitor/world.ts';

/** What 10 000 channels at a 60 s interval may cost. */
const goal = { callsPerMinute: 100, cpuPercent: 5 };
const seenLimitMs = 300_000;
/** So many channels go live while it is measured, one after another. */
const mostLive = 60;

type Result = {
  callsPerMinute: number;
  cpuPercent: number;
  anchorPercent: number;
  latenciesMs: number[];
  memoryBytes: number;
};

function start(world: BenchWorld, dir: string, args: string[]): ChildProcess {
  const quiet = { LOG_LEVEL: 'warn', DATA_DIR: dir, DATABASE_URL: world.url, ALLOW_PRIVATE_SOURCES: '1' };
  const env = { ...process.env, ...quiet, ...world.twitch.env };
  return fork(new URL('./monitor/process.ts', import.meta.url), args, { env, execArgv: ['--import', 'tsx'] });
}

async function usageOf(child: ChildProcess): Promise<Usage> {
  const answer = once(child, 'message');
  child.send('usage');
  return ((await answer) as [Usage])[0];
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([ended, delay(10_000)]);
  child.kill('SIGKILL');
}

async function waitUntilSeen(world: BenchWorld, count: number): Promise<void> {
  const deadline = performance.now() + seenLimitMs;
  while ((await countSeen(world.db)) < count) {
    if (performance.now() > deadline) throw new Error(`not all of ${count} channels were looked at`);
    await delay(500);
  }
}

/** Channels go live one after another. @returns when each of them did */
async function goLive({ twitch }: BenchWorld, count: number, forMs: number): Promise<Map<string, number>> {
  const begun = new Map<string, number>();
  const live = Math.min(count, mostLive);
  for (let index = 0; index < live; index++) {
    const login = `channel_${Math.floor((index * count) / live)}`;
    await delay((forMs / live) * 2 * Math.random());
    twitch.goLive(login);
    begun.set(login, Date.now());
  }
  return begun;
}

const helixCalls = ({ twitch }: BenchWorld) => twitch.calls.filter(({ path }) => path.startsWith('/helix/'));

async function measure(serverUrl: string, dir: string, count: number, minutes: number): Promise<Result> {
  const world = await createBenchWorld(serverUrl, count);
  const child = start(world, dir, ['monitor']);
  try {
    await waitUntilSeen(world, count);
    tell(`${count} channels were seen; what only the first round costs is waited for`);
    // What only the first round costs is over, and the next has begun.
    await delay(70_000);
    world.twitch.forget();
    const before = await usageOf(child);
    const beganAt = performance.now();
    // The last ones begin early enough to be seen.
    const going = goLive(world, count, Math.max(0.3, minutes - 1.2) * 60_000);
    tell(`measuring for ${minutes} minutes`);
    await delay(minutes * 60_000);
    const after = await usageOf(child);
    const tookMs = performance.now() - beganAt;
    const calls = helixCalls(world).length;
    const begun = await going;
    await delay(70_000);
    const detections = await findDetections(world.db);
    const latenciesMs = [...begun].map(([login, at]) => (detections.get(login) ?? Infinity) - at).sort((a, b) => a - b);
    await stop(child);
    const ids = Array.from({ length: Math.min(count, 1000) }, (_, index) => world.twitch.find(`channel_${index}`).id);
    return {
      callsPerMinute: calls / (tookMs / 60_000),
      cpuPercent: (100 * (after.cpuMs - before.cpuMs)) / tookMs,
      anchorPercent: (100 * (await anchorMs(world, dir, ids, calls))) / tookMs,
      ...{ latenciesMs, memoryBytes: after.memoryBytes },
    };
  } finally {
    await stop(child);
    await world.close();
  }
}

/** CPU of a bare loop that makes as many calls and parses the answers. */
async function anchorMs(world: BenchWorld, dir: string, ids: string[], calls: number): Promise<number> {
  const child = start(world, dir, ['anchor', ids.join(','), String(calls), String(calls * 100)]);
  try {
    await once(child, 'message');
    const before = await usageOf(child);
    await once(child, 'message');
    return (await usageOf(child)).cpuMs - before.cpuMs;
  } finally {
    await stop(child);
  }
}

const tell = (text: string) => process.stderr.write(`${text}\n`);
const share = (sorted: number[], part: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
const seconds = (ms: number) => `${(ms / 1000).toFixed(0)} s`;

function show(count: number, result: Result): string {
  const { callsPerMinute, cpuPercent, anchorPercent, latenciesMs, memoryBytes } = result;
  return [
    `channels=${count} calls_per_minute=${callsPerMinute.toFixed(1)} cpu=${cpuPercent.toFixed(2)}%`,
    `anchor=${anchorPercent.toFixed(2)}% ratio=${(cpuPercent / anchorPercent).toFixed(1)}`,
    `detection_p50=${seconds(share(latenciesMs, 0.5))} p95=${seconds(share(latenciesMs, 0.95))} of ${latenciesMs.length}`,
    `memory=${Math.round(memoryBytes / 1e6)}MB`,
  ].join(' ');
}

const { values } = parseArgs({
  options: { channels: { type: 'string', default: '10,1000,10000' }, minutes: { type: 'string', default: '2' } },
});
const dir = await mkdtemp(join(tmpdir(), 'aircheck-bench-'));
// As root Postgres runs as somebody who must get in.
await chmod(dir, 0o755);
const postgres = await startEmbeddedPostgres(dir, createLogger('warn'));
let isGood = true;
try {
  for (const count of values.channels.split(',').map(Number)) {
    const result = await measure(postgres.url, dir, count, Number(values.minutes));
    process.stdout.write(`${show(count, result)}\n`);
    // Measuring begins and ends in the middle of a round.
    const isWithin = Math.round(result.callsPerMinute) <= goal.callsPerMinute && result.cpuPercent < goal.cpuPercent;
    isGood &&= isWithin && result.latenciesMs.every(Number.isFinite);
  }
} finally {
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
}
process.stdout.write(isGood ? 'good: within 100 calls a minute and 5 % of a core\n' : 'over the goal\n');
process.exit(isGood ? 0 : 1);
