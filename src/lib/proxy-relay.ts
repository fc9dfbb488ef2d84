import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { UserError } from '../core/errors.ts';
import { guardedLookup } from './address.ts';
import { assertPublicUrl } from './net.ts';

const connectTimeoutMs = 15_000;
/** From the request to its headers. */
const answerTimeoutMs = 30_000;
/** A tunnel without a byte for this long is dead: both ends poll far more often. */
const idleTimeoutMs = 300_000;

/** Options of a connection whose DNS answer is checked, where it must be. */
const lookupOf = (allowPrivate: boolean) => (allowPrivate ? {} : { lookup: guardedLookup as never });

/** Passes one plain request (absolute form) on to a public address; a redirect is the client's to follow. */
export function relayPlain(request: IncomingMessage, response: ServerResponse, allowPrivate: boolean): void {
  const url = publicUrl(request.url ?? '', allowPrivate);
  if (url?.protocol !== 'http:') return void response.writeHead(403).end();
  const headers = { ...withoutHops(request.headers), host: url.host };
  const upstream = httpRequest(url, { method: request.method, headers, agent: false, ...lookupOf(allowPrivate) });
  const timer = setTimeout(() => upstream.destroy(new Error('timeout')), answerTimeoutMs);
  upstream.on('response', (answer) => {
    clearTimeout(timer);
    response.writeHead(answer.statusCode ?? 502, withoutHops(answer.headers));
    pipeline(answer, response, () => undefined);
  });
  upstream.on('error', (error) => {
    clearTimeout(timer);
    if (response.headersSent) response.destroy();
    else response.writeHead(error instanceof UserError ? 403 : 502).end();
  });
  response.on('close', () => upstream.destroy());
  pipeline(request, upstream, () => undefined);
}

/** What concerns one connection alone. Source: RFC 9110 §7.6.1, §11.7. */
const hopHeaders = [
  'connection',
  'proxy-connection',
  'proxy-authorization',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
];

function withoutHops(headers: IncomingMessage['headers']) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopHeaders.includes(name)));
}

/** `authority` is `host:port` of a CONNECT; `head` came right behind it. */
export type Tunnel = { authority: string; client: Socket; head: Buffer; allowPrivate: boolean };

/** Connects a client to a public address and passes bytes on until one side leaves or both are silent for long. */
export function openTunnel({ authority, client, head, allowPrivate }: Tunnel): void {
  const url = publicUrl(`https://${authority}/`, allowPrivate);
  if (!url) return refuse(client, '403 Forbidden');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const upstream = connect({ host, port: Number(url.port || 443), ...lookupOf(allowPrivate) });
  const timer = setTimeout(() => upstream.destroy(new Error('timeout')), connectTimeoutMs);
  upstream.once('connect', () => {
    clearTimeout(timer);
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    upstream.write(head);
    upstream.setTimeout(idleTimeoutMs, () => upstream.destroy());
    pipeline(upstream, client, upstream, () => undefined);
  });
  upstream.once('error', (error) => {
    clearTimeout(timer);
    refuse(client, error instanceof UserError ? '403 Forbidden' : '502 Bad Gateway');
  });
  client.once('close', () => upstream.destroy());
}

/** @returns undefined where it is no address, or a refused one in any spelling */
function publicUrl(url: string, allowPrivate: boolean): URL | undefined {
  try {
    return assertPublicUrl(url, allowPrivate);
  } catch {
    return undefined;
  }
}

/** Ends a client's connection with a status and nothing else. */
export function refuse(client: Socket, status: string, headers: Record<string, string> = {}): void {
  if (client.destroyed) return;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  client.end(`HTTP/1.1 ${status}\r\n${lines.join('')}content-length: 0\r\n\r\n`);
}
