import { setTimeout as delay } from 'node:timers/promises';
import { createPostgresBackend, createRedisBackend, Queue, runMigrations, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Logger } from '../lib/log.ts';
import { step } from '../lib/steps.ts';
import { type Job, type JobName, type JobPayloads, jobId, jobNames } from './jobs.ts';

export type Handlers = { [N in JobName]: (data: JobPayloads[N], signal: AbortSignal) => Promise<void> };

/** The bell. Rows are the truth: a lost job is added again by `sweep`, a job too many finds nothing to do. */
export type JobQueue = {
  backend: 'redis' | 'postgres';
  /**
   * @param turn jobs of another turn stand beside those that are there: what the queue lost track of (its worker died,
   *   and clocks differ) holds nobody up for longer than a turn
   */
  add(jobs: Job[], turn?: number): Promise<void>;
  /**
   * Starts taking jobs; each handler runs at most `concurrency[name]` at once in this process. A job whose process
   * died may be added again after `lockMs`.
   */
  work(handlers: Handlers, concurrency: Record<JobName, number>, lockMs: number): QueueWorkers;
  ping(): Promise<void>;
  close(): Promise<void>;
};
export type QueueWorkers = {
  /** A full worker takes no more jobs of this name until resumed. */
  pause(name: JobName): void;
  resume(name: JobName): void;
  /** Takes no more jobs, aborts running handlers and waits for them. */
  close(): Promise<void>;
};

/** Opens BullMQ on Redis (`redis://`) or PostgreSQL (`postgres://`), by the URL's scheme. */
export async function openQueue(url: string, log: Logger): Promise<JobQueue> {
  return url.startsWith('redis') ? openOn(redisConnection(url, log), log) : openOn(await postgresConnection(url), log);
}

type Connection = {
  backend: 'redis' | 'postgres';
  options: object;
  factory: unknown;
  ping(): Promise<unknown>;
  close(): Promise<void>;
};

function redisConnection(url: string, log: Logger): Connection {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on('error', (err) => log.warn({ err }, 'redis is away; jobs wait'));
  const close = async () => {
    redis.disconnect();
  };
  return {
    backend: 'redis',
    options: { connection: redis },
    factory: createRedisBackend,
    ping: () => redis.ping(),
    close,
  };
}

/** A Worker keeps one connection to listen on; the others are for what all of them ask. */
const poolSize = jobNames.length + 6;

async function postgresConnection(url: string): Promise<Connection> {
  // One pool for all queues and workers: each BullMQ object would open its own (23 connections, measured).
  const pool = new pg.Pool({ connectionString: url, max: poolSize, options: '-c search_path=bullmq' });
  pool.setMaxListeners(100);
  pool.on('error', () => {});
  const client = await pool.connect();
  try {
    await runMigrations(client);
  } finally {
    client.release();
  }
  return {
    backend: 'postgres',
    options: { connection: pool },
    factory: createPostgresBackend,
    ping: () => pool.query('select 1'),
    close: () => pool.end(),
  };
}

/** BullMQ waits without end for a Redis that goes away while it closes. What it waits for is nothing of ours. */
const closeLimitMs = 5_000;

/** An `add` that takes longer than this is not waited for: BullMQ waits without end for a Redis that is away. */
const bellLimitMs = 2_000;

/** @returns whether it was over in time. @throws what it threw until then */
async function isOverBy(limitMs: number, doing: Promise<unknown>): Promise<boolean> {
  const over = new AbortController();
  const limit = delay(limitMs, false, { signal: over.signal }).catch(() => false);
  try {
    return await Promise.race([doing.then(() => true), limit]);
  } finally {
    over.abort();
  }
}

const waitAtMost = async (limitMs: number, closing: Promise<unknown>): Promise<void> =>
  void (await isOverBy(
    limitMs,
    closing.catch(() => undefined),
  ));

async function addAll(queues: Map<JobName, Queue>, jobs: Job[], turn: number | undefined): Promise<void> {
  for (const name of jobNames) {
    const mine = jobs.filter((job) => job.name === name);
    if (mine.length === 0) continue;
    const opts = { attempts: 1, removeOnComplete: true, removeOnFail: true };
    const bulk = mine.map((job) => ({ name, data: job.data, opts: { ...opts, jobId: jobId(job, turn) } }));
    await queues.get(name)?.addBulk(bulk);
  }
}

function openOn(connection: Connection, log: Logger): JobQueue {
  const queues = new Map(
    jobNames.map((name) => [name, new Queue(name, connection.options as never, connection.factory as never)]),
  );
  for (const queue of queues.values()) queue.on('error', (err) => log.debug({ err }, 'queue'));
  let isAway = false;
  return {
    backend: connection.backend,
    async add(jobs, turn) {
      // What is rung meanwhile would only pile up: `sweep` adds it again.
      if (isAway) return;
      const adding = addAll(queues, jobs, turn);
      if (await isOverBy(bellLimitMs, adding)) return step('queue.added');
      log.warn('the queue is away; whoever rings does not wait for it');
      isAway = true;
      void adding.catch((err) => log.debug({ err }, 'jobs were not added')).finally(() => (isAway = false));
    },
    work: (handlers, concurrency, lockMs) => startWorkers(connection, { handlers, concurrency, lockMs }, log),
    ping: async () => void (await connection.ping()),
    async close() {
      await waitAtMost(closeLimitMs, Promise.all([...queues.values()].map((queue) => queue.close())));
      await connection.close();
    },
  };
}

/** The server answered with a no, which is a fault of ours; what else is wrong, passes when it is back. */
const isRefused = (error: Error) =>
  error.name === 'ReplyError' || (error as { severity?: string }).severity === 'ERROR';

function startWorkers(
  connection: Connection,
  { handlers, concurrency, lockMs }: { handlers: Handlers; concurrency: Record<JobName, number>; lockMs: number },
  log: Logger,
): QueueWorkers {
  const stop = new AbortController();
  const running = new Set<Promise<void>>();
  const run = (handling: Promise<void>): Promise<void> => {
    running.add(handling);
    return handling.finally(() => running.delete(handling));
  };
  const workers = new Map(
    jobNames.map((name) => {
      const handle = handlers[name] as (data: unknown, signal: AbortSignal) => Promise<void>;
      const worker = new Worker(
        name,
        (job) => run(handle(job.data, stop.signal)),
        {
          ...connection.options,
          concurrency: concurrency[name],
          // Whole numbers: both servers refuse others, and the job of a worker that died would never be free again.
          lockDuration: Math.ceil(lockMs),
          stalledInterval: Math.ceil(lockMs / 2),
        } as never,
        connection.factory as never,
      );
      worker.on('error', (err) => log[isRefused(err) ? 'error' : 'debug']({ err, job: name }, 'queue worker'));
      worker.on('failed', (job, err) => log.error({ err, job: name, data: job?.data }, 'job failed'));
      return [name, worker] as const;
    }),
  );
  return {
    pause: (name) => void workers.get(name)?.pause(true),
    resume: (name) => void workers.get(name)?.resume(),
    async close() {
      stop.abort();
      const closing = Promise.all([...workers.values()].map((worker) => worker.close()));
      while (running.size > 0) await Promise.allSettled(running);
      await waitAtMost(closeLimitMs, closing);
    },
  };
}
