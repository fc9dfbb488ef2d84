import { type Connection, identify, isBegun, resume } from './gateway-begin.ts';
import { type ClientPayload, readPayload } from './gateway-payload.ts';
import { detach } from './gateway-session.ts';
import type { GatewayState } from './gateway-state.ts';
import type { Link } from './gateway-types.ts';

export type ConnectionHandlers = {
  message(data: Buffer, isBinary: boolean): void;
  /** `code` is 1006 where no close frame came. */
  closed(code: number): void;
};

/** Source: https://docs.discord.com/developers/events/gateway#rate-limiting */
const rate = { events: 120, windowMs: 60_000 };

/** Says hello and speaks with one client until its socket closes. */
export function serveConnection(
  state: GatewayState,
  link: Link,
  { isResumeUrl }: { isResumeUrl: boolean },
): ConnectionHandlers {
  const connection: Connection = { state, link, isResumeUrl, times: [] };
  link.send({ op: 10, d: { heartbeat_interval: state.options.heartbeatIntervalMs } });
  watch(connection);
  return {
    message(data, isBinary) {
      if (isTooFast(connection)) return link.close(4008, 'Rate limited.');
      const payload = isBinary ? { closeCode: 4002 } : readPayload(data);
      if ('closeCode' in payload) return link.close(payload.closeCode);
      const code = take(connection, payload);
      if (code !== undefined) link.close(code);
    },
    closed(code) {
      clearTimeout(connection.watchdog);
      leave(connection, code);
    },
  };
}

/** A session outlives its socket, but for a client that says goodbye. */
function leave({ state, link, session }: Connection, code: number): void {
  if (session === undefined || session.link !== link) return;
  // Source: "Initiating a Disconnect" in https://docs.discord.com/developers/events/gateway
  if (code === 1000 || code === 1001) state.sessions.delete(session.id);
  detach(state, session);
}

/** The next heartbeat must come in time, else the client has to resume on another socket. */
function watch(connection: Connection): void {
  const { heartbeatIntervalMs, heartbeatGraceMs } = connection.state.options;
  clearTimeout(connection.watchdog);
  const close = () => connection.link.close(4009, 'Session timed out.');
  connection.watchdog = setTimeout(close, heartbeatIntervalMs + heartbeatGraceMs).unref();
}

function isTooFast({ times }: Connection): boolean {
  const now = performance.now();
  while (times.length > 0 && now - (times[0] ?? 0) > rate.windowMs) times.shift();
  return times.push(now) > rate.events;
}

/** Does what a payload asks for; a number is the code to close with. */
function take(connection: Connection, { op, d }: ClientPayload): number | undefined {
  note(connection, op, d);
  if (op === 1) return heartbeat(connection, d);
  if (op === 2) return identify(connection, d);
  if (op === 6) return resume(connection, d);
  if (!isBegun(connection)) return 4003;
  // Presence: nobody sees it here.
  if (op !== 3) connection.state.world.violate(`the gateway of the test server has no handler for op ${op}`);
  return undefined;
}

function note({ state, session }: Connection, op: number, d: unknown): void {
  const shown = typeof d === 'object' && d !== null ? { ...d, token: undefined } : d;
  state.received.push({ op, d: shown, ...(session && { sessionId: session.id }) });
}

function heartbeat(connection: Connection, d: unknown): number | undefined {
  const { session, link, state } = connection;
  if (d !== null && !Number.isInteger(d)) return 4002;
  if (typeof d === 'number' && session !== undefined && d > session.seq)
    state.world.violate(`heartbeat with ${d}, but the last event was ${session.seq}`);
  watch(connection);
  link.send({ op: 11 });
  return undefined;
}
