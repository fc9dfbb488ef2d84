import { type DataApiAccess, listVideos, type VideoStatus } from './list-videos.ts';
import type { Quota } from './quota.ts';

export type DataApiOptions = DataApiAccess & {
  quota: Quota;
  /** Told when the day's units are spent, once until there are some again. */
  onSpent?: (() => void) | undefined;
  /** Told once that the key is refused. */
  onRefused?: (() => void) | undefined;
  /** How long questions are gathered for one call. */
  gatherMs?: number;
};

/** What the API says of a video; undefined where it says nothing (refused, quota spent, unreachable). */
export type DataApi = { ask(videoId: string, signal: AbortSignal): Promise<VideoStatus | undefined> };

/** Source: https://developers.google.com/youtube/v3/docs/videos/list: ids are a comma-separated list, at most 50. */
const mostIds = 50;
/** Checks come one by one; each call costs a unit, however many ids it holds. */
const usualGatherMs = 1_000;
const callLimitMs = 15_000;
/** A refused key may be mended in Google's console without a restart here. */
const refusedMs = 3_600_000;

type Batch = { ids: Set<string>; answers: Promise<Map<string, VideoStatus> | undefined> };

/** Asks `videos.list` for videos that are known, many with one call. Never `search.list`, whose quota is a hundred calls. */
export function createDataApi(options: DataApiOptions): DataApi {
  const { quota } = options;
  let isSpent = false;
  let refusedAt: number | undefined;
  let batch: Batch | undefined;
  const mayAsk = async () => {
    // Who cannot count does not spend.
    const hasUnit = await quota.take().catch(() => undefined);
    if (hasUnit === false && !isSpent) options.onSpent?.();
    isSpent = hasUnit === false;
    return hasUnit === true;
  };
  const call = async (ids: Set<string>) => {
    await new Promise((resolve) => setTimeout(resolve, options.gatherMs ?? usualGatherMs));
    if (batch?.ids === ids) batch = undefined;
    if (!(await mayAsk())) return undefined;
    // The caller's own look has its reason; the API is only a second way.
    const listed = await listVideos([...ids], options, AbortSignal.timeout(callLimitMs)).catch(
      () => 'unclear' as const,
    );
    if (listed === 'spent') await quota.spend().catch(() => undefined);
    if (listed === 'refused') {
      if (refusedAt === undefined) options.onRefused?.();
      refusedAt = performance.now();
    }
    return typeof listed === 'string' ? undefined : listed;
  };
  return {
    async ask(videoId, signal) {
      if (refusedAt !== undefined && performance.now() - refusedAt < refusedMs) return undefined;
      if (!batch || batch.ids.size >= mostIds) {
        const ids = new Set<string>();
        batch = { ids, answers: call(ids) };
      }
      batch.ids.add(videoId);
      const answers = await untilAborted(batch.answers, signal);
      return answers?.get(videoId);
    },
  };
}

/** One leaves; the call goes on for the others. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
