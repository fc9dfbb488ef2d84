import { getDomain } from 'tldts';

/** One cookie of a browser. `expiresAt` in seconds since 1970; 0: until the browser is closed. */
export type Cookie = {
  /** As the file has it: `.youtube.com` is sent to hosts below it too. */
  domain: string;
  isForSubdomains: boolean;
  path: string;
  isSecure: boolean;
  isHttpOnly: boolean;
  expiresAt: number;
  name: string;
  value: string;
};

/** The cookie file (Netscape) a page is to be asked with; undefined where its site has none. */
export type CookieReader = (url: string) => Promise<string | undefined>;

/** What a cookie file says: what could be read, and the numbers (from 1) of the lines that could not. */
export type CookieFile = { cookies: Cookie[]; badLines: number[] };

const httpOnlyMark = '#HttpOnly_';

/**
 * Reads a Netscape cookie file: seven fields between tabs per line, `#HttpOnly_` before the domain, other `#` lines are
 * comments. Source: https://curl.se/docs/http-cookies.html (Cookie file format).
 */
export function readCookieFile(text: string): CookieFile {
  const file: CookieFile = { cookies: [], badLines: [] };
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n|\r/);
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || (line.startsWith('#') && !line.startsWith(httpOnlyMark))) continue;
    const cookie = readLine(line);
    if (cookie) file.cookies.push(cookie);
    else file.badLines.push(index + 1);
  }
  return file;
}

function readLine(line: string): Cookie | undefined {
  const isHttpOnly = line.startsWith(httpOnlyMark);
  const fields = (isHttpOnly ? line.slice(httpOnlyMark.length) : line).split('\t');
  const [domain = '', forSubdomains = '', path = '', secure = '', expires = '', name = '', value = ''] = fields;
  const areFlags = [forSubdomains, secure].every((flag) => /^(true|false)$/i.test(flag));
  const isWhole = fields.length === 7 || fields.length === 6;
  if (!isWhole || !areFlags || !path.startsWith('/') || !/^-?\d+(\.\d+)?$/.test(expires)) return undefined;
  if (!/^\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(domain) || !isToken(name) || !isToken(value)) return undefined;
  return {
    ...{ domain: domain.toLowerCase(), path, name, value, isHttpOnly },
    isForSubdomains: isTrue(forSubdomains),
    isSecure: isTrue(secure),
    // Some exports write -1, some fractions.
    expiresAt: Math.max(0, Math.floor(Number(expires))),
  };
}

const isTrue = (flag: string) => flag.toLowerCase() === 'true';
/** Control characters would end the line, or the header it is sent in. */
const isToken = (text: string) => !/\p{Cc}/u.test(text);

/** The Netscape cookie file of these cookies, as yt-dlp reads it. */
export function writeCookieFile(cookies: Cookie[]): string {
  const lines = cookies.map((cookie) => {
    const { domain, isForSubdomains, path, isSecure, isHttpOnly, expiresAt, name, value } = cookie;
    const fields = [domain, flag(isForSubdomains), path, flag(isSecure), expiresAt, name, value];
    return `${isHttpOnly ? httpOnlyMark : ''}${fields.join('\t')}`;
  });
  return ['# Netscape HTTP Cookie File', ...lines, ''].join('\n');
}

const flag = (is: boolean) => (is ? 'TRUE' : 'FALSE');

/** The cookies of both; of those with one domain, path and name the fresh one stands. */
export function mergeCookies(old: Cookie[], fresh: Cookie[]): Cookie[] {
  const keyOf = ({ domain, path, name }: Cookie) => `${domain.replace(/^\./, '')}\n${path}\n${name}`;
  return [...new Map([...old, ...fresh].map((cookie) => [keyOf(cookie), cookie])).values()];
}

/** The site a host belongs to: what can be registered (`youtube.com` of `www.youtube.com`); the host where there is none. */
export function siteOf(host: string): string {
  const bare = host.replace(/^\./, '').toLowerCase();
  return getDomain(bare) ?? bare;
}

/** Cookies by the site they belong to. */
export function bySite(cookies: Cookie[]): Map<string, Cookie[]> {
  const sites = new Map<string, Cookie[]>();
  for (const cookie of cookies) {
    const site = siteOf(cookie.domain);
    sites.set(site, [...(sites.get(site) ?? []), cookie]);
  }
  return sites;
}

/** A cookie that is made anew within this time says nothing of how long a login holds. */
const shortLivedMs = 2 * 86_400_000;

/**
 * When cookies stop serving: the first that expires of those that live for days; undefined where none does. `now` is when
 * they were brought.
 */
export function expiryOf(cookies: Cookie[], now: Date): Date | undefined {
  const lasting = cookies.map(({ expiresAt }) => expiresAt * 1000).filter((ms) => ms > now.getTime() + shortLivedMs);
  return lasting.length === 0 ? undefined : new Date(Math.min(...lasting));
}

/** Those that have not expired. */
export const freshCookies = (cookies: Cookie[], now: Date): Cookie[] =>
  cookies.filter(({ expiresAt }) => expiresAt === 0 || expiresAt * 1000 > now.getTime());

/**
 * Value of the Cookie header for an address: those of its very host, or of a domain it lies below where the cookie is for
 * that, for its path, over TLS where they ask for it. Source: RFC 6265 §5.1.3, §5.1.4, §5.4.
 */
export function cookieHeader(cookies: Cookie[], url: URL, now: Date): string | undefined {
  const sent = freshCookies(cookies, now).filter((cookie) => isFor(cookie, url));
  const inOrder = sent.toSorted((a, b) => b.path.length - a.path.length);
  return inOrder.length === 0 ? undefined : inOrder.map(({ name, value }) => `${name}=${value}`).join('; ');
}

function isFor({ domain, isForSubdomains, path, isSecure }: Cookie, { protocol, hostname, pathname }: URL): boolean {
  const bare = domain.replace(/^\./, '');
  const isBelow = isForSubdomains && hostname.endsWith(`.${bare}`) && !/^[\d.]+$/.test(hostname);
  if ((hostname !== bare && !isBelow) || (isSecure && protocol !== 'https:')) return false;
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
}
