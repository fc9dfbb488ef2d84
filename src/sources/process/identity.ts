import type { SourceInput } from '../../core/ports.ts';

/** An address without login and query: what tells streams apart and may be kept. */
export function identityOf({ url }: Pick<SourceInput, 'url'>): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
