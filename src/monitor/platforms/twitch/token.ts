import type { AccessToken } from '@twurple/auth';
import { z } from 'zod';
import { TemporaryError, UserError } from '../../../core/errors.ts';

/** A Twitch application and where its API is. */
export type TwitchApp = {
  clientId: string;
  clientSecret: string;
  /** Root of Helix, such as https://api.twitch.tv/helix. */
  apiRoot: string;
  /** Root of the login, such as https://id.twitch.tv/oauth2. */
  authRoot: string;
};

/** Gives the app token: another one than `refused`, to which Twitch has answered 401. */
export type AskToken = (refused?: string) => Promise<AccessToken>;

const tokenLimitMs = 10_000;
/** A token is renewed this long before its end. */
const marginMs = 60_000;
/** Wrong credentials stay wrong until somebody mends them. */
const refusedMs = 60_000;

/** Source: https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/#client-credentials-grant-flow */
const granted = z.object({ access_token: z.string().min(1), expires_in: z.number() });

/**
 * Keeps the app token of one process: asked for once, however many checks want it, and again when it ends or is refused.
 * Elapsed time is monotonic, so a step of the clock neither keeps a dead token nor throws a good one away. The provider of
 * `@twurple/auth` knows neither another root nor a limit of time: docs/adr/0007.
 *
 * @throws from the function it gives: UserError `twitch_client_id`, `twitch_client_secret`; TemporaryError `rate_limited`,
 *   `http_error`, `timeout`, `connection_lost`, `answer_unclear`
 */
export function keepAppToken(app: TwitchApp): AskToken {
  let kept: { token: AccessToken; untilMs: number } | undefined;
  let failure: { error: UserError; untilMs: number } | undefined;
  let asking: Promise<AccessToken> | undefined;

  const ask = async () => {
    try {
      const { access_token: accessToken, expires_in: seconds } = await fetchToken(app);
      const token: AccessToken = {
        ...{ accessToken, refreshToken: null, scope: [], expiresIn: null },
        obtainmentTimestamp: Date.now(),
      };
      kept = { token, untilMs: performance.now() + seconds * 1000 - marginMs };
      return token;
    } catch (error) {
      if (error instanceof UserError) failure = { error, untilMs: performance.now() + refusedMs };
      throw error;
    }
  };

  return async (refused) => {
    const nowMs = performance.now();
    if (kept && nowMs < kept.untilMs && kept.token.accessToken !== refused) return kept.token;
    if (failure && nowMs < failure.untilMs) throw failure.error;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

async function fetchToken({ clientId, clientSecret, authRoot }: TwitchApp): Promise<z.infer<typeof granted>> {
  // In the body, as Twitch documents it: in an address it might be logged on the way.
  const body = new URLSearchParams({
    client_id: clientId,
    client_secret: clientSecret,
    grant_type: 'client_credentials',
  });
  const signal = AbortSignal.timeout(tokenLimitMs);
  const response = await fetch(`${authRoot.replace(/\/$/, '')}/token`, { method: 'POST', body, signal });
  const text = await response.text();
  if (!response.ok) throw refusalOf(response.status, text);
  const parsed = granted.safeParse(parse(text));
  if (!parsed.success) throw new TemporaryError('answer_unclear', { detail: 'token', cause: parsed.error });
  return parsed.data;
}

/**
 * A wrong id is 400 "invalid client", a wrong secret 403 "invalid client secret". Source: bodies quoted in
 * https://github.com/nicklaw5/helix/blob/main/authentication_test.go
 */
function refusalOf(status: number, body: string): Error {
  if (status === 429) return new TemporaryError('rate_limited', { detail: 'token' });
  if (/client secret/i.test(body)) return new UserError('twitch_client_secret');
  if (status >= 400 && status < 500 && /client/i.test(body)) return new UserError('twitch_client_id');
  return new TemporaryError('http_error', { detail: `${status} for the token` });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
