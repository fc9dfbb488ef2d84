import { UserError } from './errors.ts';

const schemes = new Set(['http:', 'https:', 'rtmp:', 'rtmps:', 'rtsp:', 'srt:']);

/** Whether a word looks like an address rather than a name. */
export const looksLikeUrl = (text: string) =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^[\w-]+(\.[\w-]+)+([/:?].*)?$/.test(text);

/** The address a person typed: `https://` is added where the scheme is missing, the fragment goes. @throws UserError `bad_url` */
export function parseStreamUrl(text: string): URL {
  const trimmed = text.trim().replace(/^<(.*)>$/, '$1');
  const url = looksLikeUrl(trimmed) ? URL.parse(trimmed.includes('://') ? trimmed : `https://${trimmed}`) : null;
  if (!url || !schemes.has(url.protocol) || url.hostname === '')
    throw new UserError('bad_url', { url: displayUrl(text) });
  url.hash = '';
  return url;
}

/** An address for people and logs: without query, credentials and scheme, at most 80 characters. */
export function displayUrl(text: string): string {
  const bare = text
    .replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
    .replace(/^[^/@\s]*@/, '')
    .replace(/[?#].*$/s, '')
    .replace(/\/$/, '');
  return bare.length > 80 ? `${bare.slice(0, 79)}…` : bare;
}
