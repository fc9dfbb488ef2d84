import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isPrivateAddress } from '../../src/lib/address.ts';
import { assertPublicUrl, fetchText, fetchToSink } from '../../src/lib/net.ts';

const answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/text': (_, response) => response.end('a live one'),
  '/gzip': (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('small')),
  '/headers': (request, response) => response.end(JSON.stringify(request.headers)),
  '/gone': (_, response) => response.writeHead(404).end(),
  '/hang': () => undefined,
  '/stall': (_, response) => response.writeHead(200, { 'content-length': 100 }).write('x'),
  '/drip': (_, response) => {
    const timer = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(timer));
  },
  '/short': (_, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('only this', () => response.socket?.destroy());
  },
  '/reset': (_, response) => response.socket?.resetAndDestroy(),
  '/big': (_, response) => response.end('x'.repeat(10_000)),
  '/loop': (_, response) => response.writeHead(302, { location: '/loop' }).end(),
  '/once': (_, response) => response.writeHead(302, { location: '/text' }).end(),
  '/to-file': (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  '/elsewhere': (_, response) => response.writeHead(302, { location: `${otherRoot}/headers` }).end(),
};
const servers: Server[] = [];
let root = '';
let otherRoot = '';

async function startServer(): Promise<string> {
  const server = createServer((request, response) => answers[request.url ?? '']?.(request, response));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  root = await startServer();
  otherRoot = await startServer();
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

const open = { signal: new AbortController().signal, allowPrivate: true, timeoutMs: 10_000 };
const guarded = { ...open, allowPrivate: false };

describe('the guard', () => {
  test('knows every address that is not public', () => {
    const refused = ['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'];
    const refused6 = ['::1', '::', 'fe80::1', 'fc00::1', 'fd12::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1'];
    const others = [
      '::7f00:1',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      '224.0.0.1',
      '255.255.255.255',
      'ff02::1',
      'not an address',
    ];
    for (const address of [...refused, ...refused6, ...others]) expect(isPrivateAddress(address), address).toBe(true);
    for (const address of ['93.184.216.34', '1.1.1.1', '2606:4700:4700::1111'])
      expect(isPrivateAddress(address), address).toBe(false);
  });

  test('refuses literal addresses in every spelling, localhost and other schemes before it connects', () => {
    const spelled = ['127.0.0.1', '2130706433', '0x7f.1', '017700000001', '[::1]', '[::ffff:7f00:1]', '[fd00::1]'];
    for (const host of [...spelled, 'localhost', 'a.localhost', 'LOCALHOST.', '169.254.169.254'])
      expect(() => assertPublicUrl(`http://${host}/`, false), host).toThrow('address_refused');
    for (const url of [
      'file:///etc/passwd',
      'ftp://example.org/',
      'gopher://example.org',
      'data:text/plain,x',
      'no url',
    ])
      for (const allowPrivate of [true, false])
        expect(() => assertPublicUrl(url, allowPrivate), url).toThrow('bad_url');
    expect(assertPublicUrl('https://example.org/live', false).host).toBe('example.org');
  });

  test('refuses a name whose address is private, and no request arrives', async () => {
    const names = ['ip6-localhost', hostname(), 'localhost'];
    const found = await Promise.all(
      names.map((name) =>
        lookup(name).then(
          ({ address }) => [name, address],
          () => [],
        ),
      ),
    );
    const [name] = found.find(([, address]) => address && isPrivateAddress(address)) ?? [];
    const { port } = new URL(root);
    await expect(fetchText(`http://${name}:${port}/text`, guarded)).rejects.toMatchObject({ code: 'address_refused' });
    await expect(fetchText(`${root}/text`, guarded)).rejects.toMatchObject({ code: 'address_refused' });
  });

  test('checks where it is sent, and follows no more than five times', async () => {
    expect(await fetchText(`${root}/once`, open)).toMatchObject({ text: 'a live one', finalUrl: `${root}/text` });
    await expect(fetchText(`${root}/to-file`, open)).rejects.toMatchObject({ code: 'bad_url' });
    await expect(fetchText(`${root}/loop`, open)).rejects.toMatchObject({ code: 'too_many_redirects' });
  });

  test('leaves cookies and tokens at their origin', async () => {
    const headers = { Cookie: 'a=1', Authorization: 'Bearer x', Referer: 'http://x/' };
    const there = JSON.parse((await fetchText(`${root}/headers`, { ...open, headers })).text);
    expect(there).toMatchObject({ cookie: 'a=1', authorization: 'Bearer x', referer: 'http://x/' });
    const elsewhere = JSON.parse((await fetchText(`${root}/elsewhere`, { ...open, headers })).text);
    expect(elsewhere.referer).toBe('http://x/');
    expect([elsewhere.cookie, elsewhere.authorization]).toEqual([undefined, undefined]);
  });

  test('cookies are asked for by the address of each hop', async () => {
    const asked: string[] = [];
    const cookies = async ({ origin, pathname }: URL) => {
      asked.push(pathname);
      return origin === root ? 'ours=1' : undefined;
    };
    const there = JSON.parse((await fetchText(`${root}/headers`, { ...open, cookies })).text);
    const elsewhere = JSON.parse((await fetchText(`${root}/elsewhere`, { ...open, cookies })).text);
    expect([there.cookie, elsewhere.cookie]).toEqual(['ours=1', undefined]);
    expect(asked).toEqual(['/headers', '/elsewhere', '/headers']);
  });
});

describe('fetching', () => {
  test('decodes, and hands over piece by piece', async () => {
    expect((await fetchText(`${root}/gzip`, open)).text).toBe('small');
    const chunks: Buffer[] = [];
    const { sizeBytes, contentLength } = await fetchToSink(`${root}/big`, open, (chunk) => void chunks.push(chunk));
    expect([sizeBytes, contentLength, Buffer.concat(chunks).length]).toEqual([10_000, 10_000, 10_000]);
  });

  test('a status that is not 2xx is temporary and keeps its number', async () => {
    const expected = { name: 'TemporaryError', code: 'http_error', status: 404 };
    await expect(fetchText(`${root}/gone`, open)).rejects.toMatchObject(expected);
  });

  test('a connection that breaks or a body that is cut short is lost', async () => {
    for (const path of ['/reset', '/short'])
      await expect(fetchText(root + path, open), path).rejects.toMatchObject({ code: 'connection_lost' });
  });

  test('a server that is silent, before or within the body, or only drips, meets the limit', async () => {
    for (const path of ['/hang', '/stall', '/drip'])
      await expect(fetchText(root + path, { ...open, timeoutMs: 200 }), path).rejects.toMatchObject({
        code: 'timeout',
      });
  });

  test('a body over the limit fails', async () => {
    const limited = { ...open, maxBytes: 9_999 };
    await expect(fetchText(`${root}/big`, limited)).rejects.toMatchObject({ code: 'body_too_big' });
  });

  test('an abort ends it at once', async () => {
    for (const path of ['/hang', '/stall']) {
      const stop = new AbortController();
      const fetching = fetchText(root + path, { ...open, signal: stop.signal });
      setImmediate(() => stop.abort());
      await expect(fetching, path).rejects.toMatchObject({ name: 'AbortError' });
    }
  });
});
