import type { ApiClient } from '@twurple/api';
import type { AuthProvider } from '@twurple/auth';
import { errorText, FatalError, TemporaryError, UserError } from '../../../core/errors.ts';
import { type Bucket, createLimiter } from './limiter.ts';
import { type AskToken, keepAppToken, type TwitchApp } from './token.ts';

/**
 * Asks Twitch something with a client of its own API, within 20 s.
 *
 * @throws UserError `twitch_client_id`, `twitch_client_secret`; TemporaryError `twitch_token_refused`, `rate_limited`,
 *   `http_error`, `timeout`, `connection_lost`, `answer_unclear`; the reason of `signal` where that ended it
 */
export type Helix = <T>(signal: AbortSignal, question: (api: ApiClient) => Promise<T>) => Promise<T>;

/** Below the limit of a check, so that the reason is told. */
const askLimitMs = 20_000;

/** One token and one bucket for all questions of a process. */
export function openHelix(app: TwitchApp): Helix {
  const askToken = keepAppToken(app);
  const bucket: Bucket = { closedUntilMs: Number.NEGATIVE_INFINITY };
  return async (signal, question) => {
    signal.throwIfAborted();
    const end = new AbortController();
    const giveUp = (error: Error) => end.abort(error);
    const stop = () => end.abort(signal.reason);
    signal.addEventListener('abort', stop);
    const timer = setTimeout(giveUp, askLimitMs, new TemporaryError('timeout', { detail: 'Twitch' }));
    const deadlineMs = performance.now() + askLimitMs;
    const limiter = createLimiter({ apiRoot: app.apiRoot, bucket, signal: end.signal, deadlineMs, giveUp });
    try {
      const answered = openClient(app, askToken, limiter).then(question);
      return await Promise.race([answered, rejectedBy(end.signal)]);
    } catch (error) {
      signal.throwIfAborted();
      throw explain(error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      // What twurple still means to try again ends with the question.
      end.abort();
    }
  };
}

/** A client per question: it holds the question's end, and none of the state. */
async function openClient({ clientId }: TwitchApp, askToken: AskToken, limiter: object): Promise<ApiClient> {
  // Some hundred files, which processes that never ask Twitch need not read.
  const { ApiClient } = await import('@twurple/api');
  let given: string | undefined;
  const give = async (refused?: string) => {
    const token = await askToken(refused);
    given = token.accessToken;
    return token;
  };
  const authProvider: AuthProvider = {
    clientId,
    getCurrentScopesForUser: () => [],
    getAccessTokenForUser: async () => null,
    getAnyAccessToken: () => give(),
    // By `forceNew` twurple says that it had a 401 for the one it was given.
    getAppAccessToken: (forceNew = false) => give(forceNew ? given : undefined),
  };
  const api = new ApiClient({ authProvider, logger: { minLevel: 'critical' } });
  // Where twurple makes its HTTP calls; it has no option for it, and its own way leads to Twitch's root alone.
  if (!('_rateLimiter' in api)) throw new FatalError('twurple_changed', { detail: 'it has no _rateLimiter' });
  Reflect.set(api, '_rateLimiter', limiter);
  return api;
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

function explain(error: unknown): Error {
  if (error instanceof UserError || error instanceof TemporaryError || error instanceof FatalError) return error;
  if (!(error instanceof Error)) return new TemporaryError('answer_unclear', { detail: errorText(error) });
  if ('statusCode' in error) return ofStatus(Number(error.statusCode), error);
  if (error.name === 'TimeoutError') return new TemporaryError('timeout', { cause: error });
  if (error.name === 'TypeError' && /fetch failed|terminated/.test(error.message))
    return new TemporaryError('connection_lost', { cause: error });
  return new TemporaryError('answer_unclear', { cause: error, detail: error.message.slice(0, 200) });
}

/** Source: https://dev.twitch.tv/docs/api/reference/streams, "Response Codes" */
function ofStatus(status: number, cause: Error): Error {
  if (status === 401) return new TemporaryError('twitch_token_refused', { cause });
  if (status === 429) return new TemporaryError('rate_limited', { cause });
  return new TemporaryError('http_error', { cause, detail: String(status) });
}
