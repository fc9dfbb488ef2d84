import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createLogger } from '../../src/lib/log.ts';
import { isFaststart } from '../../src/media/probe.ts';
import type { Job } from '../../src/queue/jobs.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { readOutcome, readPostedFiles, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();
let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
const queues = [
  ['postgres', () => undefined],
  ['redis', () => redis.url],
] as const;

const open = (queueUrl?: string) => flow.web(queueUrl ? { QUEUE_URL: queueUrl } : {});

describe.each(queues)('on a queue in %s', (_name, queueUrl) => {
  test('a stream is recorded from /record to the album, the comment and the card', async () => {
    const t = await open(queueUrl());
    const origin = await flow.origin(12, { window: 6 });
    const reply = await t.say(`/record ${origin.url}`);
    expect(reply.text).toContain('s1');
    await waitForFrames(t.app, 100);
    origin.advance(6);
    origin.end();
    await waitUntilPosted(t.app);
    const outcome = await readOutcome(t.app);
    const posted = await readPostedFiles(t.app, outcome.deliveries[0]?.id ?? 0);
    expect(posted.frames).toBe(await origin.frames());
    expect(outcome.gaps).toEqual([]);
    expect(outcome.sessions.map((session) => session.state)).toEqual(['ended']);
    for (const item of posted.media) expect(await isFaststart(posted.path(item.key))).toBe(true);
    const kinds = outcome.messages.map((message) => message.kind);
    expect(kinds.filter((kind) => kind === 'card')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'video')).toHaveLength(1);
    const comment = outcome.messages.find((message) => message.kind === 'comment');
    expect(comment?.parentId).toBe(outcome.messages.find((message) => message.kind === 'video')?.id);
    expect(comment?.content.text).toContain('no gaps');
    await waitFor(async () => {
      const card = (await readOutcome(t.app)).messages.find((message) => message.kind === 'card');
      return card?.content.state === 'posted';
    });
  });

  test('/stop in the middle posts what is there and does not begin again', async () => {
    const t = await open(queueUrl());
    const origin = await flow.origin(30, { window: 6 });
    await t.say(`/watch ${origin.url}`);
    await waitForFrames(t.app, 100);
    expect((await t.say('/stop')).isError).toBeUndefined();
    await waitUntilPosted(t.app);
    origin.advance(3);
    const before = await readOutcome(t.app);
    const posted = await readPostedFiles(t.app, before.deliveries[0]?.id ?? 0);
    expect(posted.frames).toBe(before.segments.reduce((sum, segment) => sum + segment.frameCount, 0));
    // The monitor looks again and finds it live; the stopped broadcast stays stopped.
    await t.app.bus.tell('streams', 0);
    const status = await t.say('/status');
    expect(status.text).toContain('Nothing is being recorded');
    expect((await readOutcome(t.app)).sessions).toHaveLength(1);
  });

  test('a drop and a reconnect stay one Session with a told gap or none', async () => {
    const t = await open(queueUrl());
    const origin = await flow.origin(30, { window: 6 });
    await t.say(`/record ${origin.url}`);
    await waitForFrames(t.app, 100);
    origin.goOffline();
    await waitFor(async () => (await readOutcome(t.app)).sessions[0]?.state === 'reconnecting');
    origin.goLive();
    origin.advance(4);
    await waitForFrames(t.app, 250);
    origin.end();
    await waitUntilPosted(t.app);
    const outcome = await readOutcome(t.app);
    expect(outcome.sessions).toHaveLength(1);
    expect(outcome.takes.length).toBeGreaterThan(1);
    expect((await readPostedFiles(t.app, outcome.deliveries[0]?.id ?? 0)).frames).toBe(await origin.frames());
  });
});

const nothing = async () => undefined;
const handlers = { capture: nothing, plan: nothing, part: nothing, post: nothing, card: nothing, clean: nothing };
const concurrency = { capture: 1, plan: 1, part: 1, post: 1, card: 1, clean: 1 };
const plan1: Job = { name: 'plan', data: { renditionId: 1 } };

test('the job of a worker that died is taken by another, whatever fraction of a second its lease is', async () => {
  const dead = await openQueue(redis.url, createLogger('silent'));
  const [taken, again] = [vi.fn(() => new Promise<void>(() => undefined)), vi.fn(nothing)];
  dead.work({ ...handlers, plan: taken }, concurrency, 437.1 * 1.5);
  await dead.add([plan1]);
  await waitFor(() => taken.mock.calls.length > 0);
  await dead.close();
  const other = await openQueue(redis.url, createLogger('silent'));
  const workers = other.work({ ...handlers, plan: again }, concurrency, 437.1 * 1.5);
  await waitFor(() => again.mock.calls.length > 0);
  await workers.close();
  await other.close();
});

test('a job that the queue lost track of holds nobody up: that of another turn runs beside it', async () => {
  const t = await flow.web({}, ['web']);
  const plan = vi.fn(nothing);
  await t.app.queue.add([plan1], 1);
  // As a worker leaves it whose clock is a day ahead.
  await t.app.db.execute(sql`update bullmq.job set state = 'active', lock_token = 'dead',
    locked_until_ms = extract(epoch from now() + interval '1 day') * 1000`);
  const workers = t.app.queue.work({ ...handlers, plan }, concurrency, 1_000);
  await t.app.queue.add([plan1], 1);
  await t.app.queue.add([plan1], 2);
  await waitFor(() => plan.mock.calls.length > 0);
  await workers.close();
});

test('whoever rings does not wait for a Redis that is away, and is heard when it is back', async () => {
  const own = await startRedis();
  const queue = await openQueue(own.url, createLogger('silent'));
  const plan = vi.fn(nothing);
  const workers = queue.work({ ...handlers, plan }, concurrency, 1_000);
  await queue.add([plan1]);
  await waitFor(() => plan.mock.calls.length === 1);
  await own.stop();
  await queue.add([plan1]);
  await queue.add([plan1]);
  const again = await startRedis(Number(new URL(own.url).port));
  flow.closes(() => again.stop());
  await waitFor(() => plan.mock.calls.length === 2);
  await workers.close();
  await queue.close();
});

test('a queue closes while its Redis is away', async () => {
  const own = await startRedis();
  const queue = await openQueue(own.url, createLogger('silent'));
  const workers = queue.work(handlers, concurrency, 1_000);
  await queue.ping();
  await own.stop();
  await workers.close();
  await queue.close();
});
