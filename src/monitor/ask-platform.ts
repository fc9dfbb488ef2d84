import { TemporaryError } from '../core/errors.ts';
import type { StreamRef, StreamStatus } from '../core/ports.ts';
import { codeSentence } from '../core/text/text.ts';

/** However long a Platform says it takes: a look that hangs ends, and gives its place to others. */
const checkLimitMs = 60_000;

/** One answer for each Stream. `fault` is what nobody thought of; without it all went as Platforms may go. */
export type Answer = { statuses: StreamStatus[]; fault?: unknown };

type Ask = (streams: StreamRef[], signal: AbortSignal) => Promise<StreamStatus[]>;

/**
 * Asks for a batch. Whatever happens there is one status for each Stream, in order: what was not answered is `unknown`,
 * never `offline`. Ends after a minute, also where the Platform does not hear the signal.
 *
 * @throws only where `signal` is aborted
 */
export async function askPlatform(
  ask: Ask,
  streams: StreamRef[],
  signal: AbortSignal,
  limitMs = checkLimitMs,
): Promise<Answer> {
  try {
    const told = await withLimit((limited) => ask(streams, limited), signal, limitMs);
    const byId = new Map(told.map((status) => [status.streamId, status]));
    return { statuses: streams.map(({ id }) => clean(byId.get(id) ?? unknown(id, 'look_failed'))) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof TemporaryError))
      return { statuses: streams.map(({ id }) => unknown(id, 'look_failed')), fault: error };
    const wait = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs };
    return { statuses: streams.map(({ id }) => ({ ...unknown(id, error.code), ...wait })) };
  }
}

/**
 * Rows hold codes that people can be told; any other reason would also make each look a new answer. And no row holds a
 * zero byte, which a title may.
 */
function clean(status: StreamStatus): StreamStatus {
  const { reason, title, category } = status;
  return {
    ...status,
    ...(reason === undefined || codeSentence('en', reason) ? {} : { reason: 'look_failed' }),
    ...(title === undefined ? {} : { title: plain(title) }),
    ...(category === undefined ? {} : { category: plain(category) }),
  };
}

const plain = (text: string) => text.replaceAll(/\p{Cc}+/gu, ' ').trim();

const unknown = (streamId: number, reason: string): StreamStatus => ({ streamId, state: 'unknown', reason });

/** @throws TemporaryError `timeout`; whatever `run` throws; the reason of `signal` */
async function withLimit<T>(
  run: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  limitMs: number,
): Promise<T> {
  signal.throwIfAborted();
  // By hand: AbortSignal.any() on a signal that lives for months keeps what it made. Source:
  // https://github.com/nodejs/node/issues/54614
  const limited = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let onAbort = () => {};
  const ended = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    timer = setTimeout(() => reject(new TemporaryError('timeout')), limitMs);
  });
  try {
    return await Promise.race([run(limited.signal), ended]);
  } catch (error) {
    limited.abort(error);
    // A Platform that throws what it was aborted with took too long itself.
    if (error instanceof Error && error.name === 'TimeoutError') throw new TemporaryError('timeout', { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
