import { UserError } from './errors.ts';

const schemes = new Set(['http:', 'https:', 'rtmp:', 'rtmps:', 'rtsp:', 'rtsps:', 'srt:']);

/** Whether a word looks like an address rather than a name. */
export const looksLikeUrl = (text: string) =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^[\w-]+(\.[\w-]+)+([/:?].*)?$/.test(text);

/** What sites add to count clicks; it makes two addresses of one Stream. */
const trackingNames = /^(utm_\w+|fbclid|gclid|igshid|mc_[ce]id)$/i;

/**
 * The address a person typed, canonical: `https://` is added where the scheme is missing, the fragment and what only
 * counts clicks go.
 *
 * @throws UserError `bad_url`
 */
export function parseStreamUrl(text: string): URL {
  const trimmed = text.trim().replace(/^<(.*)>$/, '$1');
  const url = looksLikeUrl(trimmed) ? readUrl(trimmed.includes('://') ? trimmed : `https://${trimmed}`) : undefined;
  if (!url || !schemes.has(url.protocol) || url.hostname === '')
    throw new UserError('bad_url', { url: displayUrl(trimmed) });
  url.hash = '';
  // As text: URLSearchParams would write the rest anew, and a signed query must stay byte for byte.
  const query = url.search.slice(1).split('&');
  const wanted = query.filter((pair) => !trackingNames.test(pair.split('=')[0] ?? '')).join('&');
  // With its question mark: the setter would take another one off.
  url.search = wanted === '' ? '' : `?${wanted}`;
  // Only http(s) hosts are put in lower case by URL itself.
  url.hostname = url.hostname.toLowerCase();
  return url;
}

function readUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** Whether an address means the same to people elsewhere: it does not name the machine it is opened on. */
export function isForOthers(url: string): boolean {
  return !/^(?:(?:.*\.)?localhost|127\..*|0\.0\.0\.0|\[::1?\])$/i.test(new URL(url).hostname);
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
