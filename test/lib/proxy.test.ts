import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GuardProxy, guardProxy, openGuardProxy } from '../../src/lib/proxy.ts';
import { run } from '../../src/lib/run.ts';
import { findAddress, openStreamRelay } from '../../src/lib/stream-relay.ts';

let origin: Server;
let root: string;
const seen: IncomingMessage[] = [];
let open: GuardProxy;
let guarded: GuardProxy;
const stop = new AbortController();
const longBytes = 8_000_000;

beforeAll(async () => {
  origin = createHttpServer((request, response) => {
    seen.push(request);
    if (request.url === '/to-metadata')
      return void response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
    if (request.url === '/long') return void response.writeHead(200).end(Buffer.alloc(longBytes, 'x'));
    if (request.headers.range === 'bytes=2-3')
      return void response.writeHead(206, { 'content-range': 'bytes 2-3/6' }).end('cd');
    response.writeHead(200, { 'content-type': 'text/plain' }).end('abcdef');
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  root = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  open = await openGuardProxy({ allowPrivate: true });
  guarded = await openGuardProxy({ allowPrivate: false });
});
afterAll(async () => {
  stop.abort();
  await open.close();
  await guarded.close();
  origin.closeAllConnections();
  origin.close();
});

/** One raw request to a proxy; the answer's text. */
async function ask(proxy: GuardProxy, requestLine: string, token = new URL(proxy.url).password): Promise<string> {
  const { port, username } = new URL(proxy.url);
  const socket = connect(Number(port), '127.0.0.1');
  const authorization = Buffer.from(`${username}:${token}`).toString('base64');
  socket.write(
    `${requestLine} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nProxy-Authorization: Basic ${authorization}\r\n\r\n`,
  );
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);

describe('the guard proxy', () => {
  test('passes plain requests on, without its own secret', async () => {
    const text = await ask(open, `GET ${root}/plain`);
    expect(statusOf(text)).toBe(200);
    expect(text).toContain('abcdef');
    expect(seen.at(-1)?.headers['proxy-authorization']).toBeUndefined();
    expect(seen.at(-1)?.headers.host).toBe(new URL(root).host);
  });

  test('tunnels by CONNECT', async () => {
    const socket = connect(Number(new URL(open.url).port), '127.0.0.1');
    const { username, password } = new URL(open.url);
    const authorization = Buffer.from(`${username}:${password}`).toString('base64');
    const { host } = new URL(root);
    socket.write(`CONNECT ${host} HTTP/1.1\r\nProxy-Authorization: Basic ${authorization}\r\n\r\n`);
    let text = '';
    socket.on('data', (chunk) => {
      if (text === '') socket.write(`GET /tunnel HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      text += String(chunk);
    });
    await new Promise((resolve) => socket.on('close', resolve));
    expect(text).toMatch(/^HTTP\/1\.1 200 Connection established[^]*abcdef/);
  });

  test('serves nobody without its token', async () => {
    expect(statusOf(await ask(open, `GET ${root}/`, 'wrong'))).toBe(407);
    expect(statusOf(await ask(open, `CONNECT ${new URL(root).host}`, 'wrong'))).toBe(407);
  });

  test('refuses private addresses in every spelling, names that lead there, and other schemes', async () => {
    const { port } = new URL(root);
    const before = seen.length;
    const hosts = ['127.0.0.1', '2130706433', '0x7f.1', '017700000001', '[::1]', '[::ffff:7f00:1]', '[::7f00:1]'];
    const names = ['localhost', 'a.localhost', '169.254.169.254', '10.0.0.1', '0.0.0.0', hostname(), 'ip6-localhost'];
    for (const host of [...hosts, ...names]) {
      expect([403, 502], host).toContain(statusOf(await ask(guarded, `GET http://${host}:${port}/`)));
      expect([403, 502], host).toContain(statusOf(await ask(guarded, `CONNECT ${host}:${port}`)));
    }
    for (const url of ['file:///etc/passwd', 'https://example.org/', 'ftp://example.org/', '/etc/passwd'])
      expect(statusOf(await ask(guarded, `GET ${url}`)), url).toBe(403);
    for (const authority of ['', 'nowhere', 'a b:1', 'user:pw@127.0.0.1:80'])
      expect([400, 403, 502, Number.NaN], authority).toContain(statusOf(await ask(guarded, `CONNECT ${authority}`)));
    expect(seen.length).toBe(before);
  });

  test('a redirect goes back to the client, which meets the guard again', async () => {
    const text = await ask(open, `GET ${root}/to-metadata`);
    expect(statusOf(text)).toBe(302);
    expect(statusOf(await ask(guarded, 'GET http://169.254.169.254/latest/meta-data/'))).toBe(403);
  });

  test('an alias asks for its target with its headers and range, until its signal', async () => {
    const alive = new AbortController();
    const url = open.alias({ url: `${root}/secret?sig=1`, headers: { Cookie: 'a=1' }, signal: alive.signal });
    expect(url).not.toContain('secret');
    expect(await ask(open, `GET ${url}`)).toContain('abcdef');
    expect(seen.at(-1)).toMatchObject({ url: '/secret?sig=1', headers: { cookie: 'a=1' } });
    alive.abort();
    expect(statusOf(await ask(open, `GET ${url}`))).toBe(502);
  });

  test('a long file leaves nothing behind for each time it was waited for', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => void warnings.push(warning);
    process.on('warning', warn);
    const url = open.alias({ url: `${root}/long`, headers: {}, signal: stop.signal });
    expect((await ask(open, `GET ${url}`)).length).toBeGreaterThan(longBytes);
    await new Promise(setImmediate);
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });

  test('an alias to a private address is refused, also by redirect', async () => {
    const target = { url: `${root}/`, headers: {}, signal: stop.signal };
    expect(statusOf(await ask(guarded, `GET ${guarded.alias(target)}`))).toBe(403);
  });

  test('ffmpeg goes through it by environment alone, and reads ranges of an alias', async () => {
    const proxy = await guardProxy(true);
    const url = proxy.alias({ url: `${root}/x`, headers: {}, signal: stop.signal });
    const args = ['-v', 'error', '-protocol_whitelist', 'http,tcp,cache', '-i', url, '-f', 'null', '-'];
    const before = seen.length;
    await run('ffmpeg', args, { env: proxy.env });
    expect(seen.length).toBeGreaterThan(before);
    expect(await guardProxy(true)).toBe(proxy);
  });
});

describe('the relay for programs that know no proxy', () => {
  test('leads to the address that was looked at, and nowhere once its signal came', async () => {
    const signal = new AbortController();
    const port = await openStreamRelay({
      host: 'localhost',
      port: Number(new URL(root).port),
      isSecure: false,
      allowPrivate: true,
      signal: signal.signal,
    });
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('abcdef');
    signal.abort();
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  test('refuses private addresses in every spelling', async () => {
    for (const host of [
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '[::1]',
      '::ffff:127.0.0.1',
      'localhost',
      '169.254.169.254',
    ])
      await expect(findAddress(host, false), host).rejects.toMatchObject({ code: 'address_refused' });
    await expect(findAddress('no-such-name.invalid', false)).rejects.toMatchObject({ code: 'bad_url' });
    expect(await findAddress('93.184.216.34', false)).toBe('93.184.216.34');
  });

  test('a host that takes no connection is told by its end', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const common = { host: '127.0.0.1', port, allowPrivate: true, signal: stop.signal, connectLimitMs: 100 };
    const relay = await openStreamRelay({ ...common, isSecure: true });
    const socket = connect(relay, '127.0.0.1');
    await new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve));
    silent.close();
  });

  test('a server that sends its client elsewhere is cut off', async () => {
    const server = createServer((socket) => {
      socket.write('RTSP/1.0 30');
      setImmediate(() => socket.write('2 Moved\r\nLocation: rtsp://169.254.169.254/\r\n\r\n'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const relay = await openStreamRelay({
      host: '127.0.0.1',
      port,
      isSecure: false,
      allowPrivate: true,
      signal: stop.signal,
    });
    let text = '';
    const socket = connect(relay, '127.0.0.1');
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    await new Promise((resolve) => socket.on('close', resolve).on('error', () => undefined));
    expect(text).not.toContain('Location');
    server.close();
  });
});
