import { setTimeout as delay } from 'node:timers/promises';
import { type Cookie, type CookieReader, cookieHeader, readCookieFile, siteOf } from '../core/cookies.ts';

/** Value of the Cookie header for one address; undefined where none belongs there. Never rejects. */
export type CookieHeaders = (url: URL) => Promise<string | undefined>;

/** Newer cookies of a site serve from then on at the latest. */
const freshMs = 60_000;
/** Media do not wait longer for a database that is away. */
const patienceMs = 2_000;

/** Remembers the cookies of each site that is asked: a recording asks every second, and goes on while none can be read. */
export function createCookieHeaders(read: CookieReader): CookieHeaders {
  const known = new Map<string, Cookie[]>();
  const asked = new Map<string, { at: number; done: Promise<unknown> }>();
  const ask = async (url: URL, site: string) => {
    const file = await read(url.href);
    known.set(site, file === undefined ? [] : readCookieFile(file).cookies);
  };
  return async (url) => {
    const site = siteOf(url.hostname);
    let asking = asked.get(site);
    if (!asking || performance.now() - asking.at > freshMs) {
      asking = { at: performance.now(), done: ask(url, site).catch(() => undefined) };
      asked.set(site, asking);
    }
    if (!known.has(site)) await atMost(asking.done, patienceMs);
    return cookieHeader(known.get(site) ?? [], url, new Date());
  };
}

async function atMost(done: Promise<unknown>, ms: number): Promise<void> {
  const timer = new AbortController();
  await Promise.race([done, delay(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
}
