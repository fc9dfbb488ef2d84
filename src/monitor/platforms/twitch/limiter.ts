import { setTimeout as delay } from 'node:timers/promises';
import { TemporaryError } from '../../../core/errors.ts';

/** What twurple hands to its limiter: a call and the token for it. */
export type HelixCall = {
  options: { url: string; method?: string; query?: Record<string, string | string[] | undefined> };
  clientId?: string;
  accessToken?: string;
};

/** How long Twitch wants no calls of ours; one for all checks of a process. */
export type Bucket = { closedUntilMs: number };

export type LimiterOptions = {
  apiRoot: string;
  bucket: Bucket;
  /** Ends the check. */
  signal: AbortSignal;
  /** When the check ends by itself, on the monotonic clock (ms). */
  deadlineMs: number;
  /** Ends the check now, for waiting would outlast it. */
  giveUp(error: Error): void;
};

const callLimitMs = 10_000;
/** The bucket is one of points per minute. Source: https://dev.twitch.tv/docs/api/guide/#twitch-rate-limits */
const longestWaitMs = 60_000;
/** Also where the header names the past: asking again at once would be a storm. */
const shortestWaitMs = 1_000;

/**
 * Makes the calls of twurple's client, in the place of its own limiter: that one knows neither another root nor an end, waits
 * by our clock against Twitch's, and asks in a circle where the header is missing (docs/adr/0007). This one waits until the
 * bucket is full again, and gives the check up where that outlasts it.
 */
export function createLimiter(options: LimiterOptions) {
  return {
    request: (call: HelixCall) => request(call, options),
    clear: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
  };
}

async function request(call: HelixCall, { apiRoot, bucket, signal, deadlineMs, giveUp }: LimiterOptions) {
  for (;;) {
    const waitMs = bucket.closedUntilMs - performance.now();
    if (bucket.closedUntilMs >= deadlineMs) {
      const error = new TemporaryError('rate_limited', { retryAfterMs: waitMs });
      giveUp(error);
      throw error;
    }
    if (waitMs > 0) {
      await delay(waitMs, undefined, { signal });
      continue;
    }
    const response = await send(call, apiRoot, signal);
    if (response.status !== 429) return response;
    bucket.closedUntilMs = performance.now() + waitOf(response.headers);
    await response.body?.cancel();
  }
}

function send({ options, clientId = '', accessToken = '' }: HelixCall, apiRoot: string, signal: AbortSignal) {
  const url = new URL(`${apiRoot.replace(/\/$/, '')}/${options.url}`);
  for (const [name, values] of Object.entries(options.query ?? {}))
    for (const value of [values ?? []].flat()) url.searchParams.append(name, value);
  return fetch(url, {
    method: options.method ?? 'GET',
    headers: { accept: 'application/json', 'client-id': clientId, authorization: `Bearer ${accessToken}` },
    signal: AbortSignal.any([signal, AbortSignal.timeout(callLimitMs)]),
  });
}

/** Ratelimit-Reset is a time of Twitch's clock (s since 1970), so it is read against Twitch's own Date. */
function waitOf(headers: Headers): number {
  const resetMs = Number(headers.get('ratelimit-reset') ?? Number.NaN) * 1000;
  const nowMs = Date.parse(headers.get('date') ?? '');
  const waitMs = resetMs - (Number.isNaN(nowMs) ? Date.now() : nowMs);
  if (Number.isNaN(waitMs)) return longestWaitMs;
  return Math.min(longestWaitMs, Math.max(shortestWaitMs, waitMs));
}
