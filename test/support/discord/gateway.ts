import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { serveConnection } from './gateway-connection.ts';
import type { GatewayFault, GatewayFaultSpec } from './gateway-faults.ts';
import { createLink } from './gateway-link.ts';
import { detach, invalidate, publish } from './gateway-session.ts';
import { type GatewayState, maxConcurrency, newGatewayState } from './gateway-state.ts';
import type { GatewayOptions, GatewayWorld, Received, Session } from './gateway-types.ts';

/** A mounted gateway. */
export type Gateway = {
  /** For `url` of `GET /gateway/bot`. */
  url(): string;
  /** For `GET /gateway/bot`. */
  sessionStartLimit(): { total: number; remaining: number; reset_after: number; max_concurrency: number };
  /** Those that live, also while they wait for a RESUME. */
  sessions(): Session[];
  /** What clients sent, in order. */
  received: Received[];
  /** Makes the next matching events go wrong; struck in the order in which they were added. */
  fault(spec: GatewayFaultSpec): GatewayFault;
  /** Cuts all sockets; the sessions can be resumed. */
  drop(): void;
  /** Asks all clients to reconnect (op 7). */
  reconnect(): void;
  /** Asks all clients for a heartbeat now (op 1). */
  beat(): void;
  /** From now on the sockets are zombies, until they connect anew. */
  silence(): void;
  /** Forgets all sessions (op 9). */
  invalidate(): void;
  /** Cuts all sockets and refuses new ones with 503 until `up`. */
  down(): void;
  up(): void;
  /** Cuts all sockets and timers; the http server stays. */
  close(): Promise<void>;
};

/** Source: session start limit in https://docs.discord.com/developers/events/gateway */
const startsPerDay = 1000;

/**
 * Answers WebSocket upgrades on the server as Discord's gateway does, and tells what the world emits.
 *
 * May be called before the server listens. READY gives `<url>/resume` as the place for RESUME.
 */
export function mountGateway(server: Server, world: GatewayWorld, options: GatewayOptions = {}): Gateway {
  const url = () => `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const state = newGatewayState(world, options, url);
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    const refusal = refusalOf(state, request);
    if (refusal !== undefined) return void socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\n\r\n`);
    sockets.handleUpgrade(request, socket, head, (ws) => open(state, ws, request, socket));
  });
  world.onDispatch.push((guildId, event, data) => publish(state, guildId, event, data));
  return {
    url,
    sessionStartLimit: () => startLimit(state),
    sessions: () => [...state.sessions.values()],
    received: state.received,
    fault: (spec) => state.faults.add(spec),
    ...orders(state),
    async close() {
      for (const { expiry } of state.sessions.values()) clearTimeout(expiry);
      // Without its session a socket that closes leaves nothing behind.
      state.sessions.clear();
      for (const ws of sockets.clients) ws.terminate();
      sockets.close();
    },
  };
}

/** What is done to all sessions at once. */
function orders(
  state: GatewayState,
): Pick<Gateway, 'drop' | 'reconnect' | 'beat' | 'silence' | 'invalidate' | 'down' | 'up'> {
  const each = (fn: (session: Session) => void) => {
    for (const session of [...state.sessions.values()]) fn(session);
  };
  const drop = () => each((session) => detach(state, session)?.cut());
  return {
    drop,
    reconnect: () => each(({ link }) => link?.send({ op: 7, d: null })),
    beat: () => each(({ link }) => link?.send({ op: 1, d: null })),
    silence: () => each(({ link }) => link?.silence()),
    invalidate: () => each((session) => invalidate(state, session)),
    down() {
      state.isDown = true;
      drop();
    },
    up() {
      state.isDown = false;
    },
  };
}

function startLimit({ starts }: GatewayState): ReturnType<Gateway['sessionStartLimit']> {
  const remaining = Math.max(0, startsPerDay - starts.count);
  return { total: startsPerDay, remaining, reset_after: 0, max_concurrency: maxConcurrency };
}

/** The status line for an upgrade that is none of ours. */
function refusalOf(state: GatewayState, request: IncomingMessage): string | undefined {
  const { pathname } = urlOf(request);
  if (pathname !== '/' && pathname !== '/resume') return '404 Not Found';
  return state.isDown ? '503 Service Unavailable' : undefined;
}

function urlOf(request: IncomingMessage): URL {
  return new URL(request.url ?? '/', 'ws://127.0.0.1');
}

function open(state: GatewayState, ws: WebSocket, request: IncomingMessage, socket: Duplex): void {
  const { pathname, searchParams } = urlOf(request);
  // A broken frame or connection also closes the socket, which is all that counts.
  ws.on('error', () => undefined);
  const version = searchParams.get('v');
  if (version !== '10' && version !== '9') return ws.close(4012, 'Invalid API version');
  if (searchParams.get('encoding') !== 'json' || searchParams.has('compress'))
    state.world.violate('the gateway of the test server speaks uncompressed JSON only');
  const link = createLink(ws, socket);
  const handlers = serveConnection(state, link, { isResumeUrl: pathname === '/resume' });
  ws.on('message', (data, isBinary) => {
    if (!link.isSilent) handlers.message(data as Buffer, isBinary);
  });
  ws.on('close', (code) => handlers.closed(code));
}
