import { lookup } from 'node:dns/promises';
import { type AddressInfo, connect, createServer, isIP, type Socket } from 'node:net';
import { pipeline, Transform } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { UserError } from '../core/errors.ts';
import { isPrivateAddress } from './address.ts';

export type StreamRelayOptions = {
  host: string;
  port: number;
  /** TLS towards the host; plain on loopback. */
  isSecure: boolean;
  allowPrivate: boolean;
  /** Ends the relay and its connections. */
  signal: AbortSignal;
  /** For the host to take a connection, TLS included; default 8 s. */
  connectLimitMs?: number;
};

/** Limit of a relay for a connection, in ms: its client is cut off then, and knows that nobody answered. */
export const relayConnectMs = 8_000;
/** How far back a split word is looked for. */
const tailBytes = 64;
/** A server that sends its client elsewhere would lead it past the guard. Source: RFC 2326 §11.3. */
const redirect = /RTSP\/1\.0 3\d\d|NetConnection\.Connect\.\w+[^]{0,40}redirect/;

/**
 * Opens a loopback port that leads to one checked address, for programs that know no proxy (RTMP, RTSP): what they
 * connect to is what was looked at, and their arguments do not name it.
 *
 * @returns the port. @throws UserError `address_refused`, `bad_url`
 */
export async function openStreamRelay(options: StreamRelayOptions): Promise<number> {
  const address = await findAddress(options.host, options.allowPrivate);
  options.signal.throwIfAborted();
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connectTo(address, options);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    }
    const timer = setTimeout(() => upstream.destroy(), options.connectLimitMs ?? relayConnectMs);
    upstream.once(options.isSecure ? 'secureConnect' : 'connect', () => clearTimeout(timer));
    pipeline(client, upstream, () => upstream.destroy());
    pipeline(upstream, createRedirectGuard(), client, () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const close = () => {
    server.close();
    for (const socket of open) socket.destroy();
  };
  options.signal.addEventListener('abort', close, { once: true });
  return (server.address() as AddressInfo).port;
}

function connectTo(address: string, { host, port, isSecure }: StreamRelayOptions): Socket {
  if (!isSecure) return connect({ host: address, port });
  return connectTls({ host: address, port, ...(isIP(host) ? {} : { servername: host }) });
}

/** Passes bytes on until they are a redirect. */
function createRedirectGuard(): Transform {
  let tail = '';
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const text = tail + chunk.toString('latin1');
      tail = text.slice(-tailBytes);
      done(redirect.test(text) ? new UserError('address_refused', { host: 'redirect' }) : null, chunk);
    },
  });
}

/**
 * The address of a host, checked after DNS.
 *
 * @throws UserError `address_refused`, `bad_url` where there is no such name
 */
export async function findAddress(host: string, allowPrivate: boolean): Promise<string> {
  const bare = host.replace(/^\[|\]$/g, '');
  const found = isIP(bare) ? [{ address: bare }] : await lookup(bare, { all: true }).catch(() => []);
  const [first] = found;
  if (!first) throw new UserError('bad_url', { url: bare.slice(0, 100) });
  if (!allowPrivate && found.some(({ address }) => isPrivateAddress(address)))
    throw new UserError('address_refused', { host: bare });
  return first.address;
}
