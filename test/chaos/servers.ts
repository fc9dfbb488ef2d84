import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { createLogger } from '../../src/lib/log.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';
import { type Reserve, startReserve } from './reserve.ts';

/** What all runs of one command share: a Postgres and a Redis that can go away and come back on their ports. */
export type Servers = {
  /** A migrated database of its own. */
  freshDatabase(): Promise<{ url: string; drop(): Promise<void> }>;
  redis: TestRedis;
  /** Of processes of the product. */
  reserve: Reserve;
  /** Ends Postgres as a host that loses power, and starts it again after `awayMs`. */
  restartPostgres(awayMs: number): Promise<void>;
  restartRedis(awayMs: number): Promise<void>;
  close(): Promise<void>;
};

/** A run takes five; more are there for those that are killed. */
const reserveSize = 7;

/** Starts all, once per command. */
export async function startServers(): Promise<Servers> {
  const reserve = startReserve(reserveSize);
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-chaos-'));
  // Open to Postgres' own user: the cluster lies inside and goes with the folder.
  await chmod(dir, 0o755);
  const server = await startEmbeddedPostgres(dir, createLogger('error'));
  const cluster = join(dir, 'postgres', 'cluster');
  const template = 'template_chaos';
  await admin(server.url, `create database ${template}`);
  await migrateDatabase(withName(server.url, template));
  let redis = await startRedis();
  let again: ChildProcess | undefined;
  let made = 0;
  const pidFile = join(cluster, 'postmaster.pid');
  // Detached, it would outlive a harness that breaks off.
  const endNow = () =>
    existsSync(pidFile) && process.kill(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), 'SIGQUIT');
  process.once('exit', endNow);
  let restarting: Promise<void> = Promise.resolve();
  /** One after another: what is away cannot go away. */
  const inTurn = (restart: () => Promise<void>) => (restarting = restarting.then(restart));
  const restartPostgres = async (awayMs: number) => {
    const args = await readArguments(cluster);
    await killAll(Number((await readFile(pidFile, 'utf8')).split('\n')[0]));
    await delay(awayMs);
    again = startAgain(args);
    await waitFor(() => admin(server.url, 'select 1').then(() => true), { what: 'Postgres to be back' });
  };
  const restartRedis = async (awayMs: number) => {
    const port = Number(new URL(redis.url).port);
    await redis.stop();
    await delay(awayMs);
    redis = await startRedis(port);
  };
  return {
    async freshDatabase() {
      const name = `chaos_${++made}`;
      await admin(server.url, `create database ${name} template ${template}`);
      const drop = () => admin(server.url, `drop database if exists ${name} with (force)`);
      return { url: withName(server.url, name), drop };
    },
    reserve,
    get redis() {
      return redis;
    },
    restartPostgres: (awayMs) => inTurn(() => restartPostgres(awayMs)),
    restartRedis: (awayMs) => inTurn(() => restartRedis(awayMs)),
    async close() {
      reserve.close();
      await redis.stop();
      if (again) await killAll(again.pid ?? 0);
      else await server.stop();
      process.off('exit', endNow);
      await rm(dir, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

function withName(url: string, name: string): string {
  const made = new URL(url);
  made.pathname = `/${name}`;
  return made.href;
}

async function admin(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 5 });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** The command line a running server wrote down, in quotes. Source: PostgreSQL, `postmaster.opts`. */
async function readArguments(cluster: string): Promise<string[]> {
  const text = await readFile(join(cluster, 'postmaster.opts'), 'utf8');
  const [program = ''] = text.split(' ');
  return [program, ...[...text.matchAll(/"([^"]*)"/g)].map(([, value = '']) => value)];
}

function startAgain([program = '', ...args]: string[]): ChildProcess {
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const env = { LANG: 'C', PATH: process.env.PATH };
  return spawn(program, args, { ...nobody, cwd: '/', env, stdio: 'ignore', detached: true });
}

/** SIGQUIT: every server process ends at once without a checkpoint; the next start recovers from the log. */
async function killAll(pid: number): Promise<void> {
  process.kill(pid, 'SIGQUIT');
  await waitFor(() => !isAlive(pid), { what: 'Postgres to be gone', everyMs: 20 });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
