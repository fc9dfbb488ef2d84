import { randomBytes } from 'node:crypto';
import { type Answer, loginError } from './answer.ts';
import type { World } from './world.ts';

export type LoginOptions = { clientId: string; clientSecret: string; expiresInSeconds: number };

/**
 * POST /token with grant_type=client_credentials, by body or query.
 * Source: https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/#client-credentials-grant-flow
 */
export function giveToken(world: World, options: LoginOptions, params: URLSearchParams): Answer {
  const { clientId, clientSecret, expiresInSeconds } = options;
  if (!params.get('client_id')) return loginError(400, 'missing client id');
  if (!params.get('client_secret')) return loginError(400, 'missing client secret');
  if (params.get('grant_type') !== 'client_credentials') return loginError(400, 'Invalid grant type');
  if (params.get('client_id') !== clientId) return loginError(400, 'invalid client');
  if (params.get('client_secret') !== clientSecret) return loginError(403, 'invalid client secret');
  const token = randomBytes(15).toString('hex');
  world.tokens.set(token, { clientId, untilMs: performance.now() + expiresInSeconds * 1000 });
  return { status: 200, body: { access_token: token, expires_in: expiresInSeconds, token_type: 'bearer' } };
}
