import { z } from 'zod';
import type { StreamStatus } from '../../../core/ports.ts';
import { fetchText } from '../../../lib/net.ts';
import { parseJson } from '../../../media/probe.ts';

/** `root` without a slash at its end. */
export type DataApiAccess = { key: string; root: string; allowPrivate: boolean };

/** A video's status without a Stream. */
export type VideoStatus = Omit<StreamStatus, 'streamId'>;

/** `refused`: the key; `spent`: its quota of the day; `unclear`: an answer of no use. */
export type Listed = Map<string, VideoStatus> | 'refused' | 'spent' | 'unclear';

const date = z.coerce.date().optional();
const video = z.object({
  id: z.string(),
  snippet: z.object({ title: z.string(), channelId: z.string(), liveBroadcastContent: z.string() }),
  liveStreamingDetails: z.object({ actualStartTime: date, actualEndTime: date, scheduledStartTime: date }).default({}),
});
const answer = z.object({ items: z.array(video).default([]) });
const failure = z.object({ error: z.object({ errors: z.array(z.object({ reason: z.string() })).default([]) }) });

/**
 * Asks for videos by their ids, at most 50, for one unit. The key goes by a header, so that no log of addresses holds it.
 * Source: https://developers.google.com/youtube/v3/docs/videos/list, https://cloud.google.com/apis/docs/system-parameters
 *
 * @throws as `fetchText`, but for answers of any status
 */
export async function listVideos(ids: string[], access: DataApiAccess, signal: AbortSignal): Promise<Listed> {
  const { key, root, allowPrivate } = access;
  const query = new URLSearchParams({ part: 'snippet,liveStreamingDetails', id: ids.join(',') });
  const headers = { 'x-goog-api-key': key };
  const options = { headers, signal, allowPrivate, takesAnyStatus: true };
  const { status, text } = await fetchText(`${root}/videos?${query}`, options);
  if (status === 200) return statusesOf(text, ids);
  if (isSpent(text)) return 'spent';
  return status === 400 || status === 403 ? 'refused' : 'unclear';
}

/** Source: https://developers.google.com/youtube/v3/docs/errors, "quotaExceeded"; the others are Google's for all its APIs. */
function isSpent(text: string): boolean {
  const parsed = failure.safeParse(parseJson(text));
  const reasons = parsed.success ? parsed.data.error.errors.map(({ reason }) => reason) : [];
  return reasons.some((reason) => ['quotaExceeded', 'dailyLimitExceeded', 'rateLimitExceeded'].includes(reason));
}

/** A video that was asked for and is not in the answer is gone or private. */
function statusesOf(text: string, ids: string[]): Listed {
  const parsed = answer.safeParse(parseJson(text));
  if (!parsed.success) return 'unclear';
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
