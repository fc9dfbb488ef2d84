import { intentsFailure } from './gateway-intents.ts';
import { readIdentify, readResume } from './gateway-payload.ts';
import { resumeSession, startSession } from './gateway-session.ts';
import { type GatewayState, maxConcurrency } from './gateway-state.ts';
import type { Link, Session } from './gateway-types.ts';

/** One socket and what it has done so far. */
export type Connection = {
  state: GatewayState;
  link: Link;
  /** The URL was that of READY. */
  isResumeUrl: boolean;
  session?: Session;
  /** When (performance.now()) the payloads of the last minute came. */
  times: number[];
  watchdog?: NodeJS.Timeout;
};

/** Whether the session is still known; after op 9 a client may begin anew on the same socket. */
export function isBegun({ state, session }: Connection): boolean {
  return session !== undefined && state.sessions.has(session.id);
}

/** Begins a session; a number is the code to close with. */
export function identify(connection: Connection, d: unknown): number | undefined {
  const { state, link, isResumeUrl } = connection;
  if (isBegun(connection)) return 4005;
  const asked = readIdentify(d);
  if ('closeCode' in asked) return asked.closeCode;
  if (asked.token !== state.world.token || state.world.isRevoked) return 4004;
  const failure = intentsFailure(asked.intents, state.options.grantedIntents);
  if (failure !== undefined) return failure;
  if (isResumeUrl) state.world.violate('IDENTIFY on resume_gateway_url');
  if (asked.isCompressed) state.world.violate('the gateway of the test server does not compress');
  if (isTooEarly(state, asked.shard[0])) {
    link.send({ op: 9, d: false });
    return undefined;
  }
  state.starts.count++;
  connection.session = startSession(state, link, { intents: Number(asked.intents), shard: asked.shard });
  return undefined;
}

/** Source: https://docs.discord.com/developers/events/gateway#rate-limiting, max_concurrency */
function isTooEarly({ starts, options }: GatewayState, shardId: number): boolean {
  const key = shardId % maxConcurrency;
  const last = starts.at.get(key);
  const now = performance.now();
  if (last !== undefined && now - last < options.identifyEveryMs) return true;
  starts.at.set(key, now);
  return false;
}

/** Takes up a session; a number is the code to close with. */
export function resume(connection: Connection, d: unknown): number | undefined {
  const { state, link, isResumeUrl } = connection;
  if (isBegun(connection)) return 4005;
  const asked = readResume(d);
  if ('closeCode' in asked) return asked.closeCode;
  if (asked.token !== state.world.token || state.world.isRevoked) return 4004;
  if (!isResumeUrl) state.world.violate('RESUME elsewhere than on resume_gateway_url');
  const session = state.sessions.get(asked.sessionId);
  if (session !== undefined && asked.seq > session.seq) {
    state.sessions.delete(session.id);
    return 4007;
  }
  if (session === undefined || !resumeSession(state, session, link, asked.seq)) {
    if (session !== undefined) state.sessions.delete(session.id);
    link.send({ op: 9, d: false });
    return undefined;
  }
  connection.session = session;
  return undefined;
}
