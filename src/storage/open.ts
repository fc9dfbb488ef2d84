import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FatalError } from '../core/errors.ts';
import type { Storage } from '../core/ports.ts';
import { createFsStorage } from './fs.ts';

/** The Storage a `STORAGE_URL` names, by its scheme. @throws FatalError `storage_unsupported` */
export function openStorage(url: string): Storage {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'file:') return createFsStorage({ root: fileURLToPath(parsed), maxBytes: chaosQuota });
  throw new FatalError('storage_unsupported', {
    detail: `STORAGE_URL must begin with file:// (not ${parsed?.protocol ?? 'what is no URL'}); s3:// comes later`,
  });
}

/** Not a setting: while this file is there the disk holds as many bytes as it says. Set by the chaos harness alone. */
function chaosQuota(): number | undefined {
  const file = process.env.CHAOS_QUOTA_FILE;
  if (!file) return undefined;
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    // Not full, or not any more.
    return undefined;
  }
}
