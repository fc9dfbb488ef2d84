import { errorText, TemporaryError, UserError } from '../../core/errors.ts';
import type { Platform, StreamRef, StreamStatus } from '../../core/ports.ts';
import { isOnAir } from '../../media/probe-input.ts';
import { resolve } from '../../media/resolve.ts';

/** At most this many sites are asked at once: each may be a yt-dlp process. */
const probesAtOnce = 4;
/** One site may take this long to answer. */
const probeLimitMs = 30_000;

/** What the generic platform needs of the configuration. */
export type GenericOptions = {
  programs: { ffmpeg: string; ffprobe: string; ytdlp: string; streamlink: string };
  allowPrivate: boolean;
};

/** Any URL: a playlist is looked at, a page is asked of yt-dlp. Matches everything, so it stands last. */
export function createGenericPlatform(options: GenericOptions): Platform {
  return {
    name: 'generic',
    everyMs: 10_000,
    batchSize: 1,
    checksAtOnce: probesAtOnce,
    isEndFinal: true,
    match: (url) => ({ channel: url.href, url: url.href }),
    async check(streams, signal) {
      const statuses: StreamStatus[] = new Array(streams.length);
      const queue = streams.entries();
      const ask = async () => {
        for (const [index, stream] of queue) statuses[index] = await probe(stream, options, signal);
      };
      await Promise.all(Array.from({ length: Math.min(probesAtOnce, streams.length) }, ask));
      return statuses;
    },
  };
}

/** Codes that say the site was reached and there is no broadcast now. */
const offlineCodes = new Set(['stream_offline', 'stream_removed']);

/** Their servers are asked by a connection: there is no page or playlist that tells. */
const silentProtocols = new Set(['rtmp', 'rtsp', 'srt']);

async function probe(stream: StreamRef, options: GenericOptions, signal: AbortSignal): Promise<StreamStatus> {
  const { programs, allowPrivate } = options;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(probeLimitMs)]);
  try {
    const found = await resolve(stream.url, { quality: 'best', programs, signal: limited, allowPrivate });
    const { title, broadcastId, input } = found;
    if (silentProtocols.has(input.protocol) && !(await isOnAir(input, { ...programs, allowPrivate, signal: limited })))
      return { streamId: stream.id, state: 'offline', reason: 'stream_offline' };
    if (found.isLive) return { streamId: stream.id, state: 'live', title, broadcastId };
    return { streamId: stream.id, state: found.isEnded ? 'ended' : 'offline', title };
  } catch (error) {
    return statusOf(stream, error);
  }
}

function statusOf(stream: StreamRef, error: unknown): StreamStatus {
  const streamId = stream.id;
  if (error instanceof UserError) {
    if (error.code === 'stream_ended') return { streamId, state: 'ended', reason: error.code };
    const { startsAt } = error.values;
    const scheduledFor = startsAt === undefined ? undefined : new Date(startsAt);
    if (offlineCodes.has(error.code)) return { streamId, state: 'offline', reason: error.code, scheduledFor };
    return { streamId, state: 'unknown', reason: error.code };
  }
  // A playlist that is not there: the usual answer of a plain HLS server while nobody broadcasts.
  if (isNotFound(error)) return { streamId, state: 'offline', reason: 'stream_offline' };
  const reason = error instanceof TemporaryError ? error.code : errorText(error).slice(0, 200);
  return { streamId, state: 'unknown', reason };
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'status' in error && (error.status === 404 || error.status === 410);
}
