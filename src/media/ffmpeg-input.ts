import { UserError } from '../core/errors.ts';
import type { SourceInput, SourceOptions } from '../core/ports.ts';
import { assertPublicUrl } from '../lib/net.ts';
import { guardProxy } from '../lib/proxy.ts';
import { findAddress, openStreamRelay } from '../lib/stream-relay.ts';
import { concatScript } from './concat-script.ts';

/** How ffmpeg gets at an input: what may be secret is in `env` and `script` alone. */
export type FfmpegInput = { args: string[]; env?: Record<string, string>; script?: string };

type Options = Pick<SourceOptions, 'allowPrivate' | 'signal'>;

/** What a file or a progressive stream may be in; no demuxer that opens other addresses. */
const containers =
  'aac,ac3,avi,eac3,flac,flv,live_flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpeg,mpegts,nut,ogg,wav';

/** Source: the services' registered ports (IANA). */
const usualPorts: Record<string, number> = { 'rtmp:': 1935, 'rtmps:': 443, 'rtsp:': 554, 'rtsps:': 322 };

/**
 * Opens the guarded way to an input, until the signal.
 *
 * @throws UserError `address_refused`, `bad_url`, `protocol_unsupported`
 */
export function openInput(input: SourceInput, options: Options): Promise<FfmpegInput> | FfmpegInput {
  if (input.protocol === 'http') return openHttp(input, options);
  const url = new URL(input.url);
  if (input.protocol === 'rtmp') return openRtmp(url, options);
  if (input.protocol === 'rtsp') return openRtsp(url, options);
  if (input.protocol === 'srt') return openSrt(url, options);
  throw new UserError('protocol_unsupported', { protocol: input.protocol });
}

async function openHttp({ url, headers }: SourceInput, { allowPrivate, signal }: Options): Promise<FfmpegInput> {
  assertPublicUrl(url, allowPrivate);
  const proxy = await guardProxy(allowPrivate);
  const alias = proxy.alias({ url, headers, signal });
  const allowed = ['-protocol_whitelist', 'http,tcp', '-format_whitelist', containers];
  return { args: [...allowed, '-i', alias], env: proxy.env };
}

/** The relay speaks TLS where that is asked for, so that ffmpeg needs no more than plain RTMP to loopback. */
async function openRtmp(url: URL, options: Options): Promise<FfmpegInput> {
  const port = await openRelay(url, options);
  const here = `rtmp://${loginOf(url)}127.0.0.1:${port}${url.pathname}${url.search}`;
  const script = concatScript(here, { rtmp_tcurl: tcUrlOf(url), rtmp_live: 'live' });
  return { args: fromScript('rtmp,tcp'), script };
}

/** The address of the application, which servers with several hosts go by: all but the last path element. */
function tcUrlOf({ protocol, host, pathname }: URL): string {
  const [app = '', ...rest] = pathname.slice(1).split('/');
  const instance = rest.length > 1 ? `/${rest[0]}` : '';
  return `${protocol}//${host}/${app}${instance}`;
}

/** Interleaved in the one connection: what comes by UDP could come from anywhere. */
async function openRtsp(url: URL, options: Options): Promise<FfmpegInput> {
  const port = await openRelay(url, options);
  const query = [...url.searchParams].filter(([name]) => !['udp', 'multicast', 'http', 'https', 'tcp'].includes(name));
  const search = query.length > 0 ? `?${new URLSearchParams(query)}` : '';
  const script = concatScript(`rtsp://${loginOf(url)}127.0.0.1:${port}${url.pathname}${search}`, {
    rtsp_transport: 'tcp',
  });
  return { args: fromScript('tcp'), script };
}

/** Others would listen on this machine or bind to its addresses. Source: libsrt's and ffmpeg's option lists. */
const srtNames = ['streamid', 'passphrase', 'pbkeylen', 'latency', 'rcvlatency', 'peerlatency', 'oheadbw', 'maxbw'];

async function openSrt(url: URL, { allowPrivate }: Options): Promise<FfmpegInput> {
  const address = await findAddress(url.hostname, allowPrivate);
  const host = address.includes(':') ? `[${address}]` : address;
  const query = new URLSearchParams([...url.searchParams].filter(([name]) => srtNames.includes(name)));
  query.set('mode', 'caller');
  // ffmpeg takes these as they are written, %-escapes and all but blanks.
  const text = [...query].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return { args: fromScript('srt,udp'), script: concatScript(`srt://${host}:${url.port}?${text}`) };
}

function openRelay(url: URL, options: Options): Promise<number> {
  const isSecure = url.protocol === 'rtmps:' || url.protocol === 'rtsps:';
  const port = Number(url.port) || (usualPorts[url.protocol] ?? 0);
  return openStreamRelay({ host: url.hostname, port, isSecure, ...options });
}

const loginOf = ({ username, password }: URL) => (username ? `${username}${password ? `:${password}` : ''}@` : '');

/** The script comes by stdin and may open these protocols alone. */
function fromScript(protocols: string): string[] {
  return ['-f', 'concat', '-safe', '0', '-protocol_whitelist', `pipe,${protocols}`, '-i', 'pipe:0'];
}
