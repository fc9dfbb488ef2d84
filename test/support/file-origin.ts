import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A file behind HTTP whose bytes are let out step by step; ranges are answered. */
export type FileOrigin = {
  url: string;
  /** Lets out bytes up to this share (0 to 1) of the file. */
  release(share: number): void;
  /** Cuts all connections; everything answers 404 from now on. */
  lose(): void;
  /** All requests so far. */
  requests: IncomingMessage[];
  close(): Promise<void>;
};

export type FileOptions = {
  type?: string;
  /** As a live stream without a length: what was let out before is not sent to who comes later. */
  isEndless?: boolean;
  released?: number;
};

/** Serves `bytes` at any path of a server on 127.0.0.1. */
export async function startFileOrigin(bytes: Buffer, options: FileOptions = {}): Promise<FileOrigin> {
  const { type = 'video/mp4', isEndless = false, released = 1 } = options;
  const state = { released: Math.floor(bytes.length * released), isLost: false };
  const requests: IncomingMessage[] = [];
  let wake: (() => void)[] = [];
  const change = () => {
    for (const each of wake.splice(0)) each();
  };
  const send = async (response: ServerResponse, from: number, to: number) => {
    let at = from;
    while (at < to && !response.destroyed) {
      const end = Math.min(to, state.released);
      if (end > at) response.write(bytes.subarray(at, end));
      at = Math.max(at, end);
      if (at < to) await new Promise<void>((resolve) => wake.push(resolve));
    }
    response.end();
  };
  const server = createServer((request, response) => {
    requests.push(request);
    response.on('close', change);
    if (state.isLost) return void response.writeHead(404).end();
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    if (isEndless || first === undefined) {
      const length = isEndless ? {} : { 'content-length': bytes.length, 'accept-ranges': 'bytes' };
      response.writeHead(200, { 'content-type': type, ...length });
      return void send(response, 0, bytes.length);
    }
    const end = last ? Math.min(bytes.length, Number(last) + 1) : bytes.length;
    response.writeHead(206, {
      'content-type': type,
      'content-range': `bytes ${first}-${end - 1}/${bytes.length}`,
      'content-length': Math.max(0, end - Number(first)),
    });
    void send(response, Number(first), end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/film?sig=secret`,
    requests,
    release(share) {
      state.released = Math.floor(bytes.length * share);
      change();
    },
    lose() {
      state.isLost = true;
      server.closeAllConnections();
      change();
    },
    async close() {
      state.isLost = true;
      server.closeAllConnections();
      change();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
