import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createFaults, type Faults } from './faults.ts';
import { answerRequest, type CallRecord, type HttpContext } from './http.ts';

export type ListenerOptions = Pick<HttpContext, 'mode' | 'filesDir' | 'world' | 'process' | 'violate'> & {
  httpTimeoutMs?: number;
};

export type Listener = {
  port: number;
  calls: CallRecord[];
  faults: Faults;
  /** Answers what is in hand as a server that goes down does, cuts all connections and listens again. */
  restart(): Promise<void>;
  close(): Promise<void>;
};

/**
 * How long the server keeps a connection without a live event.
 * Source: 500 s in telegram-bot-api/HttpServer.h; https://github.com/tdlib/telegram-bot-api/issues/224
 */
const httpTimeoutMs = 500_000;

/** What the parser says to a head that it does not take. Source: HttpReader.cpp of https://github.com/tdlib/td */
const headFailures: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_INVALID_TRANSFER_ENCODING: '501 Not Implemented',
  HPE_INVALID_METHOD: '501 Not Implemented',
  HPE_INVALID_VERSION: '505 HTTP Version Not Supported',
};

/** Speaks HTTP on a free port of 127.0.0.1. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  let controller = new AbortController();
  const calls: CallRecord[] = [];
  const faults = createFaults();
  const inHand = new Map<Promise<void>, IncomingMessage>();
  const server = createServer({ maxHeaderSize: 1 << 18, requestTimeout: 0, keepAliveTimeout: httpTimeoutMs });
  server.on('request', (request, response) => {
    const context = { httpTimeoutMs, ...options, calls, faults, signal: controller.signal };
    const work = answerRequest(context, request, response).catch((error: unknown) => {
      options.violate(`bug: ${String(error)}`);
      request.socket.destroy();
    });
    inHand.set(work, request);
    void work.finally(() => inHand.delete(work));
  });

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status = headFailures[error.code ?? ''] ?? '400 Bad Request';
    if (!socket.writable) socket.destroy();
    else socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
  });

  async function down(): Promise<void> {
    controller.abort();
    const stopped = once(server, 'close');
    server.close();
    // What is still being sent is cut off; what has arrived gets its answer.
    for (const request of inHand.values()) if (!request.complete) request.socket.destroy();
    await Promise.all(inHand.keys());
    server.closeAllConnections();
    await stopped;
    // A client in this process hears of it in its next turns, and does not send its next call into a dead connection.
    for (let turn = 0; turn < 3; turn++) await nextTurn();
  }

  async function up(port: number): Promise<number> {
    controller = new AbortController();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  const port = await up(0);
  return {
    port,
    calls,
    faults,
    close: down,
    async restart() {
      await down();
      await up(port);
    },
  };
}
