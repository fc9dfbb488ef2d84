import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { FatalError, TemporaryError, UserError } from '../core/errors.ts';
import { guardedLookup, isPrivateAddress } from './address.ts';
import type { CookieHeaders } from './cookie-headers.ts';

/** The server answered with a status that is not 2xx. `path`: of the address that answered, after redirects. */
export class HttpStatusError extends TemporaryError {
  readonly path: string;
  constructor(
    readonly status: number,
    { host, pathname }: URL,
    retryAfter?: string,
  ) {
    const retryAfterMs = readRetryAfter(retryAfter);
    super('http_error', { detail: `${status} from ${host}`, ...(retryAfterMs ? { retryAfterMs } : {}) });
    this.path = pathname;
  }
}

/** Seconds or a date. Source: RFC 9110 §10.2.3. */
function readRetryAfter(value: string | undefined): number | undefined {
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return ms > 0 ? ms : undefined;
}

export type FetchOptions = {
  headers?: Record<string, string>;
  signal: AbortSignal;
  /** Addresses in private networks may be fetched. */
  allowPrivate: boolean;
  /** From the request to the headers, and between two pieces of the body; default 15 s. */
  timeoutMs?: number;
  /** Longest body; beyond it the fetch fails. */
  maxBytes?: number;
  /** Cookies by the address they go to: a redirect is asked anew. */
  cookies?: CookieHeaders | undefined;
  /** An answer of any status is given back, for what its body says; else one that is not 2xx is an error. */
  takesAnyStatus?: boolean;
};
/** `contentLength` in bytes, where the server tells it and does not compress. */
export type Fetched = {
  /** Decoded; to be read once, or left by `return()`. Fails when it stalls, is cut short or grows past `maxBytes`. */
  body: AsyncIterable<Buffer>;
  finalUrl: string;
  status: number;
  headers: http.IncomingHttpHeaders;
  contentLength: number | undefined;
};

/** `url`: what `headers` were made for. */
export type InputHeaders = { url: string; headers: Record<string, string> };

const maxRedirects = 5;
const usualTimeoutMs = 15_000;

const agentOptions = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, timeout: 60_000 };
const openAgents = { 'http:': new http.Agent(agentOptions), 'https:': new https.Agent(agentOptions) };
const guardedAgents = {
  'http:': new http.Agent({ ...agentOptions, lookup: guardedLookup } as http.AgentOptions),
  'https:': new https.Agent({ ...agentOptions, lookup: guardedLookup } as https.AgentOptions),
};

/**
 * Checks what can be checked before a connection: scheme and literal addresses (also decimal, octal and IPv6 forms,
 * which `URL` normalises).
 *
 * @throws UserError `bad_url`, `address_refused`
 */
export function assertPublicUrl(url: string, allowPrivate: boolean): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol))
    throw new UserError('bad_url', { url: parsed ? parsed.protocol : (url.split('?')[0]?.slice(0, 100) ?? '') });
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  const isRefused = isIP(host) ? isPrivateAddress(host) : /(^|\.)localhost\.?$/i.test(host);
  if (isRefused && !allowPrivate) throw new UserError('address_refused', { host });
  return parsed;
}

/**
 * Fetches through the guard: public http(s) addresses only (unless `allowPrivate`), at most 5 redirects, each checked.
 * The body is decoded (gzip, deflate, br) and fails when it stalls, is cut short or grows past `maxBytes`.
 *
 * @throws UserError `bad_url`, `address_refused`
 * @throws HttpStatusError, TemporaryError `timeout`, `connection_lost`; FatalError `too_many_redirects`
 */
export async function guardedFetch(url: string, options: FetchOptions): Promise<Fetched> {
  let current = url;
  let headers = options.headers ?? {};
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const target = assertPublicUrl(current, options.allowPrivate);
    const response = await request(target, { ...options, headers: await withCookies(headers, target, options) });
    const status = response.statusCode ?? 0;
    const location = response.headers.location;
    if (status >= 300 && status < 400 && location && URL.canParse(location, current)) {
      response.destroy();
      const next = new URL(location, current);
      if (next.origin !== target.origin) headers = withoutSecrets(headers);
      current = next.href;
      continue;
    }
    if ((status < 200 || status >= 300) && !options.takesAnyStatus) {
      response.destroy();
      throw new HttpStatusError(status, target, response.headers['retry-after']);
    }
    const described = describe(response);
    if ((described.contentLength ?? 0) > (options.maxBytes ?? Number.POSITIVE_INFINITY)) {
      response.destroy();
      throw new FatalError('body_too_big', { detail: `${described.contentLength} bytes` });
    }
    return { ...described, body: bodyOf(response, options), finalUrl: current, status };
  }
  throw new FatalError('too_many_redirects', { detail: new URL(url).host });
}

async function withCookies(headers: Record<string, string>, url: URL, { cookies }: FetchOptions) {
  if (!cookies || Object.keys(headers).some((name) => name.toLowerCase() === 'cookie')) return headers;
  const cookie = await cookies(url);
  return cookie === undefined ? headers : { ...headers, cookie };
}

