import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { APIUser } from 'discord.js';
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type Gateway, mountGateway } from '../support/discord/gateway.ts';
import type { GatewayOptions, GatewayWorld } from '../support/discord/gateway-types.ts';
import { waitFor } from '../support/wait.ts';

/** A gateway with nothing but `GET /gateway/bot` beside it, and a world of two guilds without channels. */
export type Setup = {
  /** `http://127.0.0.1:<port>/api` */
  root: string;
  token: string;
  gateway: Gateway;
  /** Empty it in tests that expect some. */
  violations: string[];
  guildIds: string[];
  emit(guildId: string | null, event: string, data: object): void;
  connect(options?: { url?: string; query?: string }): Promise<Client>;
};

/** A payload of the server. */
export type Payload = { op: number; d: Record<string, unknown>; s?: number; t?: string };

/** A client that does nothing by itself. */
export type Client = {
  /** Everything that came, hello first. */
  payloads: Payload[];
  /** Of the events. */
  names(): string[];
  send(op: number, d: unknown): void;
  sendText(text: string | Buffer): void;
  /** The next payload that fits and was not given yet. */
  next(fits: (payload: Payload) => boolean, what: string): Promise<Payload>;
  event(name: string): Promise<Payload>;
  identify(fields?: Record<string, unknown>): void;
  /** The code with which the server closed; 1006 where it only cut. */
  closed: Promise<number>;
  close(code: number): Promise<number>;
};

const token = 'MTAwMDAwMDAwMDAwMDAwMDAwMQ.gateway.tests';
const bot = { id: '1000000000000000001', username: 'aircheck', discriminator: '0', bot: true } as APIUser;

/** Starts it; closed when the test ends. */
export async function setup(options: GatewayOptions = {}): Promise<Setup> {
  const violations: string[] = [];
  const guildIds = ['2000000000000000001', '2000000000000000002'];
  const world: GatewayWorld = {
    token,
    bot,
    applicationId: bot.id,
    onDispatch: [],
    guildIds: () => guildIds,
    guildCreate,
    violate: (text) => void violations.push(text),
  };
  const server = createServer((request, response) => {
    if (request.url !== '/api/v10/gateway/bot') return void response.writeHead(404).end('{}');
    const answer = { url: gateway.url(), shards: 1, session_start_limit: gateway.sessionStartLimit() };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  const gateway = mountGateway(server, world, options);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => {
    await gateway.close();
    server.closeAllConnections();
    server.close();
    expect(violations).toEqual([]);
  });
  return {
    root: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
    token,
    gateway,
    violations,
    guildIds,
    emit: (...event) => world.onDispatch.forEach((listen) => listen(...event)),
    connect: ({ url = gateway.url(), query = 'v=10&encoding=json' } = {}) => connect(`${url}/?${query}`),
  };
}

/** A guild with the bot and a person. */
function guildCreate(id: string): object {
  const members = [bot, { id: '3', username: 'ann' }].map((user) => ({ user, roles: [], joined_at: null, flags: 0 }));
  return {
    id,
    name: `Guild ${id}`,
    channels: [],
    threads: [],
    roles: [],
    emojis: [],
    stickers: [],
    members,
    presences: [{}],
  };
}

async function connect(url: string): Promise<Client> {
  const ws = new WebSocket(url.replace(/(\/resume)\/\?/, '$1?'));
  const payloads: Payload[] = [];
  let given = 0;
  ws.on('message', (data) => payloads.push(JSON.parse((data as Buffer).toString())));
  const closed = new Promise<number>((done) => ws.on('close', done));
  await once(ws, 'open');
  const client: Client = {
    payloads,
    names: () => payloads.flatMap(({ t }) => t ?? []),
    send: (op, d) => ws.send(JSON.stringify({ op, d })),
    sendText: (text) => ws.send(text),
    async next(fits, what) {
      const index = await waitFor(() => payloads.findIndex((payload, at) => at >= given && fits(payload)) + 1, {
        what,
        everyMs: 5,
      });
      given = index;
      return payloads[index - 1] as Payload;
    },
    event: (name) => client.next(({ t }) => t === name, name),
    identify(fields) {
      client.send(2, { token, intents: 1, properties: { os: 'linux', browser: 'test', device: 'test' }, ...fields });
    },
    closed,
    close(code) {
      ws.close(code);
      return closed;
    },
  };
  return client;
}
