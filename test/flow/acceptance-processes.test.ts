import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { segments, sessions, uploads } from '../../src/db/schema.ts';
import { readOutcome, waitForFrames, waitUntilPosted } from '../support/app.ts';
import type { LiveOrigin } from '../support/live.ts';
import { framesOf, limitFor, type TelegramApp } from '../support/telegram-app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';
import { exitOf, programsOn, startRole } from './acceptance-setup.ts';

const flow = useFlow();
/** Up to an upload of the first part that takes long, while the stream is live. */
async function recordSlowly(
  roles?: Parameters<TelegramApp['t']['restart']>[0],
): Promise<{ s: TelegramApp; origin: LiveOrigin }> {
  const s = await flow.telegram({ env: { LEASE_SECONDS: '1' } });
  if (roles) await s.t.restart(roles);
  const origin = await flow.origin(24, { initial: 6 });
  const limit = await limitFor(origin, 6, 24);
  await s.say(`/target add archive @archive_channel limit=${limit}B`);
  s.telegram.fault({ method: 'sendVideo', kind: 'slowBody', bytesPerSecond: 20_000 });
  await s.say(`/record ${origin.url} to=archive`);
  return { s, origin };
}

const uploadStates = async ({ t }: TelegramApp) => (await t.app.db.select().from(uploads)).map(({ state }) => state);

test('scenario 14: /stop while a part is uploaded, however long that takes: the upload goes on and is not begun again', async () => {
  const { s, origin } = await recordSlowly();
  await waitForFrames(s.t.app, 100);
  origin.advance(6);
  await waitFor(async () => (await uploadStates(s)).includes('sending'), { what: 'an upload under way' });
  expect(await s.say('/stop s1')).toContain('Stopping s1');
  expect(await s.say('/stop s1')).toContain('Nothing is being recorded');
  expect(await uploadStates(s)).toContain('sending');
  await waitUntilPosted(s.t.app);
  const kept = (await s.t.app.db.select().from(segments)).reduce((sum, row) => sum + row.frameCount, 0);
  expect(await framesOf(s, s.posts().flat())).toBe(kept);
  const calls = s.telegram.calls.filter(({ method }) => method === 'sendVideo');
  expect(calls).toHaveLength((await uploadStates(s)).length);
});

test('scenario 14, SIGTERM while a part is uploaded: no state changes, no program is left, the next start posts it once', async () => {
  const { s, origin } = await recordSlowly(['bots', 'monitor']);
  const worker = startRole(flow, 'worker', s.t.env);
  await waitForFrames(s.t.app, 100);
  origin.advance(6);
  await waitFor(async () => (await uploadStates(s)).includes('sending'), { what: 'an upload under way' });
  worker.kill('SIGTERM');
  expect(await exitOf(worker)).toBe(0);
  expect(await programsOn(s.t.env.DATA_DIR ?? '')).toEqual([]);
  const between = await readOutcome(s.t.app);
  expect(between.sessions[0]?.state).toBe('recording');
  expect(between.deliveries[0]).toMatchObject({ state: 'collecting', closedAt: null, error: null });
  expect(await uploadStates(s)).not.toContain('failed');
  startRole(flow, 'worker', s.t.env);
  origin.advance(12);
  origin.end();
  await waitUntilPosted(s.t.app);
  expect(s.posts()).toHaveLength(1);
  expect(await framesOf(s, s.posts().flat())).toBe(await origin.frames());
  expect((await readOutcome(s.t.app)).gaps).toEqual([]);
});

test('scenario 19: a second Aircheck on the same data folder says so and stops, and the first goes on', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-two-'));
  flow.closes(() => rm(dir, { recursive: true, force: true, maxRetries: 10 }));
  const env = { DATA_DIR: join(dir, 'data'), PORT: '0', WEB_TOKEN: 'two', LOG_LEVEL: 'warn', HOME: dir };
  const first = startRole(flow, 'all', env);
  let ready = '';
  first.stdout?.on('data', (chunk) => (ready += String(chunk)));
  await waitFor(() => ready.includes('Aircheck is ready'), { what: 'the first' });
  const second = startRole(flow, 'all', env);
  let said = '';
  second.stderr?.on('data', (chunk) => (said += String(chunk)));
  expect(await exitOf(second)).toBe(1);
  expect(said).toContain(`Another Aircheck (process ${first.pid})`);
  const login = /https?:\/\/\S+/.exec(ready)?.[0] ?? '';
  expect((await fetch(login, { redirect: 'manual' })).status).toBeLessThan(400);
  first.kill('SIGTERM');
  expect(await exitOf(first)).toBe(0);
});

test.each([1, -1])(
  'scenario 20: the clock steps by %i h while the stream is lost: grace counts the time that really passes',
  async (hours) => {
    const t = await flow.web({ GRACE_SECONDS: '90', TZ: 'Europe/Berlin' }, ['bots', 'monitor']);
    const origin = await flow.origin(24, { initial: 6 });
    const clock = join(t.env.DATA_DIR ?? '', 'clock');
    const hook = fileURLToPath(new URL('clock-step.mjs', import.meta.url));
    startRole(flow, 'worker', { ...t.env, CLOCK_FILE: clock }, [hook]);
    await t.say(`/record ${origin.url}`);
    await waitForFrames(t.app, 100);
    origin.goOffline();
    await waitFor(async () => (await readOutcome(t.app)).sessions[0]?.state === 'reconnecting');
    await writeFile(clock, String(hours * 3600_000));
    const changedAt = async () => (await t.app.db.select().from(sessions))[0]?.changedAt.getTime() ?? 0;
    // Tried again under the other clock: the first may have been under way.
    for (const what of ['another try', 'one more try']) {
      const before = await changedAt();
      await waitFor(async () => (await changedAt()) > before, { what });
    }
    expect((await readOutcome(t.app)).sessions[0]?.state).toBe('reconnecting');
    origin.goLive();
    origin.advance(4);
    await waitForFrames(t.app, 200);
    await waitFor(async () => (await readOutcome(t.app)).sessions[0]?.state === 'recording');
    const outcome = await readOutcome(t.app);
    expect(outcome.sessions).toHaveLength(1);
    expect(outcome.gaps).toEqual([]);
  },
);
