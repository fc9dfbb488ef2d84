import { TemporaryError } from '../../core/errors.ts';
import type { CookieHeaders } from '../../lib/cookie-headers.ts';
import { fetchToSink, headersAt, type InputHeaders } from '../../lib/net.ts';
import { type Init, readInit } from '../../media/fmp4-init.ts';
import { decrypt, keyBytes } from './decrypt.ts';
import type { ByteRange, KeyRef, MapRef } from './keys.ts';

export type ResourceOptions = {
  /** Its headers, as they are when something is asked for. */
  input: InputHeaders;
  allowPrivate: boolean;
  signal: AbortSignal;
  cookies?: CookieHeaders | undefined;
};

/** What Media Segments share: fetched once, and again only where that failed. */
export type Resources = {
  /** @throws TemporaryError `bad_init` and those of `guardedFetch`; UserError `hls_drm` */
  init(map: MapRef): Promise<Init>;
  /** @throws TemporaryError `hls_bad_key` and those of `guardedFetch` */
  key(key: KeyRef): Promise<Buffer>;
  /** Its bytes decrypted nothing: it is fetched again when it is needed next. */
  forgetKey(key: KeyRef): void;
};

/** An initialization section holds tables without entries: some kilobytes. */
const maxInitBytes = 4_000_000;
/** Types of the box that an initialization section begins with. Source: ISO/IEC 14496-12 §6.2.3. */
const plainBeginnings = ['ftyp', 'styp', 'moov', 'free'];
const patienceMs = 8_000;
/** Keys that rotate with each Media Segment come and go. */
const remembered = 64;

/** @param options as for the Media Segments themselves: the same input, the same guard. */
export function createResources(options: ResourceOptions): Resources {
  const keys = createMemory<Buffer>();
  const inits = createMemory<Init>();
  const key = ({ url }: KeyRef) =>
    keys.get(url, async () => {
      const bytes = await fetchWhole({ url }, { ...options, maxBytes: 10_000 });
      if (bytes.length !== keyBytes) throw new TemporaryError('hls_bad_key', { detail: `${bytes.length} bytes` });
      return bytes;
    });
  const init = (map: MapRef) =>
    inits.get(JSON.stringify(map), async () => {
      const served = await fetchWhole(map, { ...options, maxBytes: maxInitBytes });
      // Packagers that encrypt leave it plain all the same, though the key's tag stands before.
      if (!map.key || plainBeginnings.includes(served.toString('latin1', 4, 8))) return readInit(served);
      // Without an IV of its own nothing says which it would be. Source: RFC 8216 §4.3.2.5.
      const iv = Buffer.from(map.key.iv ?? '0'.repeat(32), 'hex');
      return readInit(decrypt(served, await key(map.key), iv));
    });
  return { key, init, forgetKey: ({ url }) => keys.forget(url) };
}

async function fetchWhole(
  { url, byterange }: { url: string; byterange?: ByteRange | undefined },
  { input, ...options }: ResourceOptions & { maxBytes: number },
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const headers = headersAt(url, input);
  const ranged = byterange ? { ...headers, range: rangeHeader(byterange) } : headers;
  const { status } = await fetchToSink(url, { ...options, headers: ranged, timeoutMs: patienceMs }, (chunk) => {
    chunks.push(chunk);
  });
  const bytes = Buffer.concat(chunks);
  return byterange && status !== 206 ? cutOut(bytes, byterange) : bytes;
}

/** Value of a Range header. Source: RFC 9110 §14.2. */
export function rangeHeader({ offset, length }: ByteRange): string {
  return `bytes=${offset}-${offset + length - 1}`;
}

/** The range out of a whole resource, for servers that know no ranges. */
function cutOut(bytes: Buffer, { offset, length }: ByteRange): Buffer {
  return bytes.subarray(offset, offset + length);
}

/** What was asked for last is kept; what failed is forgotten. */
function createMemory<T>() {
  const known = new Map<string, Promise<T>>();
  return {
    get(name: string, make: () => Promise<T>): Promise<T> {
      const before = known.get(name);
      if (before) return before;
      const made = make();
      known.set(name, made);
      made.catch(() => known.get(name) === made && known.delete(name));
      const [oldest] = known.keys();
      if (known.size > remembered && oldest !== undefined) known.delete(oldest);
      return made;
    },
    forget: (name: string) => void known.delete(name),
  };
}
