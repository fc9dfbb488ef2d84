import { parseArgs } from 'node:util';
import { everyStep } from './every-step.ts';
import { type RunResult, runOnce } from './run-once.ts';
import { type ChaosFault, type Scenario, scenarios, scheduleOf } from './schedule.ts';
import { startServers } from './servers.ts';

const usage = `npm run chaos -- [--runs N] [--seed S] [--scenario NAME]
Scenarios: ${[...scenarios, 'every-step'].join(', ')}. Run k of a command has the seed S + k.`;

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
  const scenario = values.scenario as Scenario | 'every-step';
  const seed = Number(values.seed);
  if (scenario !== 'every-step' && !scenarios.includes(scenario)) return say(usage, 2);
  const runs =
    scenario === 'every-step'
      ? everyStep(values.step)
      : Array.from({ length: Number(values.runs) }, (_, k) => ({
          name: `seed ${seed + k}`,
          faults: scheduleOf(scenario, seed + k),
        }));
  return runAll(runs, values.lines);
}

async function runAll(runs: { name: string; faults: ChaosFault[] }[], hasLines: boolean): Promise<number> {
  const servers = await startServers();
  const results: RunResult[] = [];
  try {
    for (const { name, faults } of runs) {
      const result = await runOnce(servers, faults);
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
