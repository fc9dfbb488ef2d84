import { setTimeout as wait } from 'node:timers/promises';
import { type Answer, dropped, errorAnswer, okAnswer } from './answer.ts';
import { ApiError, badRequest, tooManyRequests } from './api-error.ts';
import type { FaultSpec } from './faults.ts';
import type { Call } from './types.ts';

/** Answers a call, with what a handler says or refuses. */
export type Process = (call: Call) => Promise<unknown>;

/** What the server says to what it had in hand when it went down: 500 for sends, else 429. */
export function restartError(method: string): ApiError {
  const isSend = /^(send|copy|forward)/.test(method);
  return isSend ? new ApiError(500, 'Internal Server Error: restart') : tooManyRequests(5);
}

/**
 * Processes a call under the faults that strike it. A refusal becomes its answer; a bug of the server is thrown.
 *
 * Source of 429 and 500 at shutdown: Query.h and Client.cpp of https://github.com/tdlib/telegram-bot-api
 */
export async function answerCall(call: Call, faults: FaultSpec[], process: Process): Promise<Answer> {
  try {
    for (const fault of faults) if (fault.kind === 'run') await fault.fn();
    const fault = faults.find(({ kind }) => kind !== 'run');
    return fault === undefined ? okAnswer(await process(call)) : await answerFault(call, fault, process);
  } catch (error) {
    if (error instanceof ApiError) return errorAnswer(error);
    throw error;
  }
}

async function answerFault(call: Call, fault: FaultSpec, process: Process): Promise<Answer> {
  switch (fault.kind) {
    case 'dropBefore':
      return dropped;
    case 'dropAfter':
      return { ...dropped, errorCode: await unheard(call, process) };
    case 'delay':
      return await delayed(call, fault.ms, process);
    case 'flood':
      throw tooManyRequests(fault.retryAfter ?? 5);
    case 'floodAfter':
      await unheard(call, process);
      throw tooManyRequests(5);
    case 'error500':
      if (fault.processed) await unheard(call, process);
      throw new ApiError(500, 'Internal Server Error');
    case 'html502':
      if (fault.processed) await unheard(call, process);
      return { status: 502, text: '<html><h1>502 Bad Gateway</h1></html>\r\n', type: 'text/html', errorCode: 502 };
    case 'restart':
      if (fault.processed ?? true) await unheard(call, process);
      throw new ApiError(500, 'Internal Server Error: restart');
    case 'partialAlbum':
      return await partialAlbum(call, fault, process);
    case 'messageIdZero':
      return okAnswer(await process({ ...call, isAutoScheduled: true }));
    case 'shownAs':
      return okAnswer(await process({ ...call, shownAs: fault.as }));
    case 'empty413':
    case 'slowBody':
    case 'resetBody':
    case 'diskFull':
    case 'run':
      return okAnswer(await process(call));
  }
}

/** Processes a call whose own answer, a refusal too, is lost. Gives the code of the refusal. */
async function unheard(call: Call, process: Process): Promise<number | undefined> {
  try {
    await process(call);
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error.errorCode;
    throw error;
  }
}

async function delayed(call: Call, ms: number, process: Process): Promise<Answer> {
  await wait(ms, undefined, { signal: call.signal }).catch(() => {
    throw restartError(call.method);
  });
  return okAnswer(await process(call));
}

/** The album of the first items really is posted; only the answer says that it was not. */
async function partialAlbum(
  call: Call,
  { keep, error = 'Wrong file identifier/HTTP URL specified' }: Extract<FaultSpec, { kind: 'partialAlbum' }>,
  process: Process,
): Promise<never> {
  const media: unknown[] = Array.isArray(call.params['media']) ? call.params['media'] : [];
  if (keep > 0) await process({ ...call, params: { ...call.params, media: media.slice(0, keep) } });
  throw badRequest(`failed to send message #${keep + 1} with the error message "${error}"`);
}