/** What an input's headers are at one of its addresses: as its site gave them only where the origin is the same. */
export function headersAt(address: string, { url, headers }: InputHeaders): Record<string, string> {
  const isSame = URL.canParse(url) && URL.canParse(address) && new URL(address).origin === new URL(url).origin;
  return isSame ? headers : withoutSecrets(headers);
}

/** Cookies and tokens are for the origin they were made for, not for where it sends us. */
function withoutSecrets(headers: Record<string, string>): Record<string, string> {
  const secret = ['authorization', 'cookie', 'proxy-authorization'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !secret.includes(name.toLowerCase())));
}

function describe({ headers }: http.IncomingMessage) {
  const length = Number(headers['content-length']);
  const isPlain = headers['content-encoding'] === undefined || headers['content-encoding'] === 'identity';
  return { headers, contentLength: isPlain && Number.isFinite(length) ? length : undefined };
}

async function request(url: URL, options: FetchOptions): Promise<http.IncomingMessage> {
  for (let tries = 0; tries < 3; tries++) {
    const response = await requestOnce(url, options);
    if (response !== 'stale') return response;
  }
  throw new TemporaryError('connection_lost', { detail: url.host });
}

/** `stale`: the server had closed the kept-alive connection meanwhile; nothing is wrong with it. */
function requestOnce(
  url: URL,
  { headers, signal, allowPrivate, timeoutMs = usualTimeoutMs }: FetchOptions,
): Promise<http.IncomingMessage | 'stale'> {
  const agents = allowPrivate ? openAgents : guardedAgents;
  const isSecure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const req = (isSecure ? https : http).get(url, {
      agent: agents[url.protocol as 'http:' | 'https:'],
      headers: { 'accept-encoding': 'gzip, deflate, br', 'user-agent': 'Mozilla/5.0 Aircheck', ...headers },
      signal,
    });
    // Not the socket's own timeout: that one counts from the last byte, and a server that drips would never meet it.
    const timer = setTimeout(() => req.destroy(new TemporaryError('timeout', { detail: url.host })), timeoutMs);
    req.on('response', (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    req.on('error', (error) => {
      clearTimeout(timer);
      const isStale = req.reusedSocket && 'code' in error && error.code === 'ECONNRESET';
      if (isStale) resolve('stale');
      else reject(connectionError(error, url.host));
    });
  });
}

function connectionError(error: Error, host: string): Error {
  if (error instanceof UserError || error instanceof TemporaryError || error.name === 'AbortError') return error;
  return new TemporaryError('connection_lost', { cause: error, detail: host });
}

/** One pass without streams in between: bodies are most of what a recorder does. */
async function* bodyOf(
  response: http.IncomingMessage,
  { timeoutMs = usualTimeoutMs, maxBytes = Number.POSITIVE_INFINITY }: FetchOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const source: Readable = decode(response);
  let seen = 0;
  let isWaiting = true;
  const stall = setTimeout(() => {
    // A reader that takes its time is no stall.
    if (isWaiting) source.destroy(new TemporaryError('timeout', { detail: 'body stalled' }));
  }, timeoutMs);
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      seen += chunk.length;
      if (seen > maxBytes) throw new FatalError('body_too_big', { detail: `over ${maxBytes} bytes` });
      isWaiting = false;
      yield chunk;
      isWaiting = true;
      stall.refresh();
    }
  } catch (error) {
    throw error instanceof FatalError ? error : connectionError(error as Error, 'body');
  } finally {
    clearTimeout(stall);
    response.destroy();
  }
}

function decode(response: http.IncomingMessage): Readable {
  const decoder = decoderOf(response.headers['content-encoding']);
  if (!decoder) return response;
  // The reader of the decoder hears of errors; a decoder that is destroyed takes the response along.
  return pipeline(response, decoder, () => undefined);
}

function decoderOf(encoding: string | undefined) {
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  if (encoding === 'br') return createBrotliDecompress();
  return undefined;
}

/**
 * Hands the body to `sink` piece by piece, waiting for each: flat memory whatever its size.
 *
 * @returns bytes after decoding. @throws as `guardedFetch`
 */
export async function fetchToSink(
  url: string,
  options: FetchOptions,
  sink: (chunk: Buffer) => Promise<void> | void,
): Promise<Omit<Fetched, 'body'> & { sizeBytes: number }> {
  const { body, ...rest } = await guardedFetch(url, options);
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    await sink(chunk);
  }
  return { ...rest, sizeBytes };
}

/** The whole body as text, for playlists and pages; at most `maxBytes` (default 4 MB). @throws as `guardedFetch` */
export async function fetchText(
  url: string,
  options: FetchOptions,
): Promise<{ text: string; finalUrl: string; status: number; headers: http.IncomingHttpHeaders }> {
  const { body, ...rest } = await guardedFetch(url, { maxBytes: 4_000_000, ...options });
  // A body that only drips never stalls.
  const deadline = performance.now() + 2 * (options.timeoutMs ?? usualTimeoutMs);
  const chunks: Buffer[] = [];
  for await (const chunk of body) {
    if (performance.now() > deadline) throw new TemporaryError('timeout', { detail: 'the body only drips' });
    chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString('utf8'), ...rest };
}
