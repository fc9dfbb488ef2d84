import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findFreePort } from '../../src/lib/free-port.ts';
import { waitFor } from './wait.ts';

export type TestRedis = {
  url: string;
  flushAll(): Promise<void>;
  /** Ids of the jobs that BullMQ has given out, a line for each queue. */
  jobs(): Promise<string[]>;
  stop(): Promise<void>;
};

/** A redis-server of one's own on a free loopback port (or this one), with nothing kept on disk. */
export async function startRedis(wanted?: number): Promise<TestRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-redis-'));
  const port = wanted ?? (await findFreePort());
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', args, { stdio: 'ignore' });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  // It does not outlive a process that breaks off.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  const url = `redis://127.0.0.1:${port}`;
  const ask = async (command: string, ...args: string[]) => {
    const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
    redis.on('error', () => {});
    try {
      await redis.connect();
      return await redis.call(command, ...args);
    } finally {
      redis.disconnect();
    }
  };
  await waitFor(() => ask('PING'), { what: 'redis-server' });
  return {
    url,
    flushAll: async () => void (await ask('FLUSHALL')),
    async jobs() {
      const keys = (await ask('KEYS', 'bull:*:active')) as string[];
      return Promise.all(keys.map(async (key) => `${key}: ${String(await ask('LRANGE', key, '0', '-1'))}`));
    },
    async stop() {
      child.kill('SIGKILL');
      await gone;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
