import type { CookieReader } from '../../core/cookies.ts';
import { errorText, FatalError, TemporaryError, UserError } from '../../core/errors.ts';
import type { Programs, StreamRef, StreamStatus } from '../../core/ports.ts';
import { HttpStatusError } from '../../lib/net.ts';
import { isOnAir } from '../../media/probe-input.ts';
import { type Resolved, resolve } from '../../media/resolve.ts';

/** What a look at a site needs of the configuration. */
export type ProbeOptions = { programs: Programs; allowPrivate: boolean; cookies?: CookieReader | undefined };

/** One site may take this long to answer. */
const probeLimitMs = 30_000;

/** Codes that say the site was reached and there is no broadcast now. */
const offlineCodes = new Set(['stream_offline', 'stream_removed']);

/** Their servers are asked by a connection: there is no page or playlist that tells. */
const silentProtocols = new Set(['rtmp', 'rtsp', 'srt']);

/** A probe's status; `pageId` where yt-dlp knew the page, see `Resolved`. */
export type Probed = StreamStatus & { pageId?: string };

/** Looks whether a Stream is live the way it would be recorded: a playlist is looked at, a page is asked of a program. Never throws. */
export async function probeStream(stream: StreamRef, options: ProbeOptions, signal: AbortSignal): Promise<Probed> {
  const { programs, allowPrivate, cookies } = options;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(probeLimitMs)]);
  try {
    const found = await resolve(stream.url, { quality: 'best', programs, signal: limited, allowPrivate, cookies });
    const { input } = found;
    if (silentProtocols.has(input.protocol) && !(await isOnAir(input, { ...programs, allowPrivate, signal: limited })))
      return { streamId: stream.id, state: 'offline', reason: 'stream_offline' };
    return { streamId: stream.id, ...statusOf(found) };
  } catch (error) {
    if (limited.aborted) return { streamId: stream.id, state: 'unknown', reason: 'timeout' };
    return { streamId: stream.id, ...statusOfError(error) };
  }
}

function statusOf({ isLive, isEnded, title, broadcastId, pageId, startedAt }: Resolved): Omit<Probed, 'streamId'> {
  const page = pageId ? { pageId } : {};
  if (isLive) return { state: 'live', title, broadcastId, startedAt, ...page };
  return { state: isEnded ? 'ended' : 'offline', title };
}

function statusOfError(error: unknown): Omit<StreamStatus, 'streamId'> {
  if (error instanceof UserError) {
    if (error.code === 'stream_ended') return { state: 'ended', reason: error.code };
    const { startsAt } = error.values;
    if (startsAt !== undefined) return { state: 'scheduled', reason: error.code, scheduledFor: new Date(startsAt) };
    return { state: offlineCodes.has(error.code) ? 'offline' : 'unknown', reason: error.code };
  }
  // A playlist that is not there: the usual answer of a plain HLS server while nobody broadcasts.
  if (error instanceof HttpStatusError && [404, 410].includes(error.status))
    return { state: 'offline', reason: 'stream_offline' };
  return unknownBy(error);
}

/** `unknown` with the reason that an error gives, and how long the site wants to be left alone. */
export function unknownBy(error: unknown): Pick<StreamStatus, 'reason' | 'retryAfterMs'> & { state: 'unknown' } {
  if (isBreak(error)) return { state: 'unknown', reason: 'timeout' };
  if (error instanceof UserError || error instanceof FatalError) return { state: 'unknown', reason: error.code };
  if (!(error instanceof TemporaryError)) return { state: 'unknown', reason: errorText(error).slice(0, 200) };
  const wait = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs };
  const isAsked = error instanceof HttpStatusError && error.status === 429;
  return { state: 'unknown', reason: isAsked ? 'rate_limited' : error.code, ...wait };
}

/** The signal's own reason: it took too long, or is not wanted any more. */
const isBreak = (error: unknown) => error instanceof Error && ['AbortError', 'TimeoutError'].includes(error.name);

/**
 * Checks each Stream by itself: what keeps one from an answer is its status and harms no other.
 *
 * @throws what is a bug
 */
export function checkEach(
  streams: StreamRef[],
  check: (stream: StreamRef) => Promise<StreamStatus>,
): Promise<StreamStatus[]> {
  const guarded = async (stream: StreamRef): Promise<StreamStatus> => {
    try {
      return await check(stream);
    } catch (error) {
      const isTold = [UserError, TemporaryError, FatalError].some((kind) => error instanceof kind);
      if (!isTold && !isBreak(error)) throw error;
      return { streamId: stream.id, ...unknownBy(error) };
    }
  };
  return Promise.all(streams.map(guarded));
}
