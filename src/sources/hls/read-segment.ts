import { TemporaryError, UserError } from '../../core/errors.ts';
import type { MediaFacts } from '../../media/facts.ts';
import { scanFmp4 } from '../../media/fmp4.ts';
import type { Init } from '../../media/fmp4-init.ts';
import { isPackedSound, scanPackedSound } from '../../media/packed-sound.ts';
import { createTsScanner, type TsScanner } from '../../media/ts.ts';

/**
 * Facts of a Media Segment that is MPEG-TS, from a scanner that has seen all of it, or sound without a container.
 *
 * @throws TemporaryError `corrupt`; UserError `hls_format_unsupported` where it is another container
 */
export function readPlain(scanner: TsScanner, chunks: Buffer[], sizeBytes: number): MediaFacts {
  const facts = scanner.finish();
  // Some sites put a few bytes of another format in front; ffmpeg and players find the packets behind them.
  if (facts.packetCount > 0 && facts.strayBytes < sizeBytes / 10) return facts;
  const [head = Buffer.alloc(0)] = chunks;
  const packed = isPackedSound(head) ? scanPackedSound(Buffer.concat(chunks)) : undefined;
  if (packed) return packed;
  // Fragments without EXT-X-MAP, or sound of a codec that is not AAC. Source: RFC 8216 §3.3, §3.4.
  const isBox = ['ftyp', 'styp', 'moof', 'sidx'].includes(head.toString('latin1', 4, 8));
  if (isBox || head.toString('latin1', 0, 3) === 'ID3') throw new UserError('hls_format_unsupported');
  throw new TemporaryError('corrupt', { detail: `${facts.strayBytes} bytes are not MPEG-TS` });
}

/** The same for bytes that are here already. */
export function readPlainBytes(bytes: Buffer): MediaFacts {
  const scanner = createTsScanner();
  scanner.push(bytes);
  return readPlain(scanner, [bytes], bytes.length);
}

/** Facts of a Media Segment that is fMP4. @throws TemporaryError `corrupt` */
export function readFmp4(bytes: Buffer, init: Init): MediaFacts {
  const facts = scanFmp4(bytes, init);
  if (facts.fragmentCount > 0 && facts.strayBytes === 0) return facts;
  throw new TemporaryError('corrupt', { detail: `${facts.strayBytes} bytes of ${bytes.length} are not fMP4` });
}
