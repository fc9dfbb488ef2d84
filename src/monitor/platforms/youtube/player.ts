import { z } from 'zod';
import type { StreamStatus } from '../../../core/ports.ts';
import { explainComplaint } from '../../../media/ask-ytdlp.ts';

const offlineSlate = z.object({
  liveStreamOfflineSlateRenderer: z.object({ scheduledStartTime: z.coerce.number().optional() }).optional(),
});
const playability = z.object({
  status: z.string().optional(),
  reason: z.string().optional(),
  messages: z.array(z.string()).default([]),
  liveStreamability: z
    .object({ liveStreamabilityRenderer: z.object({ offlineSlate: offlineSlate.optional() }).optional() })
    .optional(),
});
const details = z.object({
  videoId: z.string(),
  title: z.string().optional(),
  channelId: z.string().optional(),
  isLive: z.boolean().optional(),
  isUpcoming: z.boolean().optional(),
  isLiveContent: z.boolean().optional(),
  isPostLiveDvr: z.boolean().optional(),
});
const broadcast = z.object({
  isLiveNow: z.boolean().optional(),
  startTimestamp: z.string().optional(),
  endTimestamp: z.string().optional(),
});
const microformat = z.object({
  playerMicroformatRenderer: z
    .object({ category: z.string().optional(), liveBroadcastDetails: broadcast.optional() })
    .optional(),
});

/**
 * What a watch page tells its player, the parts that are read here. Source: yt-dlp's `youtube/_video.py` and streamlink's
 * `plugins/youtube.py`, which read the same fields.
 */
export const playerSchema = z.object({
  playabilityStatus: playability.default({ messages: [] }),
  videoDetails: details.optional(),
  microformat: microformat.optional(),
});
export type Player = z.infer<typeof playerSchema>;

/** A status without its Stream. `isBarred`: it is live, and the page may not play it: another way may. */
export type Judged = Omit<StreamStatus, 'streamId'> & { isBarred?: boolean };

/**
 * What a player's data say of a broadcast. `isLiveNow` counts more than `isLive`, which stays true in recordings;
 * a waiting room is no broadcast yet, whatever else it says.
 *
 * @param isVideo one video was asked for: when it is over, it is over for good
 */
export function judgePlayer({ playabilityStatus, videoDetails, microformat: micro }: Player, isVideo: boolean): Judged {
  const why = whyNot(playabilityStatus);
  const { category, liveBroadcastDetails: told = {} } = micro?.playerMicroformatRenderer ?? {};
  if (!videoDetails) return without(why);
  const { title, videoId: broadcastId, channelId: platformId } = videoDetails;
  const facts = { broadcastId, title, platformId, category };
  if (told.endTimestamp || videoDetails.isPostLiveDvr) return over(isVideo, title);
  const slate = playabilityStatus.liveStreamability?.liveStreamabilityRenderer?.offlineSlate;
  const startsAt = slate?.liveStreamOfflineSlateRenderer?.scheduledStartTime;
  const isOffline = playabilityStatus.status === 'LIVE_STREAM_OFFLINE';
  if (videoDetails.isUpcoming || (isOffline && startsAt !== undefined)) {
    const scheduledFor = startsAt === undefined ? dateOf(told.startTimestamp) : new Date(startsAt * 1000);
    return { state: 'scheduled', ...facts, scheduledFor };
  }
  const isLive = told.isLiveNow ?? videoDetails.isLive ?? false;
  if (isLive && why) return { state: 'unknown', reason: why, ...facts, isBarred: true };
  if (isLive && !isOffline) return { state: 'live', ...facts, startedAt: dateOf(told.startTimestamp) };
  if (why === 'bot_check') return { state: 'unknown', reason: why };
  if (!isLive && !isOffline && videoDetails.isLiveContent) return over(isVideo, title);
  return { state: 'offline', title, reason: isVideo && !isOffline ? 'not_a_stream' : 'stream_offline' };
}

function over(isVideo: boolean, title: string | undefined): Judged {
  return isVideo ? { state: 'ended', reason: 'stream_ended', title } : { state: 'offline', reason: 'stream_offline' };
}

/** Nothing is told of a video that is gone or hidden. */
function without(why: string | undefined): Judged {
  if (why === 'stream_removed') return { state: 'offline', reason: why };
  return { state: 'unknown', reason: why ?? 'page_changed' };
}

/** Code of why the page may not play it; undefined where it may, or only waits for the broadcast. */
function whyNot({ status, reason, messages }: Player['playabilityStatus']): string | undefined {
  if (status === undefined || ['OK', 'LIVE_STREAM_OFFLINE'].includes(status)) return undefined;
  if (['AGE_VERIFICATION_REQUIRED', 'AGE_CHECK_REQUIRED'].includes(status)) return 'age_check';
  const said = explainComplaint([reason, ...messages].join(' '));
  if (said) return said;
  return status === 'ERROR' ? 'stream_removed' : 'stream_private';
}

const dateOf = (text: string | undefined) => {
  const date = text === undefined ? undefined : new Date(text);
  return date && !Number.isNaN(date.getTime()) ? date : undefined;
};
