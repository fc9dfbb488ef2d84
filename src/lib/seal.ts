import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { UserError } from '../core/errors.ts';

const algorithm = 'aes-256-gcm';
/** Bytes. Source: NIST SP 800-38D, 8.2 (96-bit nonces) and 5.2.1.2 (128-bit tags). */
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Encrypts a text so that nobody without the key reads or changes it.
 *
 * @param key 64 hex digits
 * @param label what it is of: it opens under no other
 * @returns `v1.` and base64url of nonce, tag, ciphertext
 */
export function seal(text: string, key: string, label: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, Buffer.from(key, 'hex'), nonce).setAAD(Buffer.from(label));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`;
}

/** The text that was sealed. @throws UserError `sealed_otherwise` where the key is another or it was changed */
export function unseal(sealed: string, key: string, label: string): string {
  const bytes = Buffer.from(sealed.replace(/^v1\./, ''), 'base64url');
  try {
    const decipher = createDecipheriv(algorithm, Buffer.from(key, 'hex'), bytes.subarray(0, nonceBytes))
      .setAAD(Buffer.from(label))
      .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    const opened = [decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()];
    return Buffer.concat(opened).toString('utf8');
  } catch (cause) {
    throw new UserError('sealed_otherwise', {}, { cause });
  }
}
