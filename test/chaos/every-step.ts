import { recoveryStepNames, stepNames } from '../../src/lib/steps.ts';
import type { ChaosFault } from './schedule.ts';

/** An answer that is lost makes the product look for it: the way to the steps of recovery. */
const lostAnswer: ChaosFault = { kind: 'telegram', spec: { method: 'sendMediaGroup', kind: 'dropBefore' } };

/** One run for each named step (or for one of them): whoever comes there first is killed. */
export function everyStep(only?: string): { name: string; faults: ChaosFault[] }[] {
  const all = [
    ...stepNames.map((step) => ({ name: step, faults: [{ kind: 'killAtStep', step, hit: 1 } satisfies ChaosFault] })),
    ...recoveryStepNames.map((step) => ({
      name: step,
      faults: [lostAnswer, { kind: 'killAtStep', step, hit: 1 } satisfies ChaosFault],
    })),
  ];
  return all.filter(({ name }) => only === undefined || name === only);
}
