import { UserError } from '../../core/errors.ts';
import { attributesOf } from './attributes.ts';

/** Bytes of a resource. */
export type ByteRange = { offset: number; length: number };
/** How a resource is encrypted with AES-128. `iv` in 32 hex digits; absent: the media sequence number is it. */
export type KeyRef = { url: string; iv?: string };
/** The initialization section (EXT-X-MAP) that Media Segments need to be read. */
export type MapRef = { url: string; byterange?: ByteRange; key?: KeyRef };

/** What is in force for one Media Segment. */
export type InForce = { key?: KeyRef; map?: MapRef };

/**
 * The key and the map of each Media Segment, one entry per address in a media playlist. A map is encrypted with the key
 * that stood before it, so that the order of the lines matters. Source: RFC 8216 §4.3.2.4, §4.3.2.5.
 *
 * @throws UserError `hls_drm` where nothing that is offered can be decrypted
 */
export function readInForce(text: string, base: string): InForce[] {
  const all: InForce[] = [];
  let keys: Map<string, string>[] = [];
  let map: MapRef | undefined;
  let isOpen = true;
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#EXT-X-KEY:')) {
      // Keys that follow each other are offers for the same bytes; later ones replace them.
      if (!isOpen) keys = [];
      isOpen = true;
      keys.push(attributesOf(line));
    } else if (line.startsWith('#EXT-X-MAP:')) {
      map = mapOf(attributesOf(line), base, chooseKey(keys, base));
    } else if (line.trim() !== '' && !line.startsWith('#')) {
      isOpen = false;
      const key = chooseKey(keys, base);
      all.push({ ...(key ? { key } : {}), ...(map ? { map } : {}) });
    }
  }
  return all;
}

/** The offer that we can read: AES-128 with a key that is simply fetched. */
function chooseKey(offers: Map<string, string>[], base: string): KeyRef | undefined {
  if (offers.length === 0 || offers.some((offer) => offer.get('METHOD') === 'NONE')) return undefined;
  const plain = offers.find(
    (offer) => offer.get('METHOD') === 'AES-128' && (offer.get('KEYFORMAT') ?? 'identity') === 'identity',
  );
  const uri = plain?.get('URI');
  if (!plain || !uri) throw new UserError('hls_drm', { method: (offers[0]?.get('METHOD') ?? '').slice(0, 40) });
  const iv = /^0x([0-9a-f]{1,32})$/i.exec(plain.get('IV') ?? '')?.[1];
  return { url: new URL(uri, base).href, ...(iv ? { iv: iv.toLowerCase().padStart(32, '0') } : {}) };
}

function mapOf(attributes: Map<string, string>, base: string, key: KeyRef | undefined): MapRef | undefined {
  const uri = attributes.get('URI');
  if (!uri) return undefined;
  const [length = 0, offset = 0] = (attributes.get('BYTERANGE') ?? '').split('@').map(Number);
  const byterange = length > 0 && offset >= 0 ? { byterange: { offset, length } } : {};
  return { url: new URL(uri, base).href, ...byterange, ...(key ? { key } : {}) };
}
