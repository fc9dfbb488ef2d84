import { createDecipheriv } from 'node:crypto';
import { TemporaryError } from '../../core/errors.ts';

/** Bytes of an AES-128 key and of an initialization vector. */
export const keyBytes = 16;

/**
 * Undoes AES-128 in CBC mode with PKCS7 padding: how whole Media Segments are encrypted. Source: RFC 8216 §5.2.
 *
 * @throws TemporaryError `corrupt` where the padding shows that key, IV or bytes are not those meant
 */
export function decrypt(bytes: Buffer, key: Buffer, iv: Buffer): Buffer {
  try {
    const decipher = createDecipheriv('aes-128-cbc', key, iv);
    return Buffer.concat([decipher.update(bytes), decipher.final()]);
  } catch (cause) {
    throw new TemporaryError('corrupt', { detail: 'it cannot be decrypted', cause });
  }
}

/** The initialization vector of a Media Segment: as told, else its media sequence number. Source: RFC 8216 §5.2. */
export function vectorOf(told: string | undefined, sequence: number): Buffer {
  if (told !== undefined) return Buffer.from(told, 'hex');
  const iv = Buffer.alloc(keyBytes);
  iv.writeBigUInt64BE(BigInt(sequence), 8);
  return iv;
}
