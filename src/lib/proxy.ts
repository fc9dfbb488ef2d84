import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { UserError } from '../core/errors.ts';
import { guardedFetch, HttpStatusError } from './net.ts';
import { openTunnel, refuse, relayPlain } from './proxy-relay.ts';

/** What is behind an alias: an address with its headers, which no other program gets to see. */
export type AliasTarget = { url: string; headers: Record<string, string>; signal: AbortSignal };

/** The only door child processes have to the net: an HTTP proxy on loopback with the rules of `lib/net.ts`. */
export type GuardProxy = {
  /** Holds a secret: hand it over by environment, never as an argument. */
  url: string;
  /** Variables that make ffmpeg, yt-dlp and streamlink use it. */
  env: Record<string, string>;
  /** An address that works only through this proxy, until the target's signal: cookies and signed queries stay here. */
  alias(target: AliasTarget): string;
  close(): Promise<void>;
};

/** No name under it exists. Source: RFC 6761 §6.4. */
const aliasDomain = '.aircheck.invalid';
const user = 'aircheck';

const shared = new Map<boolean, Promise<GuardProxy>>();

/** The proxy of this process, opened at first use; it never keeps the process alive. */
export function guardProxy(allowPrivate: boolean): Promise<GuardProxy> {
  const open = shared.get(allowPrivate) ?? openGuardProxy({ allowPrivate });
  shared.set(allowPrivate, open);
  open.catch(() => shared.delete(allowPrivate));
  return open;
}

/**
 * Opens a guard proxy on a free loopback port: CONNECT and plain requests to public addresses only, the one that is
 * connected to being the one that was looked at. A redirect goes back to the client, which asks here again.
 */
export async function openGuardProxy({ allowPrivate }: { allowPrivate: boolean }): Promise<GuardProxy> {
  const token = randomBytes(24).toString('hex');
  const aliases = new Map<string, AliasTarget>();
  const isAllowed = createGate(token);
  const server = createServer((request, response) => {
    if (!isAllowed(request)) return void response.writeHead(407, challenge).end();
    const target = aliases.get(aliasOf(request.url));
    return target
      ? serveAlias(target, { request, response, allowPrivate })
      : relayPlain(request, response, allowPrivate);
  });
  server.on('connect', (request, client: Socket, head) => {
    client.on('error', () => client.destroy());
    if (!isAllowed(request)) return refuse(client, '407 Proxy Authentication Required', challenge);
    openTunnel({ authority: request.url ?? '', client, head, allowPrivate });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const url = `http://${user}:${token}@127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    env: environmentOf(url),
    alias(target) {
      const id = randomBytes(12).toString('hex');
      aliases.set(id, target);
      target.signal.addEventListener('abort', () => aliases.delete(id), { once: true });
      return `http://${id}${aliasDomain}/media`;
    },
    close: () => closeServer(server),
  };
}

const challenge = { 'proxy-authenticate': 'Basic realm="aircheck"' };

/** Programs differ in the spelling they read; `no_proxy` of ours must not open a second door. */
function environmentOf(url: string): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'all_proxy'];
  const set = [...names, ...names.map((name) => name.toUpperCase())].map((name) => [name, url] as const);
  return { ...Object.fromEntries(set), no_proxy: '', NO_PROXY: '' };
}

function createGate(token: string): (request: IncomingMessage) => boolean {
  const wanted = Buffer.from(`Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`);
  return ({ headers }) => {
    const given = Buffer.from(headers['proxy-authorization'] ?? '');
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  };
}

function aliasOf(url = ''): string {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return host.endsWith(aliasDomain) ? host.slice(0, -aliasDomain.length) : '';
}

type Exchange = { request: IncomingMessage; response: ServerResponse; allowPrivate: boolean };

/** Asks for the target by our own guarded fetch, redirects and all. */
function serveAlias(target: AliasTarget, { request, response, allowPrivate }: Exchange): void {
  const left = new AbortController();
  response.on('close', () => left.abort());
  const answer = async () => {
    const range: Record<string, string> = request.headers.range ? { range: request.headers.range } : {};
    const { body, headers, status } = await guardedFetch(target.url, {
      headers: { ...target.headers, ...range, 'accept-encoding': 'identity' },
      signal: AbortSignal.any([target.signal, left.signal]),
      allowPrivate,
      timeoutMs: 30_000,
    });
    const told = ['content-type', 'content-length', 'content-range', 'accept-ranges'];
    response.writeHead(status, Object.fromEntries(told.flatMap((n) => (headers[n] ? [[n, headers[n]]] : []))));
    for await (const chunk of body) {
      if (!response.write(chunk)) await once(response, 'drain', { signal: left.signal });
    }
    response.end();
  };
  answer().catch((error) => (response.headersSent ? response.destroy() : response.writeHead(statusOf(error)).end()));
}

function statusOf(error: unknown): number {
  if (error instanceof HttpStatusError) return error.status;
  return error instanceof UserError ? 403 : 502;
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => void server.close(() => resolve()));
}
