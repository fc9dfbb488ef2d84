import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A path as the test sets it; `online` is left out as servers before 2026 do, unless it is said. */
export type MediamtxPath = { ready: boolean; readyTime?: string; online?: boolean };

export type MediamtxServer = {
  root: string;
  port: number;
  /** `undefined`: the server has no such path any more. */
  set(name: string, path: MediamtxPath | boolean | undefined): void;
  /** What `/v3/config/global/get` says beside what it says by itself. */
  configure(config: Record<string, unknown>): void;
  /** From now on only who says this may ask. */
  setLogin(login: { user: string; pass: string } | undefined): void;
  /** Every answer from now on: a status, a page, nothing, or a connection that is cut. */
  setFault(fault: 500 | 404 | 'page' | 'silence' | 'gone' | undefined): void;
  /** Path and query of each request. */
  requests: string[];
  close(): Promise<void>;
};

/**
 * The part of MediaMTX's API that tells what there is, as strict as the real one. Source: internal/api/api.go, paginate.go,
 * api/openapi.yaml of https://github.com/bluenviron/mediamtx.
 */
export async function startMediamtx(): Promise<MediamtxServer> {
  const paths = new Map<string, MediamtxPath>();
  const requests: string[] = [];
  let config: Record<string, unknown> = {};
  let login: { user: string; pass: string } | undefined;
  let fault: Parameters<MediamtxServer['setFault']>[0];

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://x');
    requests.push(request.url ?? '');
    const json = (status: number, body: unknown, headers = {}) =>
      void response
        .writeHead(status, { 'content-type': 'application/json; charset=utf-8', server: 'mediamtx', ...headers })
        .end(JSON.stringify(body));
    const refuse = (status: number, error: string, headers = {}) => json(status, { status: 'error', error }, headers);
    if (fault === 'silence') return;
    if (fault === 'gone') return void request.socket.destroy();
    if (fault === 'page') return void response.end('<!doctype html><title>Welcome to nginx!</title>');
    if (fault !== undefined) return refuse(fault, 'terminated');
    if (login && request.headers.authorization !== basic(login))
      return refuse(401, 'authentication error', { 'www-authenticate': 'Basic realm="mediamtx"' });
    if (request.method === 'GET' && url.pathname === '/v3/config/global/get')
      return json(200, { ...usualConfig, ...config });
    if (request.method !== 'GET' || url.pathname !== '/v3/paths/list')
      return void response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
    const page = pageOf([...paths].map(itemOf), url.searchParams);
    return typeof page === 'string' ? refuse(400, page) : json(200, page);
  };

  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    root: `http://127.0.0.1:${port}`,
    port,
    requests,
    set: (name, path) => {
      if (path === undefined) paths.delete(name);
      else paths.set(name, typeof path === 'boolean' ? { ready: path } : path);
    },
    configure: (next) => void (config = next),
    setLogin: (next) => void (login = next),
    setFault: (next) => void (fault = next),
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

const basic = ({ user, pass }: { user: string; pass: string }) =>
  `Basic ${Buffer.from(`${user}:${pass}`).toString('base64')}`;

const usualConfig = {
  ...{ logLevel: 'info', api: true, apiAddress: ':9997', authMethod: 'internal' },
  ...{ rtsp: true, rtspAddress: ':8554', rtspsAddress: ':8322', rtspEncryption: 'no' },
  ...{ rtspTransports: ['udp', 'multicast', 'tcp'], hls: true, hlsAddress: ':8888', hlsEncryption: false },
};

function itemOf([name, { ready, readyTime, ...rest }]: [string, MediamtxPath]) {
  return {
    ...{ name, confName: 'all_others', ready, readyTime: ready ? (readyTime ?? '2026-11-21T10:00:00Z') : null },
    ...{ source: ready ? { type: 'rtmpConn', id: `id of ${name}` } : null, tracks: ready ? ['H264'] : [] },
    ...{ bytesReceived: 0, bytesSent: 0, readers: [], ...rest },
  };
}

/** `paginate.go`: pages count from 0; one past the end is empty. */
function pageOf(items: object[], query: URLSearchParams): object | string {
  const [perPage, page] = [query.get('itemsPerPage') || '100', query.get('page') || '0'];
  const bad = [perPage, page].find((text) => !/^\d+$/.test(text));
  if (bad !== undefined) return `strconv.ParseUint: parsing "${bad}": invalid syntax`;
  if (Number(perPage) === 0) return 'invalid items per page';
  const from = Number(page) * Number(perPage);
  const pageCount = Math.ceil(items.length / Number(perPage));
  return { itemCount: items.length, pageCount, items: items.slice(from, from + Number(perPage)) };
}
