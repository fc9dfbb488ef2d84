import { createGatewayFaults, type GatewayFaults } from './gateway-faults.ts';
import type { GatewayOptions, GatewayWorld, Received, Session } from './gateway-types.ts';

/** What all sockets of a gateway share. */
export type GatewayState = {
  world: GatewayWorld;
  options: Required<GatewayOptions>;
  sessions: Map<string, Session>;
  faults: GatewayFaults;
  received: Received[];
  /** How often a session was begun, and when (of performance.now()) by place in `max_concurrency`. */
  starts: { count: number; at: Map<number, number> };
  /** Connections are refused with 503. */
  isDown: boolean;
  /** `ws://127.0.0.1:<port>` */
  url(): string;
};

/** How many shards may identify at once. Source: session start limit; 1 for all but the largest bots. */
export const maxConcurrency = 1;

/** Source: https://docs.discord.com/developers/events/gateway; windows and the interval as seen, not promised. */
const real: Required<GatewayOptions> = {
  heartbeatIntervalMs: 41_250,
  heartbeatGraceMs: 20_000,
  identifyEveryMs: 5000,
  resumeWindowMs: 180_000,
  replayEvents: 1000,
  grantedIntents: 0,
};

/** A gateway without sessions. */
export function newGatewayState(world: GatewayWorld, options: GatewayOptions, url: () => string): GatewayState {
  return {
    world,
    options: { ...real, ...options },
    sessions: new Map(),
    faults: createGatewayFaults(),
    received: [],
    starts: { count: 0, at: new Map() },
    isDown: false,
    url,
  };
}
