import { parseArgs } from 'node:util';
import { everyStep } from './every-step.ts';
import { findFaketime } from './fake-clock.ts';
import { type RunResult, runOnce } from './run-once.ts';
import { type ChaosFault, chatOf, type Scenario, scenarios, scheduleOf } from './schedule.ts';
import { startServers } from './servers.ts';
import type { StageOptions } from './stage.ts';

/** Kills, or puts to sleep, at each named step. */
const stepScenarios = ['every-step', 'every-step-asleep'];

const usage = `npm run chaos -- [--runs N] [--seed S] [--scenario NAME] [--at-once N] [--step NAME] [--lines]
Scenarios: ${[...scenarios, ...stepScenarios].join(', ')}. Run k of a command has the seed S + k.
--at-once: so many runs at a time, each with servers of its own. --step: only this one of every-step.
--lines: the time line of every run.`;

type Run = { name: string; faults: ChaosFault[]; on?: StageOptions };
type Told = { isEveryStep: boolean; hasLines: boolean };

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      scenario: { type: 'string', default: 'mixed' },
      'at-once': { type: 'string', default: '1' },
      step: { type: 'string' },
      lines: { type: 'boolean', default: false },
    },
  });
  const { scenario } = values;
  const seed = Number(values.seed);
  const isEveryStep = stepScenarios.includes(scenario);
  if (!isEveryStep && !scenarios.includes(scenario as Scenario)) return say(usage, 2);
  const runs: Run[] = isEveryStep
    ? everyStep(values.step, { isAsleep: scenario === 'every-step-asleep' })
    : Array.from({ length: Number(values.runs) }, (_, k) => ({
        name: `seed ${seed + k}`,
        faults: scheduleOf(scenario as Scenario, seed + k),
        on: { chat: chatOf(scenario, seed + k), hasRates: scenario === 'rates' },
      }));
  if (!findFaketime() && leaveOutClocks(runs)) say('clock faults are left out: libfaketime is not installed', 0);
  const told = { isEveryStep, hasLines: values.lines };
  const left = [...runs];
  // Each process and server sees to it that it does not outlive this one.
  process.setMaxListeners(0);
  // The first time the runs under way come to their end, the second time all ends at once.
  const stop = () => (left.length === 0 ? process.exit(130) : void left.splice(0));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
  const lanes = Array.from({ length: Number(values['at-once']) }, () => runLane(left, told));
  return sumUp((await Promise.all(lanes)).flat());
}

/** @returns whether there were any */
function leaveOutClocks(runs: Run[]): boolean {
  const isClock = ({ kind }: ChaosFault) => kind === 'clock';
  const hadAny = runs.some(({ faults }) => faults.some(isClock));
  for (const run of runs) run.faults = run.faults.filter((fault) => !isClock(fault));
  return hadAny;
}

/** Makes one run of the list after another, until it is empty. */
async function runLane(left: Run[], { isEveryStep, hasLines }: Told): Promise<RunResult[]> {
  const servers = await startServers();
  const results: RunResult[] = [];
  try {
    for (let run = left.shift(); run !== undefined; run = left.shift()) {
      const result = await runOnce(servers, run.faults, run.on);
      // A step nobody came to was not tried.
      if (isEveryStep) result.faults.push(...result.unmet.map((step) => `not reached: ${step}`));
      results.push(result);
      report(run.on?.chat === 'discord' ? `${run.name} (Discord)` : run.name, run.faults, result);
      if (hasLines) say(result.lines.join('\n'), 0);
    }
  } finally {
    await servers.close();
  }
  return results;
}

function sumUp(results: RunResult[]): number {
  const sum = (key: 'lostSeconds' | 'duplicates' | 'stuck' | 'asked') =>
    results.reduce((total, result) => total + result[key], 0);
  const bad = results.filter(({ faults }) => faults.length > 0).length;
  const seconds = results.map((each) => each.seconds).sort((a, b) => a - b);
  say(`a run took ${seconds[Math.floor(seconds.length / 2)]?.toFixed(1)} s (median)`, 0);
  say(
    `runs=${results.length} lost_seconds=${sum('lostSeconds')} duplicates=${sum('duplicates')} stuck=${sum('stuck')} asked=${sum('asked')}`,
    0,
  );
  return bad === 0 ? 0 : say(`${bad} of ${results.length} runs broke a promise`, 1);
}

function report(name: string, faults: ChaosFault[], result: RunResult): void {
  const what = faults.map((fault) => JSON.stringify(fault)).join(' ');
  const isBad = result.faults.length > 0;
  const unmet = result.unmet.length > 0 ? ` (not reached: ${result.unmet.join(', ')})` : '';
  say(`${isBad ? 'BROKEN' : 'ok'} ${name} in ${result.seconds.toFixed(1)} s: ${what}${unmet}`, 0);
  if (!isBad) return;
  for (const fault of result.faults) say(`  - ${fault}`, 0);
  if (result.keptIn) say(`  its time line and logs are in ${result.keptIn}`, 0);
}

function say(text: string, code: number): number {
  process.stdout.write(`${text}\n`);
  return code;
}

process.exit(await main());
