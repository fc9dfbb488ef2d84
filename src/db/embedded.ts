import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { chmod, chown, cp, mkdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, parse } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { UserError } from '../core/errors.ts';
import { findFreePort } from '../lib/free-port.ts';
import type { Logger } from '../lib/log.ts';
import { run } from '../lib/run.ts';
import { isAlive } from './lock-data-dir.ts';

/** Postgres refuses uid 0: as root its processes run as `nobody`. Source: Debian base-passwd. */
const nobody = 65534;
const startLimitMs = 60_000;

export type EmbeddedPostgres = { url: string; stop(): Promise<void> };

/**
 * Runs real Postgres binaries from npm in the data folder: makes the cluster the first time, adopts a server that a
 * killed process left running. Listens on 127.0.0.1 only, with a password kept in a 0600 file.
 *
 * @throws UserError `embedded_postgres_missing`, `embedded_postgres_failed`
 */
export async function startEmbeddedPostgres(dataDir: string, log: Logger): Promise<EmbeddedPostgres> {
  const home = await findHome(dataDir);
  const native = await installBinaries(home);
  const cluster = join(home, 'cluster');
  const password = await readOrMake(join(home, 'password'), () => randomBytes(24).toString('hex'));
  if (!existsSync(join(cluster, 'PG_VERSION'))) await initCluster({ home, native, cluster, password });
  const adopted = await adopt(cluster, password, log);
  if (adopted) {
    log.info('adopted the Postgres that is running already');
    return { url: adopted.url, stop: () => stopPid(adopted.pid) };
  }
  const port = await findFreePort();
  const child = launch({ home, native, cluster, port });
  const url = urlOf(port, password);
  await waitUntilReady(url, child, join(home, 'postgres.log'));
  log.debug({ port }, 'embedded Postgres is up');
  return { url, stop: () => stopChild(child) };
}

const urlOf = (port: number, password: string) => `postgres://aircheck:${password}@127.0.0.1:${port}/postgres`;

/** The folder of the cluster: in the data folder, or beside it in /var/lib where `nobody` may not enter (0700 homes). */
async function findHome(dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  const isRoot = process.getuid?.() === 0;
  const isOpen = !isRoot || (await isTraversable(dataDir));
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  const home = isOpen ? join(dataDir, 'postgres') : `/var/lib/aircheck-${name}`;
  await mkdir(home, { recursive: true, mode: 0o755 });
  if (!isOpen) await writeFile(join(dataDir, 'postgres-is-in.txt'), `${home}\n`);
  return home;
}

async function isTraversable(path: string): Promise<boolean> {
  for (let dir = path; dir !== parse(dir).root; dir = dirname(dir)) {
    if (((await stat(dir)).mode & 0o001) === 0) return false;
  }
  return true;
}

