import { setTimeout as wait } from 'node:timers/promises';
import { type Answer, brokenAnswer, dropped, errorAnswer, floodAnswer, frontAnswer, resultAnswer } from './answer.ts';
import { DiscordError, refusal } from './api-error.ts';
import type { Result } from './call.ts';
import type { FaultSpec } from './faults.ts';

type Processing = { process: () => Promise<Result>; signal: AbortSignal };

/** Processes a call under the faults that strike it. A refusal becomes its answer; a bug of the server is thrown. */
export async function answerCall(faults: FaultSpec[], processing: Processing): Promise<Answer> {
  try {
    for (const fault of faults) if (fault.kind === 'run') await fault.fn();
    const fault = faults.find(({ kind }) => kind !== 'run');
    return fault ? await answerFault(fault, processing) : resultAnswer(await processing.process());
  } catch (error) {
    if (error instanceof DiscordError) return errorAnswer(error);
    throw error;
  }
}

async function answerFault(fault: FaultSpec, { process, signal }: Processing): Promise<Answer> {
  switch (fault.kind) {
    case 'dropBefore':
      return dropped;
    case 'dropAfter':
      return { ...dropped, code: await unheard(process) };
    case 'delay':
      await wait(fault.ms, undefined, { signal }).catch(() => undefined);
      return resultAnswer(await process());
    case 'error5xx':
      if (fault.processed) await unheard(process);
      return brokenAnswer(fault.status ?? 500);
    case 'html502':
      if (fault.processed) await unheard(process);
      return frontAnswer(502);
    case 'flood':
      return floodAnswer({ retryAfter: fault.retryAfter ?? 1, scope: fault.scope ?? 'user' });
    case 'banned':
      return frontAnswer(429);
    case 'tooLarge':
      throw refusal('tooLarge');
    case 'refuse':
      throw Object.assign(new DiscordError(fault.status, fault.code, fault.message), { more: fault.more });
    case 'early413':
    case 'slowBody':
    case 'resetBody':
    case 'run':
      return resultAnswer(await process());
  }
}

/** Processes a call whose own answer, a refusal too, is lost. Gives the code of the refusal. */
async function unheard(process: () => Promise<Result>): Promise<number | undefined> {
  try {
    await process();
    return undefined;
  } catch (error) {
    if (error instanceof DiscordError) return error.code;
    throw error;
  }
}
