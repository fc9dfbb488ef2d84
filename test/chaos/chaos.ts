import { parseArgs } from 'node:util';
import { everyStep } from './every-step.ts';
import { type RunResult, runOnce } from './run-once.ts';
import { type ChaosFault, type Scenario, scenarios, scheduleOf } from './schedule.ts';
import { startServers } from './servers.ts';

/** Kills, or puts to sleep, at each named step. */
const stepScenarios = ['every-step', 'every-step-asleep'];

const usage = `npm run chaos -- [--runs N] [--seed S] [--scenario NAME]
Scenarios: ${[...scenarios, ...stepScenarios].join(', ')}. Run k of a command has the seed S + k.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      scenario: { type: 'string', default: 'mixed' },
      step: { type: 'string' },
      lines: { type: 'boolean', default: false },
    },
  });
  const { scenario } = values;
  const seed = Number(values.seed);
  const isEveryStep = stepScenarios.includes(scenario);
  if (!isEveryStep && !scenarios.includes(scenario as Scenario)) return say(usage, 2);
  const runs = isEveryStep
    ? everyStep(values.step, { isAsleep: scenario === 'every-step-asleep' })
    : Array.from({ length: Number(values.runs) }, (_, k) => ({
        name: `seed ${seed + k}`,
        faults: scheduleOf(scenario as Scenario, seed + k),
      }));
  return runAll(runs, { isEveryStep, hasLines: values.lines });
}

async function runAll(
  runs: { name: string; faults: ChaosFault[] }[],
  { isEveryStep, hasLines }: { isEveryStep: boolean; hasLines: boolean },
): Promise<number> {
  const servers = await startServers();
  const results: RunResult[] = [];
  let isStopping = false;
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => (isStopping = true));
  try {
    for (const { name, faults } of runs) {
      if (isStopping) break;
      const result = await runOnce(servers, faults);
      // A step nobody came to was not tried.
      if (isEveryStep) result.faults.push(...result.unmet.map((step) => `not reached: ${step}`));
      results.push(result);
      await report(name, faults, result);
      if (hasLines) say(result.lines.join('\n'), 0);
    }
  } finally {
    await servers.close();
  }
  const sum = (key: 'lostSeconds' | 'duplicates' | 'stuck' | 'asked') =>
    results.reduce((total, result) => total + result[key], 0);
  const bad = results.filter(({ faults }) => faults.length > 0).length;
  say(
    `runs=${results.length} lost_seconds=${sum('lostSeconds')} duplicates=${sum('duplicates')} stuck=${sum('stuck')} asked=${sum('asked')}`,
    0,
  );
  return bad === 0 ? 0 : say(`${bad} of ${results.length} runs broke a promise`, 1);
}

async function report(name: string, faults: ChaosFault[], result: RunResult): Promise<void> {
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
