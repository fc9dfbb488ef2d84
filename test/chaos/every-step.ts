import { recoveryStepNames, type StepName, stepNames } from '../../src/lib/steps.ts';
import type { ChaosFault } from './schedule.ts';

/** An answer that is lost makes the product look for it: the way to the steps of recovery. */
const lostAnswer: ChaosFault = { kind: 'telegram', spec: { method: 'sendMediaGroup', kind: 'dropBefore' } };
/** Kills of one run. They lie far apart in a recording's life, so that one does not hide another. */
const killsPerRun = 4;

/** Runs in which each named step (or one of them) kills whoever comes there first. */
export function everyStep(only?: string): { name: string; faults: ChaosFault[] }[] {
  const wanted = (names: readonly StepName[]) => names.filter((name) => only === undefined || name === only);
  const runs = Math.ceil(wanted(stepNames).length / killsPerRun);
  const groups = Array.from({ length: runs }, (_, run) => wanted(stepNames).filter((_step, at) => at % runs === run));
  return [
    ...groups.map((steps) => ({ name: steps.join(' '), faults: steps.map(killAt) })),
    ...wanted(recoveryStepNames).map((step) => ({ name: step, faults: [lostAnswer, killAt(step)] })),
  ];
}

const killAt = (step: StepName): ChaosFault => ({ kind: 'killAtStep', step, hit: 1 });
