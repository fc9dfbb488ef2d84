import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  bySite,
  type Cookie,
  cookieHeader,
  expiryOf,
  freshCookies,
  mergeCookies,
  readCookieFile,
  siteOf,
  writeCookieFile,
} from '../../src/core/cookies.ts';
import { createCookieHeaders } from '../../src/lib/cookie-headers.ts';
import { seal, unseal } from '../../src/lib/seal.ts';

const cookie = (fields: Partial<Cookie> = {}): Cookie => ({
  ...{ domain: '.youtube.com', isForSubdomains: true, path: '/', isSecure: true, isHttpOnly: false },
  ...{ expiresAt: 2_000_000_000, name: 'SID', value: 'v' },
  ...fields,
});

test('a file as browsers export it is read, and bad lines are named by number', () => {
  const text = [
    '\uFEFF# Netscape HTTP Cookie File',
    '# https://curl.se/docs/http-cookies.html',
    '',
    '.youtube.com\tTRUE\t/\tTRUE\t2000000000\tSID\tabc=def',
    '#HttpOnly_.youtube.com\tTRUE\t/\tTRUE\t0\tHSID\tx y',
    'twitch.tv\tFALSE\t/\tFALSE\t1790000000.25\tempty\t',
    'twitch.tv FALSE / FALSE 1790000000 spaces instead',
    '{"domain": "twitch.tv"}',
    'bad domain\tTRUE\t/\tTRUE\t0\ta\tb',
  ].join('\r\n');
  const { cookies, badLines } = readCookieFile(text);
  expect(cookies).toEqual([
    cookie({ value: 'abc=def' }),
    cookie({ isHttpOnly: true, expiresAt: 0, name: 'HSID', value: 'x y' }),
    cookie({
      ...{ domain: 'twitch.tv', isForSubdomains: false, isSecure: false, expiresAt: 1_790_000_000 },
      ...{ name: 'empty', value: '' },
    }),
  ]);
  expect(badLines).toEqual([7, 8, 9]);
});

test('what is written is read again, whatever the values', () => {
  const word = fc.stringMatching(/^[!-~äöü ]{1,20}$/);
  const any = fc.record({
    domain: fc.constantFrom('.youtube.com', 'www.twitch.tv', '127.0.0.1', 'localhost'),
    isForSubdomains: fc.boolean(),
    path: fc.constantFrom('/', '/a/b'),
    isSecure: fc.boolean(),
    isHttpOnly: fc.boolean(),
    expiresAt: fc.nat(),
    name: word,
    value: word,
  });
  fc.assert(
    fc.property(fc.array(any), (cookies) => {
      expect(readCookieFile(writeCookieFile(cookies))).toEqual({ cookies, badLines: [] });
    }),
  );
});

test('a fresh cookie takes the place of the old one; others stay', () => {
  const old = [cookie({ value: 'old' }), cookie({ name: 'other' })];
  const merged = mergeCookies(old, [cookie({ value: 'new' }), cookie({ path: '/x', value: 'apart' })]);
  expect(merged.map(({ path, name, value }) => [path, name, value])).toEqual([
    ['/', 'SID', 'new'],
    ['/', 'other', 'v'],
    ['/x', 'SID', 'apart'],
  ]);
});

test('cookies belong to the site that can be registered', () => {
  expect(siteOf('.WWW.youtube.com')).toBe('youtube.com');
  expect(siteOf('live.bbc.co.uk')).toBe('bbc.co.uk');
  expect(siteOf('127.0.0.1')).toBe('127.0.0.1');
  expect(siteOf('localhost')).toBe('localhost');
  expect([...bySite([cookie(), cookie({ domain: 'm.youtube.com' }), cookie({ domain: 'twitch.tv' })]).keys()]).toEqual([
    'youtube.com',
    'twitch.tv',
  ]);
});

test('they expire with the first that lives for days', () => {
  const now = new Date('2026-11-21T12:00:00Z');
  const inDays = (days: number) => cookie({ expiresAt: now.getTime() / 1000 + days * 86_400 });
  expect(expiryOf([inDays(1), inDays(30), inDays(10), cookie({ expiresAt: 0 })], now)).toEqual(
    new Date('2026-12-01T12:00:00Z'),
  );
  expect(expiryOf([cookie({ expiresAt: 0 })], now)).toBeUndefined();
  expect(freshCookies([inDays(-1), inDays(1), cookie({ expiresAt: 0 })], now)).toHaveLength(2);
});

test('what is sealed opens with its key and label only', () => {
  const key = 'a1'.repeat(32);
  const sealed = seal('secret', key, 'youtube.com');
  expect(sealed).not.toContain('secret');
  expect(seal('secret', key, 'youtube.com')).not.toBe(sealed);
  expect(unseal(sealed, key, 'youtube.com')).toBe('secret');
  const otherwise = expect.objectContaining({ code: 'sealed_otherwise' });
  expect(() => unseal(sealed, 'b2'.repeat(32), 'youtube.com')).toThrow(otherwise);
  expect(() => unseal(sealed, key, 'twitch.tv')).toThrow(otherwise);
  expect(() => unseal(`${sealed.slice(0, -2)}AA`, key, 'youtube.com')).toThrow(otherwise);
});

test('an address is given the cookies of its host, path and scheme alone', () => {
  const jar = [
    cookie({ name: 'all', isSecure: false }),
    cookie({ name: 'secure' }),
    cookie({ name: 'deep', path: '/live', isSecure: false }),
    cookie({ name: 'host', domain: 'www.youtube.com', isForSubdomains: false, isSecure: false }),
    cookie({ name: 'old', expiresAt: 1, isSecure: false }),
    cookie({ name: 'ip', domain: '0.0.1', isSecure: false }),
  ];
  const names = (url: string) =>
    cookieHeader(jar, new URL(url), new Date('2026-11-21'))?.replaceAll('=v', '') ?? undefined;
  expect(names('https://www.youtube.com/live/1')).toBe('deep; all; secure; host');
  expect(names('http://cdn.youtube.com/lively')).toBe('all');
  expect(names('https://youtube.com/live')).toBe('deep; all; secure');
  for (const url of ['https://notyoutube.com/', 'https://youtube.com.example.org/', 'http://127.0.0.1/'])
    expect(names(url)).toBeUndefined();
});

test('cookies of a site are read once a while, and media go on where they cannot be read', async () => {
  const reads: string[] = [];
  const headers = createCookieHeaders(async (url) => {
    reads.push(url);
    if (url.includes('broken')) throw new Error('Postgres is away');
    return writeCookieFile([cookie({ value: '1' })]);
  });
  expect(await headers(new URL('https://a.youtube.com/1'))).toBe('SID=1');
  expect(await headers(new URL('https://b.youtube.com/2'))).toBe('SID=1');
  expect(await headers(new URL('https://broken.example/'))).toBeUndefined();
  expect(reads).toHaveLength(2);
});
