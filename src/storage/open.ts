import { fileURLToPath } from 'node:url';
import { FatalError } from '../core/errors.ts';
import type { Storage } from '../core/ports.ts';
import { createFsStorage } from './fs.ts';

/** The Storage a `STORAGE_URL` names, by its scheme. @throws FatalError `storage_unsupported` */
export function openStorage(url: string): Storage {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'file:') return createFsStorage({ root: fileURLToPath(parsed) });
  throw new FatalError('storage_unsupported', {
    detail: `STORAGE_URL must begin with file:// (not ${parsed?.protocol ?? 'what is no URL'}); s3:// comes later`,
  });
}
