import { afterAll, beforeAll, expect, test } from 'vitest';
import { recoveryStepNames, stepNames } from '../../src/lib/steps.ts';
import { everyStep } from './every-step.ts';
import { type RunResult, runOnce } from './run-once.ts';
import { type ChaosFault, chatOf, scheduleOf } from './schedule.ts';
import { type Servers, startServers } from './servers.ts';
import type { StageOptions } from './stage.ts';

let servers: Servers;

beforeAll(async () => {
  servers = await startServers();
});
afterAll(() => servers.close());

async function expectNothingLost(faults: ChaosFault[], on?: StageOptions): Promise<RunResult> {
  const result = await runOnce(servers, faults, on);
  const told = [...result.faults, ...(result.keptIn ? [`time line and logs: ${result.keptIn}`] : [])];
  expect(told, JSON.stringify(faults)).toEqual([]);
  expect(result).toMatchObject({ lostSeconds: 0, duplicates: 0, stuck: 0, asked: 0 });
  return result;
}

/** What a named step outside of the list would be. */
const isStep = (name: string) => !name.includes(' ');

test('two recordings without a fault come to every named step, and to no other', async () => {
  const { reached } = await expectNothingLost([]);
  const known = new Set<string>([...stepNames, ...recoveryStepNames]);
  expect(stepNames.filter((name) => !reached.has(name))).toEqual([]);
  expect([...reached].filter((name) => isStep(name) && !known.has(name))).toEqual([]);
}, 300_000);

test('a worker is killed while it looks for a lost album: one album stands, and no mark is left', async () => {
  const run = everyStep('probe.marked')[0];
  const { unmet } = await expectNothingLost(run?.faults ?? []);
  expect(unmet).toEqual([]);
}, 300_000);

test.each([3, 5, 12])(
  'whatever dies, no second is lost and nothing is posted twice (seed %i)',
  async (seed) => {
    await expectNothingLost(scheduleOf('mixed', seed), { chat: chatOf('mixed', seed) });
  },
  300_000,
);