/** Copies the binaries to where any user may run them, and makes the links that npm packages cannot hold. */
async function installBinaries(home: string): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let packageDir: string;
  try {
    packageDir = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new UserError('embedded_postgres_missing', { name }, { cause });
  }
  const { version } = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as { version: string };
  const target = join(home, `bin-${version}`);
  if (existsSync(join(target, '.complete'))) return target;
  await rm(target, { recursive: true, force: true });
  await cp(join(packageDir, 'native'), target, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(await readFile(join(target, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const link of links) {
    const from = link.source.replace(/^native\//, '');
    const to = link.target.replace(/^native\//, '');
    const path = join(target, to);
    if (!existsSync(path)) await symlink(join(target, from), path).catch(() => undefined);
  }
  await writeFile(join(target, '.complete'), '');
  return target;
}

type Cluster = { home: string; native: string; cluster: string };

/** Made beside its place and renamed: a start that was killed half-way leaves no half cluster behind. */
async function initCluster({ home, native, cluster, password }: Cluster & { password: string }): Promise<void> {
  const unfinished = `${cluster}.new`;
  const passwordFile = join(home, 'initdb-password');
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (process.getuid?.() === 0)
    await Promise.all([chown(unfinished, nobody, nobody), chown(passwordFile, nobody, nobody)]);
  await chmod(unfinished, 0o700);
  const args = ['-D', unfinished, '-U', 'aircheck', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  args.push('--no-sync', '--encoding=UTF8', '--locale=C');
  const result = await run(join(native, 'bin/initdb'), args, { timeoutMs: startLimitMs, cwd: '/', ...asNobody() });
  await rm(passwordFile, { force: true });
  if (result.reason !== 'exited') throw new UserError('embedded_postgres_failed', { detail: result.stderrTail });
  await rm(cluster, { recursive: true, force: true });
  await rename(unfinished, cluster);
}

const asNobody = () => (process.getuid?.() === 0 ? { uid: nobody } : {});

function launch({ home, native, cluster, port }: Cluster & { port: number }): ChildProcess {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    shared_buffers: '64MB',
    // A process takes up to 24, and `all` may have workers beside it; one that is not used costs some kilobytes.
    max_connections: '300',
    log_min_messages: 'warning',
  };
  const args = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const log = openSync(join(home, 'postgres.log'), 'a');
  const owner = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  // Not through lib/run.ts: a database must outlive our abort signals and is ended by its own SIGINT.
  const child = spawn(join(native, 'bin/postgres'), ['-D', cluster, ...args], {
    ...owner,
    cwd: '/',
    env: { LANG: 'C', PATH: process.env.PATH },
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  return child;
}

async function waitUntilReady(url: string, child: ChildProcess, logPath: string): Promise<void> {
  const deadline = performance.now() + startLimitMs;
  for (;;) {
    if (await canConnect(url)) return;
    if (child.exitCode !== null || performance.now() > deadline) {
      const detail = (await readFile(logPath, 'utf8')).slice(-800);
      throw new UserError('embedded_postgres_failed', { detail });
    }
    await delay(50);
  }
}

async function canConnect(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** A server left by a killed process: its pid file names pid and port. It may still be starting or recovering. */
async function adopt(
  cluster: string,
  password: string,
  log: Logger,
): Promise<{ url: string; pid: number } | undefined> {
  const deadline = performance.now() + startLimitMs;
  for (;;) {
    const lines = await readFile(join(cluster, 'postmaster.pid'), 'utf8').then(
      (text) => text.split('\n'),
      () => [],
    );
    const [pid, , , port] = lines.map(Number);
    if (!pid || !isAlive(pid)) return undefined;
    if (!(await isPostgres(pid))) {
      // After a reboot or in a new container the number may belong to anyone; Postgres would refuse to start.
      log.warn({ pid }, 'removed a Postgres pid file that names another program');
      await rm(join(cluster, 'postmaster.pid'), { force: true });
      return undefined;
    }
    const url = port ? urlOf(port, password) : undefined;
    if (url && (await canConnect(url))) return { url, pid };
    if (performance.now() > deadline)
      throw new UserError('embedded_postgres_failed', { detail: `pid ${pid} is stuck` });
    await delay(100);
  }
}

/** Whether the process runs our server; where that cannot be read (macOS), it is taken for one. */
async function isPostgres(pid: number): Promise<boolean> {
  const program = await readlink(`/proc/${pid}/exe`).catch((error: NodeJS.ErrnoException) => error.code);
  return process.platform !== 'linux' || program === 'EACCES' || /\/postgres( \(deleted\))?$/.test(program ?? '');
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  await Promise.race([gone, delay(10_000, undefined, { ref: false })]);
}

async function stopPid(pid: number): Promise<void> {
  process.kill(pid, 'SIGINT');
  for (let tries = 0; tries < 200 && isAlive(pid); tries++) await delay(50);
}

async function readOrMake(path: string, make: () => string): Promise<string> {
  try {
    await writeFile(path, make(), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return (await readFile(path, 'utf8')).trim();
}
