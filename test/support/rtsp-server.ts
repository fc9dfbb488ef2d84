import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type MediaServer, send } from './media-servers.ts';

type Request = { method: string; headers: Map<string, string>; body: string };
type Client = { socket: Socket; isPlaying: boolean };

/**
 * The little of RTSP that a relay needs, all interleaved in TCP: one ffmpeg announces and records, others describe and
 * play. Source: RFC 2326.
 */
export async function startRtspServer(): Promise<MediaServer> {
  const clients = new Set<Client>();
  let sdp = '';
  const server = createServer((socket) => {
    const client: Client = { socket, isPlaying: false };
    clients.add(client);
    socket.on('close', () => clients.delete(client)).on('error', () => socket.destroy());
    const onRequest = ({ method, headers, body }: Request) => {
      if (method === 'ANNOUNCE') sdp = body;
      if (method === 'DESCRIBE' && sdp === '') return answer(socket, headers, 404);
      if (method === 'PLAY') client.isPlaying = true;
      const transport = headers.get('transport');
      const extra: Record<string, string> = transport ? { Transport: transport, Session: '1' } : { Session: '1' };
      answer(socket, headers, 200, method === 'DESCRIBE' ? { body: sdp } : { extra });
    };
    const onFrame = (frame: Buffer) => {
      for (const each of clients) if (each.isPlaying) each.socket.write(frame);
    };
    socket.on('data', createReader(onRequest, onFrame));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `rtsp://127.0.0.1:${(server.address() as AddressInfo).port}/camera`;
  return {
    url,
    publish: (path, options) => send(path, ['-f', 'rtsp', '-rtsp_transport', 'tcp', url], options),
    async close() {
      for (const { socket } of clients) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Content = { body?: string; extra?: Record<string, string> };

function answer(socket: Socket, headers: Map<string, string>, status: number, { body = '', extra = {} }: Content = {}) {
  const type = body ? { 'Content-Type': 'application/sdp', 'Content-Length': String(body.length) } : {};
  const all = { CSeq: headers.get('cseq') ?? '0', ...extra, ...type };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`RTSP/1.0 ${status} ${status === 200 ? 'OK' : 'Not Found'}\r\n${lines.join('')}\r\n${body}`);
}

/** Takes requests and interleaved frames (`$`, channel, two bytes of length) apart. */
function createReader(onRequest: (request: Request) => void, onFrame: (frame: Buffer) => void) {
  let rest = Buffer.alloc(0);
  return (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const size = rest[0] === 0x24 ? frameBytes(rest) : requestBytes(rest);
      if (size === undefined || rest.length < size) return;
      const piece = rest.subarray(0, size);
      rest = rest.subarray(size);
      if (piece[0] === 0x24) onFrame(piece);
      else onRequest(parse(piece.toString('latin1')));
    }
  };
}

const frameBytes = (bytes: Buffer) => (bytes.length < 4 ? undefined : 4 + bytes.readUInt16BE(2));

function requestBytes(bytes: Buffer): number | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [, length = '0'] = /content-length: *(\d+)/i.exec(bytes.toString('latin1', 0, end)) ?? [];
  return end + 4 + Number(length);
}

function parse(text: string): Request {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const pairs = lines.map((line) => line.split(/: */s, 2) as [string, string]);
  return {
    method: first.split(' ')[0] ?? '',
    headers: new Map(pairs.map(([name, value]) => [name.toLowerCase(), value])),
    body,
  };
}
