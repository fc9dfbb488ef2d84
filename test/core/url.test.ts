import { describe, expect, test } from 'vitest';
import { displayUrl, isForOthers, looksLikeUrl, parseStreamUrl } from '../../src/core/url.ts';

describe('the address of a stream', () => {
  test.each([
    ['example.com/live', 'https://example.com/live'],
    ['HTTPS://Example.COM/Live', 'https://example.com/Live'],
    ['<https://example.com/a>', 'https://example.com/a'],
    ['https://example.com/a#t=1', 'https://example.com/a'],
    ['https://example.com/a?utm_source=x&id=7&fbclid=9', 'https://example.com/a?id=7'],
    ['https://example.com/a?utm_source=x', 'https://example.com/a'],
    ['http://127.0.0.1:8080/x.m3u8', 'http://127.0.0.1:8080/x.m3u8'],
    ['example.com:8443/x', 'https://example.com:8443/x'],
    ['rtmp://Host.Example/App/Key', 'rtmp://host.example/App/Key'],
    ['srt://h.example:9000?streamid=a', 'srt://h.example:9000?streamid=a'],
  ])('%s becomes %s', (typed, canonical) => {
    expect(parseStreamUrl(typed).href).toBe(canonical);
  });

  test('a signed query stays as it was, byte for byte', () => {
    const signed = 'https://e.example/p.m3u8?sig=a%2Fb~c+d%20e&x=[1]&empty=&flag&utm_medium=q';
    expect(parseStreamUrl(signed).href).toBe('https://e.example/p.m3u8?sig=a%2Fb~c+d%20e&x=[1]&empty=&flag');
  });

  test('is the same when it is read again', () => {
    const once = parseStreamUrl('Example.com/a?b=c&utm_x=1#d').href;
    expect(parseStreamUrl(once).href).toBe(once);
  });

  test.each([
    '',
    'hello',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'ftp://e.example/x',
    'https://',
    'concat:a|b',
    '/etc/passwd',
    '-i',
    'http://[::bad',
  ])('%j is refused', (typed) => {
    expect(() => parseStreamUrl(typed)).toThrow('bad_url');
  });

  test('a refused address is shown without its secrets', () => {
    expect(() => parseStreamUrl('ftp://user:pass@e.example/x?token=abc')).toThrow(/"e\.example\/x"/);
  });
});

test('people and logs see an address without query, credentials and scheme', () => {
  expect(displayUrl('https://user:pass@e.example/live/?sig=SECRET#x')).toBe('e.example/live');
  expect(displayUrl(`https://e.example/${'a'.repeat(200)}`)).toHaveLength(80);
});

test('names are told from addresses', () => {
  expect(looksLikeUrl('e.example/x')).toBe(true);
  expect(looksLikeUrl('rtmp://host/key')).toBe(true);
  for (const name of ['archive', 's12', '@channel', '-100123', 'a b']) expect(looksLikeUrl(name)).toBe(false);
});

test.each([
  ['https://air.example', true],
  ['http://192.168.1.5:8080', true],
  ['http://localhost:8080', false],
  ['http://air.localhost', false],
  ['http://127.0.0.1:8080/x', false],
  ['http://[::1]:8080', false],
])('%s can be opened by people elsewhere: %s', (url, expected) => {
  expect(isForOthers(url)).toBe(expected);
});

test('a query that begins with a question mark keeps it, however often it is read', () => {
  const once = parseStreamUrl('http://a.aa/??x=1').href;
  expect(once).toBe('http://a.aa/??x=1');
  expect(parseStreamUrl(once).href).toBe(once);
  expect(parseStreamUrl('http://a.aa/??').href).toBe('http://a.aa/??');
});
