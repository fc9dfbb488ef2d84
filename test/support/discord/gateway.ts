import type { Server } from 'node:http';
import type { GatewayOptions, GatewayWorld } from './gateway-types.ts';

/** A mounted gateway. */
export type Gateway = {
  /** For `GET /gateway/bot`. */
  sessionStartLimit(): { total: number; remaining: number; reset_after: number; max_concurrency: number };
  /** Cuts all sockets and timers; the http server stays. */
  close(): Promise<void>;
};

/**
 * Answers WebSocket upgrades on the server as Discord's gateway; `GET /gateway/bot` gives `ws://127.0.0.1:<port>`.
 *
 * May be called before the server listens.
 */
export function mountGateway(server: Server, world: GatewayWorld, options: GatewayOptions = {}): Gateway {
  void [server, world, options];
  return {
    sessionStartLimit: () => ({ total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 1 }),
    close: async () => undefined,
  };
}
