import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIUser } from 'discord.js';
import { ok, type Route } from './call.ts';
import { createFaults, type Fault, type FaultSpec } from './faults.ts';
import { type Gateway, mountGateway } from './gateway.ts';
import type { GatewayOptions } from './gateway-types.ts';
import type { CallRecord } from './http.ts';
import { listen } from './listener.ts';
import { createRates } from './rates.ts';
import type { WorldOptions } from './state.ts';
import { createWorld, type World } from './world.ts';

export type DiscordOptions = Partial<Omit<WorldOptions, 'violate' | 'filesDir'>> & { gateway?: GatewayOptions };

/** A running Discord: REST, gateway and files on one port, with a world behind it. */
export type Discord = {
  /** `http://127.0.0.1:<port>/api`, for `rest.api` of discord.js. */
  root: string;
  token: string;
  applicationId: string;
  bot: APIUser;
  world: World;
  gateway: Gateway;
  /** What the real server silently ignores but is a bug of ours; tests assert that it is empty. */
  violations: string[];
  /** Every call in the order in which they ended. */
  calls: CallRecord[];
  /** Makes the next matching calls go wrong; faults are struck in the order in which they were added. */
  fault(spec: FaultSpec): Fault;
  close(): Promise<void>;
};

const applicationId = '1100000000000000001';
/** Its first part is the id of the bot in base64, as in the real ones: discord.js reads it. */
const defaultToken = `${Buffer.from(applicationId).toString('base64').replace(/=+$/, '')}.Strict.test-server-token-000000000001`;

/** Starts a Discord that refuses what the real one refuses, on a free port of 127.0.0.1; its files go away with it. */
export async function startDiscord(options: DiscordOptions = {}): Promise<Discord> {
  const filesDir = await mkdtemp(join(tmpdir(), 'aircheck-discord-'));
  const violations: string[] = [];
  const world = createWorld({ ...defaults, ...options, filesDir, violate: (text) => void violations.push(text) });
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 });
  const gateway = mountGateway(server, world, options.gateway);
  const [faults, calls] = [createFaults(), [] as CallRecord[]];
  const context = { world, faults, calls, rates: createRates(world.options), routes: gatewayRoutes(gateway, world) };
  const listener = await listen(server, context);
  world.origin = `http://127.0.0.1:${listener.port}`;
  return {
    root: `${world.origin}/api`,
    token: world.token,
    applicationId: world.applicationId,
    bot: world.bot,
    world,
    gateway,
    violations,
    calls,
    fault: (spec) => faults.add(spec),
    async close() {
      await gateway.close();
      await listener.close();
      await rm(filesDir, { recursive: true, force: true });
    },
  };
}

const defaults = {
  token: defaultToken,
  applicationId,
  nonceWindowMs: 5 * 60_000,
  isRateLimited: true,
  invalidLimit: 10_000,
};

/** The address of the gateway is this server's own. */
function gatewayRoutes(gateway: Gateway, world: World): Route[] {
  const url = () => world.origin.replace('http', 'ws');
  const bot = () => ok({ url: url(), shards: 1, session_start_limit: gateway.sessionStartLimit() });
  return [
    { verb: 'GET', path: '/gateway', answer: () => ok({ url: url() }), isOpen: true },
    { verb: 'GET', path: '/gateway/bot', answer: bot },
  ];
}
