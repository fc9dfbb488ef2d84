import { recoveryStepNames, type StepName, stepNames } from '../../src/lib/steps.ts';
import { ownerId } from './chat-telegram.ts';
import type { ChaosFault } from './schedule.ts';

/** Answers that are lost make the product look for them: the way to the steps of recovery. One of them did its work. */
const lostAnswers: ChaosFault[] = [
  { kind: 'telegram', spec: { method: 'sendMediaGroup', kind: 'dropBefore' } },
  { kind: 'telegram', spec: { method: 'sendVideo', chatId: ownerId, kind: 'dropAfter' } },
];
/** Kills of one run. They lie far apart in a recording's life, so that one does not hide another. */
const killsPerRun = 4;

/** Long enough that another worker takes over, looks for what was lost, and does it. */
const sleepMs = 8_000;

/** Runs in which each named step (or one of them) kills whoever comes there first, or lets it sleep. */
export function everyStep(only?: string, { isAsleep = false } = {}): { name: string; faults: ChaosFault[] }[] {
  const strike = isAsleep ? freezeAt : killAt;
  const wanted = (names: readonly StepName[]) => names.filter((name) => only === undefined || name === only);
  const runs = Math.ceil(wanted(stepNames).length / killsPerRun);
  const groups = Array.from({ length: runs }, (_, run) => wanted(stepNames).filter((_step, at) => at % runs === run));
  return [
    ...groups.map((steps) => ({ name: steps.join(' '), faults: steps.map(strike) })),
    ...wanted(recoveryStepNames).map((step) => ({ name: step, faults: [...lostAnswers, strike(step)] })),
  ];
}

const killAt = (step: StepName): ChaosFault => ({ kind: 'killAtStep', step, hit: 1 });
const freezeAt = (step: StepName): ChaosFault => ({ kind: 'freezeAtStep', step, hit: 1, ms: sleepMs });
