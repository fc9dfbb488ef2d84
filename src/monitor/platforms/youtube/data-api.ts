import { z } from 'zod';
import type { StreamStatus } from '../../../core/ports.ts';
import { fetchText } from '../../../lib/net.ts';
import { parseJson } from '../../../media/probe.ts';
import { createQuota } from './quota.ts';

export type DataApiOptions = {
  key: string;
  /** Without a slash at its end. */
  root: string;
  allowPrivate: boolean;
  /** Told once that the key is refused. */
  onRefused?: (() => void) | undefined;
  /** How long questions are gathered for one call. */
  gatherMs?: number;
};

/** What the API says of a video; undefined where it says nothing (refused, quota spent, unreachable). */
export type DataApi = { ask(videoId: string, signal: AbortSignal): Promise<VideoStatus | undefined> };
export type VideoStatus = Omit<StreamStatus, 'streamId'>;

/** Source: https://developers.google.com/youtube/v3/docs/videos/list: ids are a comma-separated list, at most 50. */
const mostIds = 50;
/** Checks come one by one; each call costs a unit, however many ids it holds. */
const usualGatherMs = 1_000;
const callLimitMs = 15_000;
/** A refused key may be mended in Google's console without a restart here. */
const refusedMs = 3_600_000;

const date = z.coerce.date().optional();
const video = z.object({
  id: z.string(),
  snippet: z.object({ title: z.string(), channelId: z.string(), liveBroadcastContent: z.string() }),
  liveStreamingDetails: z.object({ actualStartTime: date, actualEndTime: date, scheduledStartTime: date }).default({}),
});
const answer = z.object({ items: z.array(video).default([]) });
const failure = z.object({ error: z.object({ errors: z.array(z.object({ reason: z.string() })).default([]) }) });

/** Asks `videos.list` for videos that are known, many with one call. Never `search.list`, whose quota is a hundred calls. */
export function createDataApi(options: DataApiOptions): DataApi {
  const quota = createQuota();
  let refusedAt: number | undefined;
  let batch: { ids: Set<string>; answers: Promise<Map<string, VideoStatus> | undefined> } | undefined;
  const refuse = () => {
    if (refusedAt === undefined) options.onRefused?.();
    refusedAt = performance.now();
  };
  const call = async (ids: Set<string>) => {
    await new Promise((resolve) => setTimeout(resolve, options.gatherMs ?? usualGatherMs));
    if (batch?.ids === ids) batch = undefined;
    if (!quota.take()) return undefined;
    try {
      const { status, text } = await list([...ids], options);
      if (status === 200) return statusesOf(text, ids);
      if (isSpent(text)) quota.spend();
      else if (status === 400 || status === 403) refuse();
    } catch {
      // The caller's own look has its reason; the API was only a second way.
    }
    return undefined;
  };
  return {
    async ask(videoId, signal) {
      if (refusedAt !== undefined && performance.now() - refusedAt < refusedMs) return undefined;
      if (!batch || batch.ids.size >= mostIds) {
        const ids = new Set<string>();
        batch = { ids, answers: call(ids) };
      }
      batch.ids.add(videoId);
      const answers = await batch.answers;
      signal.throwIfAborted();
      return answers?.get(videoId);
    },
  };
}

/** The key goes by a header, so that no log of addresses holds it. Source: https://cloud.google.com/apis/docs/system-parameters */
function list(ids: string[], { key, root, allowPrivate }: DataApiOptions) {
  const query = new URLSearchParams({ part: 'snippet,liveStreamingDetails', id: ids.join(','), maxResults: '50' });
  const signal = AbortSignal.timeout(callLimitMs);
  return fetchText(`${root}/videos?${query}`, {
    headers: { 'x-goog-api-key': key },
    signal,
    allowPrivate,
    takesAnyStatus: true,
  });
}

/** Source: https://developers.google.com/youtube/v3/docs/errors, "quotaExceeded"; the others are Google's for all its APIs. */
function isSpent(text: string): boolean {
  const parsed = failure.safeParse(parseJson(text));
  const reasons = parsed.success ? parsed.data.error.errors.map(({ reason }) => reason) : [];
  return reasons.some((reason) => ['quotaExceeded', 'dailyLimitExceeded', 'rateLimitExceeded'].includes(reason));
}

/** A video that was asked for and is not in the answer is gone or private. */
function statusesOf(text: string, ids: Set<string>): Map<string, VideoStatus> | undefined {
  const parsed = answer.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const found = new Map<string, VideoStatus>(parsed.data.items.map((item) => [item.id, statusOf(item)]));
  for (const id of ids) if (!found.has(id)) found.set(id, { state: 'offline', reason: 'stream_removed' });
  return found;
}

function statusOf({ id, snippet, liveStreamingDetails: live }: z.infer<typeof video>): VideoStatus {
  const { title, channelId: platformId, liveBroadcastContent: state } = snippet;
  const facts = { broadcastId: id, title, platformId };
  if (state === 'live') return { state, ...facts, startedAt: live.actualStartTime };
  if (state === 'upcoming') return { state: 'scheduled', ...facts, scheduledFor: live.scheduledStartTime };
  if (live.actualEndTime) return { state: 'ended', reason: 'stream_ended', title };
  return { state: 'offline', reason: 'not_a_stream', title };
}
