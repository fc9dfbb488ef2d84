import { UserError } from '../../../core/errors.ts';
import type { ListedStream, StreamRef } from '../../../core/ports.ts';
import type { Ways } from './api.ts';

/** `http://host:9997`, or any address of its API; a name and password are kept beside, and `via=`. */
export function matchServer(url: URL): { channel: string; url: string } | undefined {
  if (!['http:', 'https:'].includes(url.protocol)) return undefined;
  const via = viaOf(url);
  if (via === undefined && url.searchParams.has('via')) return undefined;
  const pathname = url.pathname.replace(/\/v3\/.*$/, '').replace(/\/*$/, '/');
  const server = new URL(`${url.protocol}//${url.host}${pathname}`);
  const channel = server.href;
  Object.assign(server, { username: url.username, password: url.password });
  if (via !== undefined) server.search = `via=${encodeURIComponent(via)}`;
  return { channel, url: server.href };
}

/** Where its streams are had from, if somebody named it: an address that ends with a slash. */
export function viaOf(url: URL): string | undefined {
  const via = url.searchParams.get('via') ?? '';
  const isGood = URL.canParse(via) && /^(rtsps?|https?):\/\/[^/@?#]+(\/[^@?#]*)?$/.test(via);
  return isGood ? via.replace(/\/*$/, '/') : undefined;
}

/** The root of the API that tells of a server or of a stream on it, with the login of its address. */
export function rootOf({ channel, url, platformId }: StreamRef): URL {
  const root = new URL(platformId === undefined ? channel : channel.slice(0, -inPath(platformId).length));
  const { username, password } = new URL(url);
  return Object.assign(root, { username, password });
}

const inPath = (name: string) => name.split('/').map(encodeURIComponent).join('/').replaceAll('%3A', ':');

/** No address can hold these: it would be another one. */
export const isAddressable = (name: string) => !name.split('/').some((part) => ['', '.', '..'].includes(part));

/** A stream of a server; `base` is where its streams are had from. */
export function streamOf(root: URL, base: string, name: string): ListedStream {
  const isHls = base.startsWith('http');
  const play = new URL(`${base}${inPath(name)}${isHls ? '/index.m3u8' : ''}`);
  Object.assign(play, { username: root.username, password: root.password });
  const channel = new URL(`${root.protocol}//${root.host}${root.pathname}${inPath(name)}`).href;
  return { channel, url: play.href, platformId: name };
}

/**
 * RTSP passes on whatever is published, as it is, at once; HLS begins when it is asked for and knows few codecs.
 *
 * @throws UserError `server_closed`
 */
export function baseOf(told: Ways, host: string): string {
  const portOf = (address: string) => /:(\d+)$/.exec(address)?.[1] ?? '';
  const hasTcp = told.rtspTransports?.includes('tcp') ?? true;
  if (told.rtsp && hasTcp && told.rtspEncryption !== 'strict') return `rtsp://${host}:${portOf(told.rtspAddress)}/`;
  if (told.hls) return `${told.hlsEncryption ? 'https' : 'http'}://${host}:${portOf(told.hlsAddress)}/`;
  if (!told.rtsp || !hasTcp) throw new UserError('server_closed');
  return `rtsps://${host}:${portOf(told.rtspsAddress ?? ':8322')}/`;
}
