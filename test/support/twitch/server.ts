import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, helixError } from './answer.ts';
import { type Bucket, bucketHeaders, drain, fullBucket, takePoint } from './bucket.ts';
import { answerHelix } from './helix.ts';
import { giveToken, type LoginOptions } from './login.ts';
import { createWorld, type World } from './world.ts';

/** A call as it was answered; `status` is 0 where the connection was cut or nothing was sent. */
export type TwitchCall = { path: string; params: URLSearchParams; status: number };

/**
 * What goes wrong with the next `times` (1) calls of `path` (all), before they are looked at: an answer with this status, a
 * connection that is cut, silence, or something that is no JSON. `headers` are those of the answer.
 */
export type TwitchFault = { path?: string; times?: number; headers?: Record<string, string> } & (
  | { kind: 'status'; status: number }
  | { kind: 'reset' | 'silence' | 'badJson' }
);

type Context = {
  world: World;
  login: LoginOptions;
  bucket: Bucket;
  calls: TwitchCall[];
  faults: (TwitchFault & { left: number })[];
  /** Told of each call as it comes. */
  hear: (path: string) => void;
};

/**
 * Twitch's login (`/oauth2`) and Helix (`/helix`: streams, users, channels) on 127.0.0.1, as strict as they are: ids, secrets,
 * tokens, limits of parameters, pages and a bucket of points.
 */
export async function startTwitch({ expiresInSeconds = 5_011_271 } = {}) {
  const { world, ...acts } = createWorld();
  const login = {
    clientId: 'uo6dggojyb8d6soh92zknwmi5ej1q2',
    clientSecret: 'nyo51xcdrerl8z9m56w9w6wg',
    expiresInSeconds,
  };
  const context: Context = { world, login, bucket: fullBucket(), calls: [], faults: [], hear: () => {} };
  const server = createServer((request, response) => {
    // A client that hangs up in the middle is no fault of the server.
    answer(context, request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { clientId, clientSecret } = login;
  const roots = { apiRoot: `${root}/helix`, authRoot: `${root}/oauth2` };
  return {
    ...acts,
    /** As the Twitch platform wants them. */
    app: { clientId, clientSecret, ...roots },
    /** As Aircheck's environment wants them. */
    env: {
      TWITCH_CLIENT_ID: clientId,
      TWITCH_CLIENT_SECRET: clientSecret,
      TWITCH_API_ROOT: roots.apiRoot,
      TWITCH_AUTH_ROOT: roots.authRoot,
    },
    /** All calls, in order. */
    calls: context.calls,
    /** The calls of one path since the last `forget`. */
    callsOf: (path: string) => context.calls.filter((call) => call.path === path),
    forget: () => void context.calls.splice(0),
    fault: (fault: TwitchFault) => void context.faults.push({ ...fault, left: fault.times ?? 1 }),
    /** Faults that have not struck yet are taken back. */
    mend: () => void context.faults.splice(0),
    /** Calls `fn` when the next call of this path comes. */
    onCall(path: string, fn: () => void) {
      context.hear = (seen) => seen === path && fn();
    },
    drain: (forMs: number) => drain(context.bucket, forMs),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type TwitchServer = Awaited<ReturnType<typeof startTwitch>>;

async function answer(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://twitch');
  const call: TwitchCall = { path: url.pathname, params: url.searchParams, status: 0 };
  context.calls.push(call);
  context.hear(call.path);
  const body = await readText(request);
  const fault = context.faults.find(({ path, left }) => left > 0 && (path === undefined || path === call.path));
  if (fault) fault.left--;
  if (fault?.kind === 'reset') return void request.socket.destroy();
  if (fault?.kind === 'silence') return;
  const found = fault ? brokenAnswer(fault) : answerCall(context, { request, url, body });
  call.status = found.status;
  const text = typeof found.body === 'string' ? found.body : JSON.stringify(found.body);
  response.writeHead(found.status, { 'Content-Type': 'application/json; charset=utf-8', ...found.headers }).end(text);
}

function brokenAnswer({ headers = {}, ...fault }: TwitchFault): Answer {
  if (fault.kind === 'status') return { ...helixError(fault.status, ''), headers };
  return { status: 200, body: '<html>upstream connect error', headers };
}

type Asked = { request: IncomingMessage; url: URL; body: string };

function answerCall({ world, login, bucket }: Context, { request, url, body }: Asked): Answer {
  const { method } = request;
  if (url.pathname === '/oauth2/token' && method === 'POST')
    return giveToken(world, login, new URLSearchParams([...url.searchParams, ...new URLSearchParams(body)]));
  const path = url.pathname.startsWith('/helix/') ? url.pathname.slice('/helix'.length) : '';
  const refusal = path ? refuse(world, request) : undefined;
  if (refusal) return refusal;
  const isAllowed = takePoint(bucket);
  const headers = bucketHeaders(bucket);
  if (!isAllowed) return { ...helixError(429, 'Too Many Requests'), headers };
  const found = method === 'GET' ? answerHelix(world, path, url.searchParams) : undefined;
  return { ...(found ?? helixError(404, `${method} ${url.pathname}`)), headers };
}

/** Source: https://dev.twitch.tv/docs/api/reference/streams, 401; texts as in https://github.com/pilcrowonpaper/arctic/pull/35 */
function refuse(world: World, { headers }: IncomingMessage): Answer | undefined {
  const [, given] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? [];
  if (!given) return helixError(401, 'OAuth token is missing');
  if (!headers['client-id']) return helixError(401, 'Client ID is missing');
  const token = world.tokens.get(given);
  if (!token || performance.now() > token.untilMs) return helixError(401, 'Invalid OAuth token');
  if (token.clientId !== headers['client-id']) return helixError(401, 'Client ID and OAuth token do not match');
  return undefined;
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
